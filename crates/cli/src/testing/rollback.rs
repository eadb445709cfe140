//! `rekey rollback`

use rekey_registry::Look;
use serde_json::{Value, json};

use super::cast::{app, everybody, id};
use super::golden::golden;
use super::typed::{at_a_terminal, typed};
use super::world::{NOW, TestWorld, snapshot};
use crate::exit::Exit;

const LINE: &str = "rollback prod/db/app-primary --reason 'lacks a grant' --yes";

fn rolled_back(restored: bool) -> Value {
    json!({
        "outcome": "rolled_back",
        "version_id": id('a', 2),
        "message": "the earlier credential logs in and is AWSCURRENT",
        "restored": restored,
    })
}

async fn answering(answer: Value) -> TestWorld {
    everybody().await.answers([Ok(answer)])
}

#[tokio::test]
async fn a_person_sees_what_will_be_done_and_is_asked() {
    let world = answering(rolled_back(false)).await;
    let line = "rollback prod/db/app-primary --reason 'lacks a grant'";
    let seen = at_a_terminal(&world, line, "yes\n").await;
    golden("rollback", &seen.both());
    assert_eq!(seen.exit, Exit::Ok);
    let (function, order) = world.asked().remove(0);
    assert_eq!(function, "rekey-prod-retire");
    assert_eq!(
        order,
        json!({
            "operation": "roll_back",
            "secret": app().secret.arn,
            "version_id": id('a', 2),
            "from_version": id('a', 3),
            "occasion": format!("rekey-{NOW}"),
            "reason": "lacks a grant",
            "requested_by": "arn:aws:sts::123456789012:assumed-role/Admin/anna",
        })
    );
}

#[tokio::test]
async fn a_rollback_is_neither_begun_without_a_yes_nor_without_a_reason() {
    let world = answering(rolled_back(false)).await;
    let line = "rollback prod/db/app-primary --reason why";
    assert_eq!(at_a_terminal(&world, line, "\n").await.exit, Exit::Failed);
    assert_eq!(typed(&world, line).await.exit, Exit::Usage);
    let seen = typed(&world, "rollback prod/db/app-primary --reason '' --yes").await;
    assert_eq!(seen.exit, Exit::Usage);
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn a_credential_that_was_made_valid_again_is_told_as_that() {
    let world = answering(rolled_back(true)).await;
    let seen = typed(&world, LINE).await;
    assert!(seen.out.contains("made valid again"), "{}", seen.out);
    let seen = typed(&world, &format!("{LINE} --json")).await;
    golden("rollback-json", &seen.out);
}

#[tokio::test]
async fn after_the_grace_the_record_knows_what_was_current_before() {
    let world = answering(rolled_back(true)).await;
    let mut now = snapshot(&app());
    for version in &mut now.versions {
        version.labels.retain(|label| label != "AWSPREVIOUS");
    }
    world.looks("prod/db/app-primary", Ok(Look::Found(Box::new(now))));
    assert_eq!(typed(&world, LINE).await.exit, Exit::Ok);
    assert_eq!(world.asked()[0].1["version_id"], id('a', 2).as_str());
}

#[tokio::test]
async fn from_where_the_label_is_now_and_not_from_what_is_recorded() {
    let world = answering(rolled_back(false)).await;
    let mut now = snapshot(&app());
    for version in &mut now.versions {
        version.labels.clear();
        match version.id.as_str() {
            id if id.ends_with('1') => version.labels.push("AWSPREVIOUS".into()),
            id if id.ends_with('2') => version.labels.push("AWSCURRENT".into()),
            _ => {}
        }
    }
    world.looks("prod/db/app-primary", Ok(Look::Found(Box::new(now))));
    typed(&world, LINE).await;
    let (_, order) = world.asked().remove(0);
    assert_eq!(order["from_version"], id('a', 2).as_str());
    assert_eq!(order["version_id"], id('a', 1).as_str());
}

#[tokio::test]
async fn what_was_itself_rolled_back_must_be_named() {
    let mut state = app();
    let previous = state.versions.values_mut().find(|one| one.number == 2);
    previous.unwrap().rolled_back = Some(rekey_registry::RolledBack {
        at: NOW - 60,
        to: id('a', 3).as_str().into(),
        reason: "lacks a grant".into(),
        by: None,
    });
    let world = TestWorld::empty()
        .with(state)
        .await
        .answers([Ok(rolled_back(false))]);
    let seen = typed(&world, LINE).await;
    assert_eq!(seen.exit, Exit::Refused);
    assert!(seen.err.contains("--to 2"), "{}", seen.err);
    assert!(world.asked().is_empty());
    assert_eq!(
        typed(&world, &format!("{LINE} --to 2")).await.exit,
        Exit::Ok
    );
}

/// The secret after its labels were moved back by a rollback, as the record knows that rollback.
async fn moved_back(done_at: Option<i64>) -> TestWorld {
    let mut state = app();
    let mut now = snapshot(&state);
    state.secret.rollbacks.push(rekey_registry::Rollback {
        from: id('a', 3).as_str().into(),
        to: id('a', 2).as_str().into(),
        intended_at: NOW - 60,
        requested_by: None,
        reason: None,
        done_at,
        told: false,
    });
    for version in &mut now.versions {
        version.labels.clear();
        match version.id.as_str() {
            id if id.ends_with('2') => version.labels.push("AWSCURRENT".into()),
            id if id.ends_with('3') => version.labels.push("AWSPREVIOUS".into()),
            _ => {}
        }
    }
    let world = TestWorld::empty().with(state).await;
    let world = world.answers([Ok(rolled_back(false))]);
    world.looks("prod/db/app-primary", Ok(Look::Found(Box::new(now))));
    world
}

#[tokio::test]
async fn one_whose_answer_was_lost_is_finished_and_not_followed_by_another() {
    let world = moved_back(None).await;
    assert_eq!(typed(&world, LINE).await.exit, Exit::Ok);
    let (_, order) = world.asked().remove(0);
    assert_eq!(order["from_version"], id('a', 3).as_str());
    assert_eq!(order["version_id"], id('a', 2).as_str());
}

#[tokio::test]
async fn asked_for_again_when_it_is_done_it_does_not_bring_the_bad_version_back() {
    let world = moved_back(Some(NOW - 50)).await;
    let seen = typed(&world, LINE).await;
    assert_eq!(seen.exit, Exit::Refused);
    assert!(seen.err.contains("--to 3"), "{}", seen.err);
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn with_nothing_to_go_back_to_it_is_refused_here() {
    let world = answering(rolled_back(false)).await;
    let line = "rollback prod/smtp/sendgrid --reason why --yes";
    let seen = typed(&world, line).await;
    assert_eq!(seen.exit, Exit::Refused);
    assert!(seen.err.contains("--to"), "{}", seen.err);
    world.looks("prod/smtp/sendgrid", Ok(Look::Missing));
    let seen = typed(&world, line).await;
    assert_eq!(seen.exit, Exit::Failed);
    assert!(seen.err.contains("rekey doctor"), "{}", seen.err);
}

#[tokio::test]
async fn a_refusal_of_the_function_has_its_class_and_its_own_exit_code() {
    let world = answering(json!({
        "outcome": "refused",
        "version_id": id('a', 2),
        "class": "rotation_open",
        "message": "a rotation is open: AWSPENDING is on a version that is not AWSCURRENT",
    }))
    .await;
    let seen = typed(&world, LINE).await;
    assert_eq!(seen.exit, Exit::Refused);
    golden("rollback-refused", &seen.err);
}

#[tokio::test]
async fn what_was_done_before_is_a_success() {
    let mut answer = rolled_back(false);
    answer["outcome"] = json!("already_done");
    let world = answering(answer).await;
    let seen = typed(&world, LINE).await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(seen.out.contains("was AWSCURRENT before"), "{}", seen.out);
    // An outcome of another operation is none.
    let world =
        answering(json!({ "outcome": "retired", "version_id": id('a', 2), "message": "x" }));
    assert_eq!(typed(&world.await, LINE).await.exit, Exit::Failed);
}
