//! Each thing that speaks against a rotation, by name.

use serde_json::json;

use crate::office::{DAY, HOUR, KEY, MINUTE, NAME, Office, PAYMENTS, SECURITY, START, actor};
use crate::world::{Change, version};

fn plain() -> serde_json::Value {
    json!({})
}

#[tokio::test]
async fn nothing_speaks_against_it_and_it_is_accepted_told_and_called_with_its_own_id() {
    let office = Office::open().await;
    let request = office.rotating(PAYMENTS, plain()).await;
    let told = office.announced("rekey.request.answered");
    assert_eq!(told.len(), 1);
    let told = &told[0].detail;
    assert_eq!(told["answer"], "accepted");
    assert_eq!(told["request"], json!(request.token));
    assert_eq!(told["actor"], "team payments");
    assert_eq!(told["role"], "internal_admin");
    assert_eq!(told["owner"], "payments");
    let calls = office.rotate.calls.lock().unwrap().clone();
    assert_eq!(calls, [(NAME.to_owned(), request.token.clone())]);
    let pending = office.secrets.holder(NAME, "AWSPENDING");
    assert_eq!(pending, Some(request.token.clone()));
    let kept = office.secret().requests;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].token, request.token);
    let impact = request.impact.unwrap();
    assert_eq!(impact.owner.as_deref(), Some("payments"));
    assert_eq!(impact.overlap, Some(true));
}

#[tokio::test]
async fn a_refusal_is_recorded_and_told_with_class_and_advice_and_nothing_is_called() {
    let office = Office::open().await;
    office.tag("rekey:window", "Sun 03:00-03:01").await;
    let refusal = office.refused(PAYMENTS, plain()).await;
    let told = office.announced("rekey.request.refused");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].detail["class"], "window_closed");
    assert_eq!(told[0].detail["advice"], json!(refusal.advice));
    assert_eq!(told[0].detail["actor"], "team payments");
    assert!(told[0].detail["retry_at"].is_string());
    assert_eq!(office.calls(), 0);
    assert_eq!(office.secret().requests, []);
}

#[tokio::test]
async fn a_name_that_breaks_the_grammar_is_refused_and_not_repeated() {
    let office = Office::open().await;
    for (key, because) in [
        ("hunter2!", "cannot be stored"),
        ("hunter2", "no area"),
        ("prod/hunter2/x", "its own environment"),
        ("tenant.Hunter2.a.b", "slug"),
    ] {
        let mut office = office.clone();
        office.now += i64::try_from(key.len()).unwrap();
        let request = office.ask(PAYMENTS, json!({ "key": key })).await;
        let refusal = crate::office::refusal(&request);
        assert_eq!(refusal.class, "invalid_request", "{key}");
        assert!(refusal.message.contains(because), "{}", refusal.message);
        let written = serde_json::to_string(&request).unwrap();
        assert!(!written.to_lowercase().contains("hunter2"), "{written}");
        let told = serde_json::to_string(&office.bus.taken().last()).unwrap();
        assert!(!told.to_lowercase().contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn a_scope_that_differs_is_refused() {
    let office = Office::open().await;
    let elsewhere = json!({ "scope": { "env": "stage" } });
    let refusal = office.refused(PAYMENTS, elsewhere).await;
    assert_eq!(refusal.class, "invalid_request");
    assert!(refusal.message.contains("another environment"));
}

#[tokio::test]
async fn a_secret_that_is_not_registered_is_refused() {
    let office = Office::open().await;
    let other = json!({ "key": "db/unknown" });
    let refusal = office.refused(PAYMENTS, other).await;
    assert_eq!(refusal.class, "not_registered");
    assert!(refusal.advice.contains("rekey:owner"));
}

#[tokio::test]
async fn a_secret_without_a_rotator_is_refused() {
    for (tag, text, because) in [
        ("rekey:kind", "carrier-pigeon", "no rotator"),
        ("rekey:every", "now and then", "cannot be understood"),
        ("rekey:window", "whenever", "cannot be understood"),
    ] {
        let office = Office::open().await;
        office.tag(tag, text).await;
        let refusal = office.refused(PAYMENTS, plain()).await;
        assert_eq!(refusal.class, "invalid_request", "{tag}");
        assert!(refusal.message.contains(because), "{}", refusal.message);
    }
}

#[tokio::test]
async fn a_secret_that_another_function_or_service_rotates_is_refused() {
    let office = Office::open().await;
    let mut snapshot = office.secrets.snapshot(NAME);
    let theirs = "arn:aws:lambda:eu-west-1:000000000000:function:somebody-elses";
    snapshot.rotation_function = Some(theirs.to_owned());
    office.secrets.replace(NAME, snapshot.clone());
    office.see(NAME).await;
    let refusal = office.refused(PAYMENTS, plain()).await;
    assert!(refusal.message.contains("another rotation function"));

    snapshot.rotation_enabled = false;
    office.secrets.replace(NAME, snapshot);
    office.see(NAME).await;
    let mut later = office.clone();
    later.now += 1;
    let refusal = later.refused(PAYMENTS, plain()).await;
    assert!(refusal.message.contains("not turned on"));

    office.secrets.manage(NAME, "rds");
    office.see(NAME).await;
    later.now += 1;
    let refusal = later.refused(PAYMENTS, plain()).await;
    assert!(refusal.message.contains("managed by rds"));
}

#[tokio::test]
async fn a_secret_that_will_be_deleted_is_refused() {
    let office = Office::open().await;
    let until = Some(START + 7 * DAY);
    office
        .secrets
        .apply(NAME, &Change::Deleted(until), office.now);
    office.see(NAME).await;
    let refusal = office.refused(PAYMENTS, plain()).await;
    assert!(refusal.message.contains("scheduled for deletion"));
}

#[tokio::test]
async fn a_rotation_that_is_open_is_in_the_way_even_of_force() {
    for source in [PAYMENTS, SECURITY] {
        let office = Office::open().await;
        let open = version(77);
        let at = office.now;
        for change in [
            Change::Make(open.clone()),
            Change::Label("AWSPENDING", Some(open.clone())),
        ] {
            office.secrets.apply(NAME, &change, at);
        }
        // The record does not know of it yet: the look does.
        assert_eq!(office.secret().pending, None);
        let force = json!({ "metadata": { "force": true, "rollout_note": "CHG-8" } });
        let refusal = office.refused(source, force).await;
        assert_eq!(refusal.class, "rotation_open");
        assert_eq!(refusal.version, Some(open));
    }
}

#[tokio::test]
async fn a_closed_window_refuses_with_the_next_opening_and_an_open_one_lets_in() {
    let office = Office::open().await;
    // START is a Monday, 13:33:20 UTC.
    office.tag("rekey:window", "Tue 02:00-04:00").await;
    let refusal = office.refused(PAYMENTS, plain()).await;
    assert_eq!(refusal.class, "window_closed");
    let opening = refusal.retry_at.unwrap();
    assert!(opening > START && opening < START + DAY);
    let mut inside = office.clone();
    inside.now = opening;
    inside.rotating(PAYMENTS, plain()).await;
}

#[tokio::test]
async fn the_window_that_a_request_names_counts_too() {
    let office = Office::open().await;
    let past = json!({ "metadata": { "window": "2026-01-01T00:00:00Z/2026-01-01T01:00:00Z" } });
    let refusal = office.refused(PAYMENTS, past).await;
    assert_eq!(refusal.class, "window_closed");
    assert_eq!(refusal.retry_at, None);
    let mut later = office.clone();
    later.now += 1;
    let now = json!({ "metadata": { "window": "2026-01-01T00:00:00Z/2099-01-01T01:00:00Z" } });
    later.rotating(PAYMENTS, now).await;
}

#[tokio::test]
async fn production_needs_a_window_or_a_note_and_other_stages_do_not() {
    let bare = json!({ "metadata": {} });
    let office = Office::open().await;
    let refusal = office.refused(PAYMENTS, bare.clone()).await;
    assert_eq!(refusal.class, "window_closed");
    assert!(refusal.advice.contains("--note"));
    office.tag("rekey:window", "00:00-24:00").await;
    let mut later = office.clone();
    later.now += 1;
    later.rotating(PAYMENTS, bare.clone()).await;
    let mut stage = Office::open().await;
    stage.policy.environment = Some("stage".to_owned());
    stage.register("stage/db/app-primary").await;
    let mut snapshot = stage.secrets.snapshot("stage/db/app-primary");
    snapshot.rotation_function = Some(crate::office::OURS.replace("-prod-", "-stage-"));
    stage.secrets.replace("stage/db/app-primary", snapshot);
    stage.rotating(PAYMENTS, bare).await;
}

#[tokio::test]
async fn a_label_that_the_record_has_and_the_look_has_not_is_in_nobodys_way() {
    let office = Office::open().await;
    let at = office.now;
    let trial = version(77);
    office.secrets.apply(NAME, &Change::Make(trial.clone()), at);
    office
        .secrets
        .apply(NAME, &Change::Label("AWSPENDING", Some(trial)), at);
    office.see(NAME).await;
    office
        .secrets
        .apply(NAME, &Change::Label("AWSPENDING", None), at);
    assert!(office.secret().pending.is_some());
    office.rotating(PAYMENTS, plain()).await;
}

#[tokio::test]
async fn one_request_in_fifteen_minutes_is_accepted() {
    let mut office = Office::open().await;
    office.tag("rekey:grace", "60").await;
    let first = office.rotating(PAYMENTS, plain()).await;
    office.now += MINUTE;
    office.finish(&first.token).await;
    office.now += 10 * MINUTE;
    let refusal = office.refused(PAYMENTS, plain()).await;
    assert_eq!(refusal.class, "throttled");
    assert_eq!(refusal.retry_at, Some(START + 15 * MINUTE));
    office.now = START + 15 * MINUTE;
    office.rotating(PAYMENTS, plain()).await;
}

#[tokio::test]
async fn secrets_of_one_service_are_rotated_one_at_a_time() {
    let mut office = Office::open().await;
    office.register("prod/db/app-two").await;
    for name in [NAME, "prod/db/app-two"] {
        let change = Change::Tag("rekey:service", "checkout".to_owned());
        office.secrets.apply(name, &change, office.now);
        office.see(name).await;
    }
    office.rotating(PAYMENTS, plain()).await;
    office.now += MINUTE;
    let second = json!({ "key": "db/app-two" });
    let refusal = office.refused(PAYMENTS, second.clone()).await;
    assert_eq!(refusal.class, "throttled");
    assert!(refusal.message.contains("checkout"));
    assert_eq!(refusal.retry_at, Some(START + HOUR));
    office.now = START + HOUR;
    let request = office.ask(PAYMENTS, second).await;
    assert_eq!(request.standing.as_str(), "rotating");
}

pub fn id(number: u32) -> String {
    format!("00000000-0000-5000-8000-{number:012}")
}

#[tokio::test]
async fn a_secret_of_the_service_that_nobody_asked_for_keeps_the_others_apart_too() {
    let mut office = Office::open().await;
    office.register("prod/db/app-two").await;
    for name in [NAME, "prod/db/app-two"] {
        let change = Change::Tag("rekey:service", "checkout".to_owned());
        office.secrets.apply(name, &change, office.now);
        office.see(name).await;
    }
    // By a native schedule, or by hand.
    let made = version(78);
    for change in [
        Change::Make(made.clone()),
        Change::Label("AWSCURRENT", Some(made)),
        Change::Rotated,
    ] {
        office.secrets.apply("prod/db/app-two", &change, office.now);
    }
    office.see("prod/db/app-two").await;
    office.now += MINUTE;
    let refusal = office.refused(PAYMENTS, plain()).await;
    assert_eq!(refusal.class, "throttled");
    assert!(refusal.message.contains("app-two"), "{}", refusal.message);
    office.now = START + HOUR;
    office.rotating(PAYMENTS, plain()).await;
}

#[tokio::test]
async fn a_running_grace_is_in_the_way() {
    let mut office = Office::open().await;
    let first = office.rotating(PAYMENTS, plain()).await;
    office.now += MINUTE;
    office.finish(&first.token).await;
    office.now += HOUR;
    let refusal = office.refused(PAYMENTS, plain()).await;
    assert_eq!(refusal.class, "grace_running");
    assert_eq!(refusal.retry_at, Some(START + MINUTE + DAY));
}

#[tokio::test]
async fn a_single_user_needs_a_yes_to_a_gap() {
    for strategy in ["single-user", ""] {
        let office = Office::open().await;
        office.tag("rekey:strategy", strategy).await;
        let refusal = office.refused(PAYMENTS, plain()).await;
        assert_eq!(refusal.class, "invalid_request");
        assert!(refusal.advice.contains("accept_no_overlap"));
        let mut later = office.clone();
        later.now += 1;
        let yes = json!({ "metadata": { "accept_no_overlap": true, "rollout_note": "CHG-9" } });
        later.rotating(PAYMENTS, yes).await;
    }
}

#[tokio::test]
async fn an_actor_with_a_scope_may_ask_for_nothing_else() {
    let office = Office::open().await;
    let mut scoped = actor(PAYMENTS, "team payments", "internal_admin", false);
    scoped.scope = vec!["payments".to_owned(), "tenant.acme".to_owned()];
    office.allow(&scoped).await;
    let refusal = office.refused(PAYMENTS, json!({ "key": KEY })).await;
    assert_eq!(refusal.class, "forbidden");
    scoped.scope.push("db".to_owned());
    office.allow(&scoped).await;
    let mut later = office.clone();
    later.now += 1;
    later.rotating(PAYMENTS, plain()).await;
}

#[tokio::test]
async fn unknown_fields_of_a_newer_requester_are_kept_and_no_reason_to_refuse() {
    let office = Office::open().await;
    let newer = json!({
        "schema_version": "v1", "urgency": 3,
        "metadata": { "rollout_note": "CHG-7", "ticket": { "id": 9 } },
    });
    let request = office.rotating(PAYMENTS, newer).await;
    let kept: serde_json::Value = serde_json::from_str(&request.extra.unwrap()).unwrap();
    assert_eq!(
        kept,
        json!({ "urgency": 3, "metadata": { "ticket": { "id": 9 } } })
    );
    let told = serde_json::to_string(&office.bus.taken()).unwrap();
    assert!(
        !told.contains("urgency"),
        "what nobody knows is not announced"
    );
}

/// The end of an old value that stands beside the new one is moved by no retirement: waiting for one would be for ever.
#[tokio::test]
async fn force_over_a_value_that_ends_inside_the_new_one_rotates_and_retires_nothing_first() {
    let force = json!({ "metadata": { "force": true, "rollout_note": "INC-1" } });
    let mut office = Office::open().await;
    office.tag("rekey:strategy", "previous-inside").await;
    let first = office.rotating(SECURITY, plain()).await;
    office.now += MINUTE;
    office.finish(&first.token).await;
    office.now += HOUR;
    let refusal = office.refused(SECURITY, plain()).await;
    assert_eq!(refusal.class, "grace_running");

    // What the tag promises, the rotation function keeps: it would refuse the rotation as well.
    office.tag("rekey:grace", "7200").await;
    office.now += MINUTE;
    let refusal = office.refused(SECURITY, force.clone()).await;
    assert_eq!(refusal.class, "grace_running");
    let advice = refusal.advice;
    assert!(advice.contains("take the tag rekey:grace"), "{advice}");

    office.tag("rekey:grace", "0").await;
    office.now += MINUTE;
    office.rotating(SECURITY, force).await;
    assert_eq!(office.queue.taken(), []);
    assert_eq!(office.calls(), 2);
}
