//! `rekey doctor`

use rekey_registry::{Look, LookError};
use serde_json::json;

use super::cast::{app, everybody};
use super::golden::golden;
use super::typed::typed;
use super::world::{TestWorld, snapshot};
use crate::exit::Exit;
use crate::functions::InvokeError;
use crate::queues::QueueError;

const QUEUE: &str = "rekey-prod-observe-dead-letters";

#[tokio::test]
async fn every_finding_says_what_since_when_whose_and_what_to_do() {
    let mut world = everybody().await;
    world.queues.0.insert(QUEUE.into(), Ok(3));
    let seen = typed(&world, "doctor").await;
    golden("doctor", &format!("{}{}", seen.out, seen.err));
    assert_eq!(seen.exit, Exit::Failed);
    let seen = typed(&world, "doctor --json").await;
    golden("doctor-json", &seen.out);
    assert_eq!(seen.exit, Exit::Failed);
}

#[tokio::test]
async fn nothing_to_report_is_a_success_and_so_are_notes() {
    let seen = typed(&TestWorld::empty(), "doctor").await;
    assert_eq!(seen.exit, Exit::Ok);
    let world = everybody().await;
    let seen = typed(&world, "doctor prod/db/app-primary").await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(seen.out.contains("web"), "{}", seen.out);
    let seen = typed(&world, "doctor prod/smtp/sendgrid").await;
    assert_eq!((seen.exit, seen.out.as_str()), (Exit::Ok, ""));
}

#[tokio::test]
async fn notes_of_all_secrets_are_shown_when_they_are_asked_for() {
    let world = everybody().await;
    assert!(!typed(&world, "doctor").await.out.contains("rds!db-5f2c"));
    assert!(
        typed(&world, "doctor --all")
            .await
            .out
            .contains("rds!db-5f2c")
    );
}

#[tokio::test]
async fn a_label_that_was_moved_unseen_is_drift() {
    let world = everybody().await;
    let mut now = snapshot(&app());
    for version in &mut now.versions {
        version.labels.retain(|label| label != "AWSPREVIOUS");
    }
    world.looks("prod/db/app-primary", Ok(Look::Found(Box::new(now))));
    let seen = typed(&world, "doctor prod/db/app-primary").await;
    assert_eq!(seen.exit, Exit::Drift);
    assert!(seen.out.contains("drift"), "{}", seen.out);
    // Whatever else there is.
    assert_eq!(typed(&world, "doctor").await.exit, Exit::Drift);
}

#[tokio::test]
async fn a_secret_that_is_gone_and_recorded_as_there_is_drift() {
    let world = everybody().await;
    world.looks("prod/smtp/sendgrid", Ok(Look::Missing));
    let seen = typed(&world, "doctor prod/smtp/sendgrid --json").await;
    assert_eq!(seen.exit, Exit::Drift);
    assert_eq!(seen.json()["findings"][0]["code"], "drift");
}

#[tokio::test]
async fn the_stacks_own_doctor_goes_first_when_it_is_asked() {
    let world = everybody().await.answers([Ok(json!({ "looked_at": 5 }))]);
    let seen = typed(&world, "doctor --run --json").await;
    assert_eq!(seen.json()["run"], json!({ "looked_at": 5 }));
    let asked = world.asked();
    assert_eq!(
        asked,
        [("rekey-prod-sweep".to_owned(), json!({ "job": "doctor" }))]
    );
    assert!(typed(&world, "doctor --json").await.json()["run"].is_null());
    let named = everybody()
        .await
        .answers([Ok(json!({ "treatment": "resumed" }))]);
    let seen = typed(&named, "doctor prod/db/ledger --run").await;
    assert!(
        seen.err.contains("rekey-prod-sweep: treatment resumed"),
        "{}",
        seen.err
    );
    let order = json!({ "job": "doctor", "secret": "prod/db/ledger" });
    assert_eq!(named.asked()[0].1, order);
    let denied = InvokeError::Denied("lambda:InvokeFunction".into());
    let world = everybody().await.answers([Err(denied)]);
    let seen = typed(&world, "doctor --run").await;
    assert_eq!(seen.exit, Exit::Failed);
    assert!(
        seen.err.contains("rekey-prod-eu-west-1-operator"),
        "{}",
        seen.err
    );
}

#[tokio::test]
async fn one_secret_that_cannot_be_looked_at_does_not_hide_the_others() {
    let world = everybody().await;
    world.looks(
        "prod/db/ledger",
        Err(LookError::Denied("its policy".into())),
    );
    let seen = typed(&world, "doctor --json").await;
    assert_eq!(seen.exit, Exit::Failed);
    let document = seen.json();
    let findings = document["findings"].as_array().unwrap();
    let codes: Vec<_> = findings
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert!(
        codes.contains(&"not_looked_at") && codes.contains(&"held"),
        "{codes:?}"
    );
}

#[tokio::test]
async fn when_none_can_be_looked_at_that_is_the_failure() {
    let world = everybody().await;
    world.looks(
        "prod/db/ledger",
        Err(LookError::Denied("DescribeSecret".into())),
    );
    let seen = typed(&world, "doctor prod/db/ledger").await;
    assert_eq!(seen.exit, Exit::Failed);
    assert!(
        seen.err.contains("rekey-prod-eu-west-1-reader"),
        "{}",
        seen.err
    );
}

#[tokio::test]
async fn a_queue_that_cannot_be_counted_is_said_and_is_no_finding() {
    let mut world = TestWorld::empty();
    world.queues.0.insert(
        QUEUE.into(),
        Err(QueueError::Denied("sqs:GetQueueUrl".into())),
    );
    let seen = typed(&world, "doctor").await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(seen.err.contains("reader"), "{}", seen.err);
    world.queues.0.clear();
    let seen = typed(&world, "doctor --json").await;
    assert_eq!(seen.json()["dead_letters"], json!([]));
}

#[tokio::test]
async fn requests_that_were_set_aside_are_replayed_and_not_redriven() {
    let mut world = TestWorld::empty();
    let queue = "rekey-prod-request-dead-letters".to_owned();
    world.stack.dead_letters.push(queue.clone());
    world.queues.0.insert(queue, Ok(1));
    let seen = typed(&world, "doctor").await;
    assert_eq!(seen.exit, Exit::Failed);
    assert!(seen.out.contains("rekey replay list"), "{}", seen.out);
    assert!(
        !seen.out.contains("start-message-move-task"),
        "{}",
        seen.out
    );
}

#[tokio::test]
async fn records_that_were_set_aside_come_back_from_the_archive_and_are_not_redriven() {
    let mut world = TestWorld::empty();
    let queue = "rekey-prod-audit-dead-letters".to_owned();
    world.stack.dead_letters.push(queue.clone());
    world.queues.0.insert(queue, Ok(1));
    let seen = typed(&world, "doctor").await;
    assert_eq!(seen.exit, Exit::Failed);
    assert!(seen.out.contains("archive"), "{}", seen.out);
    assert!(
        !seen.out.contains("start-message-move-task"),
        "{}",
        seen.out
    );
}

#[tokio::test]
async fn a_doctor_that_fails_is_a_finding_beside_the_others() {
    let failure = InvokeError::Failed {
        class: "throttled".into(),
        message: "2 secrets could not be looked at".into(),
    };
    let world = everybody().await.answers([Err(failure)]);
    let seen = typed(&world, "doctor --run").await;
    assert_eq!(seen.exit, Exit::Failed);
    assert!(
        seen.out.contains("doctor_failed") && seen.out.contains("stuck"),
        "{}",
        seen.out
    );
}
