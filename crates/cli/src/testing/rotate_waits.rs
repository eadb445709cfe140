//! `rekey rotate --wait`: to the end of the rotation.

use rekey_registry::request::Standing;
use rekey_registry::{SecretState, Version};
use serde_json::{Value, json};

use super::cast::{id, orders, orders_rotated};
use super::golden::golden;
use super::office::Later;
use super::rotate::{LINE, refusal_of, shop};
use super::typed::typed;
use super::world::NOW;
use crate::clock::Clock;
use crate::exit::Exit;

/// The id of the first request under the name operators: of the test's first id.
fn first() -> String {
    let event = rekey_events::EventId::derive("test", "0").to_string();
    rekey_events::EventId::derive("rekey.requester.operators", &event).to_string()
}

/// The secret while version 5 is being made.
fn at_work(version: Value) -> Later {
    let mut state = orders();
    let mut whole = json!({ "id": first(), "number": 5, "state": "pending", "created_at": NOW });
    let said = version.as_object().unwrap().clone();
    whole.as_object_mut().unwrap().extend(said);
    let version: Version = serde_json::from_value(whole).unwrap();
    state.secret.highest_number = 5;
    state.versions.insert(version.id.clone(), version);
    Later::Is(Box::new(state))
}

fn is(state: SecretState) -> Later {
    Later::Is(Box::new(state))
}

fn ended(outcome: &str) -> Later {
    Later::Stands(Standing::Ended {
        outcome: outcome.into(),
        at: NOW + 10,
        class: (outcome != "success").then(|| "permission".into()),
        message: (outcome != "success").then(|| "the superuser may not alter this role".into()),
    })
}

#[tokio::test]
async fn the_way_through_the_steps_is_told_and_then_the_new_version() {
    let world = shop().await;
    let failure = json!({
        "step": "setSecret", "class": "target_unreachable", "message": "no route to host", "at": NOW,
    });
    world.office.later([
        at_work(json!({ "labels": ["AWSPENDING"], "seen_pending": true, "rotation": {} })),
        at_work(json!({ "seen_pending": true, "rotation": { "begun_at": NOW } })),
        at_work(json!({ "seen_pending": true, "rotation": { "begun_at": NOW }, "last_failure": failure })),
        is(orders_rotated(&first())),
        ended("success"),
    ]);
    let seen = typed(&world, &format!("{LINE} --wait")).await;
    golden("rotate-wait", &format!("{}{}", seen.err, seen.out));
    assert_eq!(seen.exit, Exit::Ok);
    assert_eq!(world.office.last().as_str(), first());
}

#[tokio::test]
async fn a_success_is_a_document_that_names_both_versions_and_their_time() {
    let world = shop().await;
    world
        .office
        .later([is(orders_rotated(&first())), ended("success")]);
    let seen = typed(&world, &format!("{LINE} --wait --json")).await;
    assert_eq!(seen.exit, Exit::Ok);
    let document = seen.json();
    assert_eq!(document["request"]["outcome"]["outcome"], "success");
    assert_eq!(
        document["version"],
        json!({ "version": 5, "version_id": first() })
    );
    assert_eq!(document["previous"]["version"], 4);
    assert_eq!(document["previous_until"], "2026-11-23T00:00:00Z");
}

#[tokio::test]
async fn a_rotation_that_does_not_succeed_is_a_failure() {
    for outcome in ["failed", "abandoned", "rolled_back"] {
        let world = shop().await;
        world.office.later([Later::Nothing, ended(outcome)]);
        let seen = typed(&world, &format!("{LINE} --wait")).await;
        assert_eq!((seen.exit, seen.out.as_str()), (Exit::Failed, ""));
        assert!(seen.err.contains(outcome), "{}", seen.err);
        assert!(
            seen.err.contains("the superuser may not alter this role"),
            "{}",
            seen.err
        );
        assert!(
            seen.err.contains("rekey doctor prod/db/orders"),
            "{}",
            seen.err
        );
    }
}

#[tokio::test]
async fn what_is_refused_only_then_is_a_refusal() {
    let world = shop().await;
    let refusal = refusal_of("window_closed", "the window has closed meanwhile");
    world
        .office
        .later([Later::Nothing, Later::Stands(Standing::Refused(refusal))]);
    let seen = typed(&world, &format!("{LINE} --wait")).await;
    assert_eq!(seen.exit, Exit::Refused);
    assert!(seen.err.contains("window_closed"), "{}", seen.err);
}

#[tokio::test]
async fn a_superseded_request_ends_with_the_rotation_that_superseded_it() {
    let world = shop().await;
    let other = id('f', 5);
    let by = other.as_str().into();
    world.office.later([
        Later::Stands(Standing::Superseded { by, at: NOW }),
        Later::Nothing,
        is(orders_rotated(&other)),
        ended("success"),
    ]);
    let seen = typed(&world, &format!("{LINE} --wait")).await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(
        seen.err
            .contains("an older rotation goes on in place of it"),
        "{}",
        seen.err
    );
}

#[tokio::test]
async fn one_that_was_superseded_by_what_had_ended_is_not_waited_for_in_vain() {
    let world = shop().await;
    let other = id('f', 5);
    let by = other.as_str().into();
    world.office.later([
        is(orders_rotated(&other)),
        Later::Stands(Standing::Superseded { by, at: NOW }),
    ]);
    let seen = typed(&world, &format!("{LINE} --wait")).await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(
        seen.out
            .contains(&format!("version 5 ({other}) is AWSCURRENT")),
        "{}",
        seen.out
    );
}

#[tokio::test]
async fn a_time_that_is_out_is_no_end_and_says_what_goes_on() {
    let world = shop().await;
    let seen = typed(&world, &format!("{LINE} --wait --timeout 20s")).await;
    assert_eq!((seen.exit, seen.out.as_str()), (Exit::Failed, ""));
    assert!(seen.err.contains("it goes on"), "{}", seen.err);
    assert_eq!(world.clock.now() - NOW, 20);
    let seen = typed(
        &shop().await,
        &format!("{LINE} --wait --timeout 20s --json"),
    )
    .await;
    assert_eq!(seen.exit, Exit::Failed);
    assert_eq!(seen.json()["request"]["standing"], "rotating");
}

#[tokio::test]
async fn what_waits_for_its_approval_is_waited_for_too() {
    let mut state = orders();
    state.secret.approval_manual = true;
    let world = super::world::TestWorld::empty().with(state).await;
    world.office.allows("operators", "platform on-call").await;
    let rotating = Later::Stands(Standing::Rotating { at: NOW });
    world
        .office
        .later([Later::Nothing, rotating, ended("success")]);
    let seen = typed(&world, &format!("{LINE} --wait")).await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(
        seen.err.contains("it waits for its approval"),
        "{}",
        seen.err
    );
    assert!(seen.out.contains("is rotated"), "{}", seen.out);
}
