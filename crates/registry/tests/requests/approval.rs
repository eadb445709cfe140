//! Where the entry says manual, somebody else must say yes.

use rekey_registry::request::{Requests as _, Standing};
use serde_json::{Value, json};

use crate::office::{DAY, HOUR, MINUTE, Office, PAYMENTS, SECURITY, START, VIEWER, refusal};

async fn waiting() -> (Office, rekey_registry::request::Request) {
    let mut office = Office::open().await;
    office.tag("rekey:approval", "manual").await;
    let request = office.ask(PAYMENTS, json!({})).await;
    office.now += MINUTE;
    (office, request)
}

fn approving(request: &rekey_registry::request::Request) -> Value {
    json!({ "metadata": { "approves": request.token } })
}

#[tokio::test]
async fn it_waits_is_told_and_is_not_called() {
    let (office, request) = waiting().await;
    let until = START + DAY;
    assert_eq!(request.standing, Standing::AwaitingApproval { until });
    let told = office.announced("rekey.request.answered");
    assert_eq!(told[0].detail["answer"], "awaiting_approval");
    assert!(told[0].detail["expires_at"].is_string());
    assert_eq!(office.calls(), 0);
    assert_eq!(office.secret().requests, []);
}

#[tokio::test]
async fn another_actor_who_may_approves_it_and_it_goes_on_as_itself() {
    let (office, request) = waiting().await;
    let done = office.ask(SECURITY, approving(&request)).await;
    assert_eq!(done.token, request.token);
    assert_eq!(done.standing.as_str(), "rotating");
    assert_eq!(done.approved_by.as_deref(), Some("team security"));
    let calls = office.rotate.calls.lock().unwrap().clone();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].1, request.token);
    let told = office.announced("rekey.request.answered");
    let answers: Vec<_> = told.iter().map(|one| &one.detail["answer"]).collect();
    assert_eq!(answers, ["awaiting_approval", "accepted"]);
    assert_eq!(told[1].detail["approved_by"], "team security");
    assert_eq!(told[1].detail["actor"], "team payments");
}

#[tokio::test]
async fn nobody_approves_their_own() {
    let mut office = Office::open().await;
    office.tag("rekey:approval", "manual").await;
    let request = office.ask(SECURITY, json!({})).await;
    office.now += MINUTE;
    let refused = office.ask(SECURITY, approving(&request)).await;
    assert_eq!(refusal(&refused).class, "forbidden");
    assert_eq!(office.calls(), 0);
}

#[tokio::test]
async fn whoever_may_not_approve_does_not() {
    let (mut office, request) = waiting().await;
    for source in [PAYMENTS, VIEWER, "rekey.requester.stranger"] {
        office.now += 1;
        let refused = office.ask(source, approving(&request)).await;
        assert_eq!(refusal(&refused).class, "forbidden", "{source}");
    }
    let known = office.store.request(&request.token).await.unwrap().unwrap();
    assert_eq!(known.standing.as_str(), "awaiting_approval");
    assert_eq!(known.approved_by, None);
}

#[tokio::test]
async fn an_approval_of_nothing_or_of_another_secrets_request_is_refused() {
    let (mut office, request) = waiting().await;
    office.register("prod/db/other").await;
    let nothing = json!({ "metadata": { "approves": "00000000-0000-5000-8000-000000000009" } });
    let refused = office.ask(SECURITY, nothing).await;
    assert_eq!(refusal(&refused).class, "invalid_request");
    office.now += 1;
    let mut other = approving(&request);
    other["key"] = json!("db/other");
    let refused = office.ask(SECURITY, other).await;
    assert_eq!(refusal(&refused).class, "invalid_request");
    assert_eq!(office.calls(), 0);
}

#[tokio::test]
async fn an_approval_that_comes_too_late_is_refused() {
    let (mut office, request) = waiting().await;
    office.now = START + DAY;
    let refused = office.ask(SECURITY, approving(&request)).await;
    assert!(refusal(&refused).message.contains("too long"));
    assert_eq!(office.calls(), 0);
}

#[tokio::test]
async fn while_time_alone_is_in_the_way_a_yes_is_not_used_up() {
    let (mut office, request) = waiting().await;
    office.now += HOUR;
    office.tag("rekey:window", "Sun 03:00-03:01").await;
    let refused = office.ask(SECURITY, approving(&request)).await;
    assert_ne!(refused.token, request.token);
    assert_eq!(refusal(&refused).class, "window_closed");
    let waits = office.stands(&request.token).await;
    assert_eq!(waits.standing.as_str(), "awaiting_approval");
    assert_eq!(waits.approved_by, None);
    office.tag("rekey:window", "00:00-24:00").await;
    office.now += MINUTE;
    let done = office.ask(SECURITY, approving(&request)).await;
    assert_eq!(done.standing.as_str(), "rotating");
}

#[tokio::test]
async fn what_was_approved_is_judged_anew() {
    let (mut office, request) = waiting().await;
    office.now += HOUR;
    office.tag("rekey:kind", "carrier-pigeon").await;
    let done = office.ask(SECURITY, approving(&request)).await;
    assert_eq!(done.token, request.token);
    assert_eq!(refusal(&done).class, "invalid_request");
    assert_eq!(office.calls(), 0);
}

#[tokio::test]
async fn a_request_that_nobody_approves_in_time_is_refused_and_told() {
    let (mut office, request) = waiting().await;
    let ask = crate::office::asked(PAYMENTS, START, json!({}));
    assert_eq!(ask.token, request.token);
    office.now = START + DAY;
    let done = office.ask_again(&ask).await;
    assert_eq!(refusal(&done).class, "forbidden");
    assert_eq!(office.announced("rekey.request.refused").len(), 1);
}

#[tokio::test]
async fn force_opens_no_approval_and_nothing_is_retired_before_it() {
    let mut office = Office::open().await;
    let first = office.rotating(PAYMENTS, json!({})).await;
    office.now += MINUTE;
    office.finish(&first.token).await;
    office.tag("rekey:approval", "manual").await;
    office.now += MINUTE;
    let force = json!({ "metadata": { "force": true, "rollout_note": "INC-1" } });
    let request = office.ask(SECURITY, force).await;
    assert_eq!(request.standing.as_str(), "awaiting_approval");
    assert_eq!(office.queue.taken(), []);
    let other = crate::office::actor("rekey.requester.audit", "audit", "internal_admin", true);
    office.allow(&other).await;
    office.now += MINUTE;
    office.ask(&other.source, approving(&request)).await;
    let request = office.stands(&request.token).await;
    assert_eq!(request.standing.as_str(), "retiring");
    assert_eq!(office.queue.taken().len(), 1);
}

#[tokio::test]
async fn one_person_with_two_sources_is_no_second_person() {
    let (office, request) = waiting().await;
    let same = crate::office::actor(
        "rekey.requester.other",
        "Team Payments",
        "internal_admin",
        true,
    );
    office.allow(&same).await;
    let refused = office.ask(&same.source, approving(&request)).await;
    assert_eq!(refusal(&refused).class, "forbidden");
}

#[tokio::test]
async fn a_dry_run_approves_nothing() {
    let (office, request) = waiting().await;
    let dry = json!({ "metadata": { "approves": request.token, "dry_run": true } });
    let refused = office.ask(SECURITY, dry).await;
    assert_eq!(refusal(&refused).class, "invalid_request");
    assert_eq!(office.calls(), 0);
}

#[tokio::test]
async fn an_approval_that_is_delivered_twice_rotates_once() {
    let (office, request) = waiting().await;
    office.ask(SECURITY, approving(&request)).await;
    office.ask(SECURITY, approving(&request)).await;
    assert_eq!(office.calls(), 1);
    assert_eq!(office.announced("rekey.request.answered").len(), 2);
}
