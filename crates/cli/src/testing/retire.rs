//! `rekey retire`

use rekey_registry::{Look, LookError};
use serde_json::{Value, json};

use super::cast::{app, everybody, id};
use super::golden::golden;
use super::typed::{at_a_terminal, typed};
use super::world::{NOW, TestWorld, snapshot};
use crate::clock::Clock;
use crate::exit::Exit;
use crate::functions::InvokeError;

const LINE: &str = "retire prod/db/app-primary --yes";

fn retired() -> Value {
    json!({
        "outcome": "retired",
        "version_id": id('a', 2),
        "message": "the target refuses the old credential",
        "sessions_ended": 2,
        "label_removed": true,
    })
}

fn held() -> Value {
    json!({
        "outcome": "held",
        "version_id": id('a', 2),
        "message": "not read since the switch by: web; restart them, or let them read the secret again",
        "causes": ["consumer_not_moved"],
        "services": ["web"],
        "retryable": true,
    })
}

async fn answering(answers: impl IntoIterator<Item = Value>) -> TestWorld {
    everybody().await.answers(answers.into_iter().map(Ok))
}

#[tokio::test]
async fn a_person_sees_what_will_be_done_and_is_asked() {
    let world = answering([retired()]).await;
    let seen = at_a_terminal(
        &world,
        "retire prod/db/app-primary --reason 'ticket 7'",
        "y\n",
    )
    .await;
    golden("retire", &seen.both());
    assert_eq!(seen.exit, Exit::Ok);
    assert_eq!(seen.out.lines().count(), 1);
    let (function, order) = world.asked().remove(0);
    assert_eq!(function, "rekey-prod-retire");
    assert_eq!(
        order,
        json!({
            "operation": "retire",
            "secret": app().secret.arn,
            "version_id": id('a', 2),
            "patience": "wait",
            "occasion": format!("rekey-{NOW}"),
            "reason": "ticket 7",
            "requested_by": "arn:aws:sts::123456789012:assumed-role/Admin/anna",
        })
    );
}

#[tokio::test]
async fn nothing_is_done_without_a_yes() {
    let world = answering([retired()]).await;
    let seen = at_a_terminal(&world, "retire prod/db/app-primary", "n\n").await;
    assert_eq!(seen.exit, Exit::Failed);
    assert!(seen.err.contains("nothing was changed"), "{}", seen.err);
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn a_script_must_say_yes_itself() {
    let world = answering([retired()]).await;
    let seen = typed(&world, "retire prod/db/app-primary").await;
    assert_eq!(seen.exit, Exit::Usage);
    assert!(seen.err.contains("--yes"), "{}", seen.err);
    assert!(world.asked().is_empty());
    assert_eq!(typed(&world, LINE).await.exit, Exit::Ok);
}

#[tokio::test]
async fn force_waits_for_nobody_and_says_so() {
    let world = answering([retired()]).await;
    let seen = typed(&world, &format!("{LINE} --force --requested-by 'on call'")).await;
    assert!(
        seen.err.contains("whoever still uses it is cut off"),
        "{}",
        seen.err
    );
    let (_, order) = world.asked().remove(0);
    assert_eq!(order["patience"], "forced");
    assert_eq!(order["requested_by"], "on call");
}

#[tokio::test]
async fn a_held_retirement_is_asked_for_again_until_it_is_done() {
    let world = answering([held(), held(), retired()]).await;
    let seen = typed(&world, LINE).await;
    golden("retire-waits", &seen.both());
    assert_eq!(seen.exit, Exit::Ok);
    let asked = world.asked();
    assert_eq!(asked.len(), 3);
    // One wish, however often it is repeated.
    assert!(asked.iter().all(|order| *order == asked[0]));
}

#[tokio::test]
async fn waiting_has_an_end() {
    let world = answering([held()]).await;
    let seen = typed(&world, &format!("{LINE} --timeout 2m")).await;
    assert_eq!(seen.exit, Exit::Refused);
    assert!(seen.err.contains("2 min were not enough"), "{}", seen.err);
    assert_eq!(world.clock.now(), NOW + 120);
    assert_eq!(world.asked().len(), 9);
}

#[tokio::test]
async fn without_waiting_a_held_retirement_is_told_at_once() {
    let world = answering([held()]).await;
    let seen = typed(&world, &format!("{LINE} --no-wait --json")).await;
    golden("retire-held-json", &seen.out);
    assert_eq!(seen.exit, Exit::Refused);
    assert_eq!((world.clock.now(), world.asked().len()), (NOW, 1));
    assert!(seen.err.contains("consumer_not_moved"), "{}", seen.err);
}

#[tokio::test]
async fn a_refusal_has_its_class_and_its_own_exit_code() {
    let refusal = json!({
        "outcome": "refused",
        "version_id": id('a', 2),
        "class": "rotation_open",
        "message": "a rotation is open; it is tried again when the rotation is over",
    });
    let world = answering([refusal]).await;
    let seen = typed(&world, LINE).await;
    assert_eq!(seen.exit, Exit::Refused);
    assert!(
        seen.err
            .contains("refused (rotation_open): a rotation is open"),
        "{}",
        seen.err
    );
    let seen = typed(&world, &format!("{LINE} --json")).await;
    assert_eq!(seen.json()["outcome"], "refused");
    assert_eq!(seen.json()["answer"]["class"], "rotation_open");
}

#[tokio::test]
async fn a_failure_has_its_class_however_it_is_told() {
    let answer = json!({
        "outcome": "failed",
        "version_id": id('a', 2),
        "class": "target_unreachable",
        "message": "the server does not answer",
    });
    let failure = InvokeError::Failed {
        class: "target_unreachable".into(),
        message: "the server does not answer".into(),
    };
    for answer in [Ok(answer), Err(failure)] {
        let world = everybody().await.answers([answer]);
        let seen = typed(&world, LINE).await;
        assert_eq!(seen.exit, Exit::Failed);
        assert!(seen.err.contains("target_unreachable"), "{}", seen.err);
        assert!(
            seen.err.contains("/aws/lambda/rekey-prod-retire"),
            "{}",
            seen.err
        );
    }
}

#[tokio::test]
async fn a_missing_permission_names_the_policy_that_gives_it() {
    let denied = InvokeError::Denied("User: anna is not authorized".into());
    let world = everybody().await.answers([Err(denied)]);
    let seen = typed(&world, LINE).await;
    assert_eq!(seen.exit, Exit::Failed);
    let (_, error) = seen.err.split_once("error: ").unwrap();
    golden("denied", &format!("error: {error}"));
    world.looks(
        "prod/db/app-primary",
        Err(LookError::Denied("DescribeSecret".into())),
    );
    let seen = typed(&world, LINE).await;
    assert!(
        seen.err.contains("rekey-prod-eu-west-1-reader"),
        "{}",
        seen.err
    );
}

#[tokio::test]
async fn a_stack_that_is_not_there_is_named_with_where_it_was_looked_for() {
    let world = everybody().await;
    let seen = typed(&world, LINE).await;
    assert_eq!(seen.exit, Exit::Failed);
    for word in ["rekey-prod-retire", "stage prod", "eu-west-1"] {
        assert!(seen.err.contains(word), "{}", seen.err);
    }
}

#[tokio::test]
async fn an_answer_of_another_version_of_rekey_is_no_success() {
    for answer in [
        json!({}),
        json!(null),
        json!({ "outcome": "done" }),
        json!("retired"),
    ] {
        let world = answering([answer]).await;
        let seen = typed(&world, LINE).await;
        assert_eq!(seen.exit, Exit::Failed, "{}", seen.err);
    }
    let mut unknown = retired();
    unknown["outcome"] = json!("postponed");
    let world = answering([unknown]).await;
    assert_eq!(typed(&world, LINE).await.exit, Exit::Failed);
}

#[tokio::test]
async fn where_the_label_is_now_counts_and_not_what_is_recorded() {
    let world = answering([retired()]).await;
    let mut now = snapshot(&app());
    for version in &mut now.versions {
        version.labels.retain(|label| label != "AWSPREVIOUS");
    }
    world.looks("prod/db/app-primary", Ok(Look::Found(Box::new(now))));
    let seen = typed(&world, LINE).await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(seen.out.contains("nothing to retire"), "{}", seen.out);
    assert!(world.asked().is_empty());
    let seen = typed(&world, &format!("{LINE} --json")).await;
    assert_eq!(seen.json()["outcome"], "void");
}

#[tokio::test]
async fn a_version_may_be_named_by_its_number() {
    let world = answering([retired()]).await;
    typed(&world, &format!("{LINE} --version 1")).await;
    assert_eq!(world.asked()[0].1["version_id"], id('a', 1).as_str());
    let seen = typed(&world, &format!("{LINE} --version 9")).await;
    assert_eq!(seen.exit, Exit::Failed);
    assert!(seen.err.contains("its highest is 3"), "{}", seen.err);
}

#[tokio::test]
async fn a_reason_that_no_record_can_hold_is_refused_before_anything_is_done() {
    let world = answering([retired()]).await;
    for (option, text) in [
        ("--reason", " "),
        ("--reason", "a\tb"),
        ("--requested-by", ""),
    ] {
        let seen = typed(&world, &format!("{LINE} {option} '{text}'")).await;
        assert_eq!(seen.exit, Exit::Usage);
        assert!(seen.err.contains(option), "{}", seen.err);
    }
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn nobody_is_named_when_nobody_is_known() {
    let mut world = answering([retired()]).await;
    world.caller = None;
    typed(&world, LINE).await;
    assert_eq!(world.asked()[0].1.get("requested_by"), None);
}
