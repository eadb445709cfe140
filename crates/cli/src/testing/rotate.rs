//! `rekey rotate`: what is asked, and what is answered.

use rekey_registry::request::{Checked, Planned, Requests, Standing};
use serde_json::json;

use super::cast::{app, everybody, id, orders};
use super::golden::golden;
use super::office::Later;
use super::typed::{at_a_terminal, typed};
use super::world::{NOW, TestWorld};
use crate::bus::BusError;
use crate::clock::Clock;
use crate::exit::Exit;

pub const LINE: &str = "rotate prod/db/orders --reason 'ticket 7' --note 'rollout 42' --yes";

/// A secret that may be rotated, and people who may ask.
pub async fn shop() -> TestWorld {
    let world = TestWorld::empty().with(orders()).await;
    world.office.allows("operators", "platform on-call").await;
    world.office.allows("leads", "team leads").await;
    world.office.allows("readers", "auditors").await;
    world
}

#[tokio::test]
async fn a_person_sees_who_is_affected_and_is_asked() {
    let world = shop().await;
    let line = LINE.replace(" --yes", "");
    let seen = at_a_terminal(&world, &line, "y\n").await;
    golden("rotate", &seen.both());
    assert_eq!(seen.exit, Exit::Ok);
    assert_eq!(seen.out.lines().count(), 2);
    let [(source, event, resource)] = world.office.asked().try_into().unwrap();
    assert_eq!(source, "rekey.requester.operators");
    assert_eq!(resource, orders().secret.arn);
    assert_eq!(
        event,
        json!({
            "schema_version": "v1",
            "key": "db/orders",
            "scope": { "env": "prod" },
            "timestamp": "2026-11-22T00:00:00Z",
            "event_id": event["event_id"],
            "requested_by": "arn:aws:sts::123456789012:assumed-role/Admin/anna",
            "reason": "ticket 7",
            "metadata": { "rollout_note": "rollout 42" },
        })
    );
}

#[tokio::test]
async fn nothing_is_asked_for_without_a_yes() {
    let world = shop().await;
    let line = LINE.replace(" --yes", "");
    let seen = at_a_terminal(&world, &line, "n\n").await;
    assert_eq!(seen.exit, Exit::Failed);
    let seen = typed(&world, &line).await;
    assert_eq!(seen.exit, Exit::Usage);
    assert!(seen.err.contains("--yes"), "{}", seen.err);
    assert!(world.office.asked().is_empty());
}

#[tokio::test]
async fn an_acceptance_is_a_document_too() {
    let world = shop().await;
    let seen = typed(
        &world,
        &format!("{LINE} --correlation-id rollout-42 --json"),
    )
    .await;
    golden("rotate-json", &seen.out);
    assert_eq!(seen.exit, Exit::Ok);
}

#[tokio::test]
async fn the_same_command_again_is_another_request() {
    let world = shop().await;
    typed(&world, LINE).await;
    let seen = typed(&world, LINE).await;
    let asked = world.office.asked();
    assert_ne!(asked[0].1["event_id"], asked[1].1["event_id"]);
    assert_eq!(seen.exit, Exit::Refused);
    assert!(seen.err.contains("throttled"), "{}", seen.err);
}

#[tokio::test]
async fn every_option_is_a_key_of_the_event() {
    let world = shop().await;
    let window = "2026-11-21T23:00:00Z/2026-11-22T03:00:00+01:00";
    let options = format!("--window {window} --force --accept-no-overlap --dry-run --as leads");
    let line = format!("rotate db/orders --reason why --note x {options}");
    typed(&world, &line).await;
    let (source, event, _) = world.office.asked().remove(0);
    assert_eq!(source, "rekey.requester.leads");
    assert_eq!(
        event["metadata"],
        json!({
            "rollout_note": "x",
            "window": "2026-11-21T23:00:00Z/2026-11-22T02:00:00Z",
            "force": true,
            "dry_run": true,
            "accept_no_overlap": true,
        })
    );
}

#[tokio::test]
async fn a_refusal_says_why_what_to_do_and_when_to_ask_again() {
    let world = everybody().await;
    world.office.allows("operators", "platform on-call").await;
    let line = "rotate prod/db/app-primary --reason 'ticket 7' --note x --accept-no-overlap --yes";
    let seen = typed(&world, line).await;
    golden("rotate-refused", &seen.err);
    assert_eq!((seen.exit, seen.out.as_str()), (Exit::Refused, ""));
    let seen = typed(&world, &format!("{line} --json")).await;
    assert_eq!(seen.exit, Exit::Refused);
    let document = seen.json();
    let refusal = &document["request"]["refusal"];
    assert_eq!(refusal["class"], "grace_running");
    assert_eq!(refusal["retry_at"], "2026-11-22T22:00:00Z");
}

#[tokio::test]
async fn whoever_may_not_rotate_is_refused_by_who_they_are_and_not_by_what_they_say() {
    let world = shop().await;
    let seen = typed(&world, &format!("{LINE} --as readers")).await;
    assert_eq!(seen.exit, Exit::Refused);
    assert!(seen.err.contains("refused (forbidden)"), "{}", seen.err);
    let seen = typed(&world, &format!("{LINE} --as strangers")).await;
    assert_eq!(seen.exit, Exit::Refused);
    assert!(
        seen.err.contains("nobody is recorded for that name"),
        "{}",
        seen.err
    );
    assert!(
        seen.err.contains("rekey requesters allow strangers"),
        "{}",
        seen.err
    );
}

#[tokio::test]
async fn a_force_that_does_not_count_is_told_before() {
    let world = shop().await;
    let seen = typed(&world, &format!("{LINE} --force --as leads")).await;
    assert!(seen.err.contains("who may not force"), "{}", seen.err);
    let seen = typed(&world, &format!("{LINE} --force")).await;
    assert!(!seen.err.contains("who may not force"), "{}", seen.err);
    assert!(seen.err.contains("is cut off"), "{}", seen.err);
}

#[tokio::test]
async fn a_dry_run_needs_no_yes_and_tells_checks_and_steps() {
    let world = shop().await;
    let check = |name: &str| Checked {
        name: name.into(),
        result: "passed".into(),
        class: None,
        message: None,
    };
    let step = |step: &str, message: &str| Planned {
        step: step.into(),
        message: message.into(),
    };
    let planned = Standing::Planned {
        at: NOW + 2,
        checks: ["secret", "reachable", "tls", "login", "permission"]
            .map(check)
            .to_vec(),
        steps: vec![
            step(
                "createSecret",
                "makes a password of 32 characters for the other user",
            ),
            step(
                "setSecret",
                "sets it at the target; the present user keeps working",
            ),
            step("testSecret", "logs in with it"),
            step("finishSecret", "moves AWSCURRENT"),
        ],
    };
    world.office.later([Later::Nothing, Later::Stands(planned)]);
    let line = "rotate prod/db/orders --reason 'try it' --note 'rollout 42' --dry-run";
    let seen = typed(&world, line).await;
    golden("rotate-dry-run", &format!("{}{}", seen.err, seen.out));
    assert_eq!(seen.exit, Exit::Ok);
}

#[tokio::test]
async fn a_dry_run_whose_check_failed_is_a_refusal_that_shows_it() {
    let world = shop().await;
    let mut refusal = refusal_of("tls_refused", "the certificate is of another host");
    refusal.checks = vec![Checked {
        name: "tls".into(),
        result: "failed".into(),
        class: Some("tls_refused".into()),
        message: Some("the certificate is of another host".into()),
    }];
    world
        .office
        .later([Later::Stands(Standing::Refused(refusal))]);
    let line = "rotate prod/db/orders --reason 'try it' --note x --dry-run";
    let seen = typed(&world, line).await;
    assert_eq!(seen.exit, Exit::Refused);
    assert!(seen.out.contains("failed"), "{}", seen.out);
    assert!(seen.err.contains("refused (tls_refused)"), "{}", seen.err);
}

pub fn refusal_of(class: &str, message: &str) -> rekey_registry::request::Refusal {
    rekey_registry::request::Refusal {
        class: class.into(),
        message: message.into(),
        advice: "mend that, and ask again".into(),
        retry_at: None,
        version: None,
        checks: Vec::new(),
        at: NOW,
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_no_lost_request() {
    let world = shop().await;
    *world.office.is_away.lock().unwrap() = true;
    let seen = typed(&world, LINE).await;
    assert_eq!((seen.exit, seen.out.as_str()), (Exit::Failed, ""));
    assert_eq!(world.clock.now() - NOW, 60);
    golden("rotate-unanswered", &seen.err);
    let seen = typed(&world, &format!("{LINE} --timeout 5s --json")).await;
    assert_eq!((seen.exit, seen.out.as_str()), (Exit::Failed, ""));
}

#[tokio::test]
async fn what_may_not_be_asked_for_is_told_with_the_requesters_own_policy() {
    let world = shop().await;
    *world.office.refusal.lock().unwrap() = Some(BusError::Denied);
    for (options, policy) in [
        ("", "rekey-prod-eu-west-1-operator allows"),
        (
            " --as billing",
            "rekey-prod-eu-west-1-requester-billing (infra/requester.yaml) allows",
        ),
    ] {
        let seen = typed(&world, &format!("{LINE}{options}")).await;
        assert_eq!(seen.exit, Exit::Failed);
        assert!(seen.err.contains(policy), "{}", seen.err);
    }
    *world.office.refusal.lock().unwrap() = Some(BusError::NoBus);
    let seen = typed(&world, LINE).await;
    assert!(
        seen.err
            .contains("the event bus rekey-prod-requests is not there"),
        "{}",
        seen.err
    );
    *world.office.refusal.lock().unwrap() = Some(BusError::Unavailable);
    let seen = typed(&world, LINE).await;
    assert_eq!(seen.exit, Exit::Failed);
    assert!(seen.err.contains("may have been taken"), "{}", seen.err);
}

#[tokio::test]
async fn what_an_event_cannot_hold_is_a_matter_of_the_command_line() {
    let world = shop().await;
    let long = "x".repeat(5_000);
    for line in [
        "rotate prod/db/orders --reason ' ' --yes".to_owned(),
        format!("rotate prod/db/orders --reason why --note {long} --yes"),
        format!("rotate prod/db/orders --reason why --correlation-id {long} --yes"),
    ] {
        let seen = typed(&world, &line).await;
        assert_eq!(seen.exit, Exit::Usage, "{}", seen.err);
        assert!(!seen.err.contains("xxx"), "{}", seen.err);
    }
    assert!(world.office.asked().is_empty());
}

#[tokio::test]
async fn what_waits_for_approval_says_who_may_do_what() {
    let mut state = orders();
    state.secret.approval_manual = true;
    let world = TestWorld::empty().with(state).await;
    world.office.allows("operators", "platform on-call").await;
    let seen = typed(&world, LINE).await;
    assert!(
        seen.out.contains("nobody is recorded who may"),
        "{}",
        seen.out
    );
    world.office.allows("leads", "team leads").await;
    world.office.allows("readers", "auditors").await;
    let seen = typed(&world, LINE).await;
    golden("rotate-awaiting", &format!("{}{}", seen.err, seen.out));
    assert_eq!(seen.exit, Exit::Ok);
    let seen = typed(&world, &format!("{LINE} --json")).await;
    assert_eq!(seen.json()["request"]["standing"], "awaiting_approval");
}

#[tokio::test]
async fn what_waits_for_its_turn_is_told_as_accepted_after_a_moment() {
    let world = shop().await;
    *world.office.is_throttled.lock().unwrap() = true;
    let seen = typed(&world, LINE).await;
    assert_eq!(seen.exit, Exit::Ok);
    assert_eq!(world.clock.now() - NOW, 5);
    assert!(
        seen.out.contains("RotateSecret is called in its turn"),
        "{}",
        seen.out
    );
}

#[tokio::test]
async fn an_older_rotation_that_goes_on_in_place_of_it_is_named() {
    let world = shop().await;
    *world.office.is_throttled.lock().unwrap() = true;
    let by = id('f', 3);
    let superseded = Standing::Superseded {
        by: by.as_str().into(),
        at: NOW,
    };
    world.office.later([Later::Stands(superseded)]);
    let seen = typed(&world, LINE).await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(seen.out.contains(&format!("version {by}")), "{}", seen.out);
    let token = world.office.last();
    let seen = typed(&world, &format!("requests show {token} --json")).await;
    assert_eq!(seen.json()["request"]["superseded_by"], by);
    assert!(seen.json()["version"].is_null(), "{}", seen.out);
}

#[tokio::test]
async fn a_force_that_counts_retires_the_old_credential_first() {
    let world = everybody().await;
    world.office.allows("operators", "platform on-call").await;
    let line = "rotate db/app-primary --reason leaked --note x --accept-no-overlap --force --yes";
    let seen = typed(&world, line).await;
    assert_eq!(seen.exit, Exit::Ok, "{}", seen.err);
    assert!(
        seen.out.contains("the old credential is retired first"),
        "{}",
        seen.out
    );
    let token = world.office.last();
    let seen = typed(&world, &format!("requests show {token}")).await;
    assert!(seen.out.contains("retiring") && seen.out.contains("force"));
}

#[tokio::test]
async fn a_secret_is_found_by_its_key() {
    let world = shop().await;
    let line = LINE.replace("prod/db/orders", "db/orders");
    assert_eq!(typed(&world, &line).await.exit, Exit::Ok);
    let seen = typed(&world, "rotate db/ordrs --reason why --yes").await;
    assert_eq!(seen.exit, Exit::Failed);
    assert_eq!(world.office.asked().len(), 1);
    assert_eq!(app().secret.name, "prod/db/app-primary");
    let token = world.office.last();
    assert!(world.store.request(&token).await.unwrap().is_some());
}
