//! What the sweep asks for, it asks for again under the same id until it is done.

use rekey_events::SCHEDULE_SOURCE;
use rekey_registry::request::{Ask, Handled, Request, RotateError};
use serde_json::json;

use crate::office::{DAY, HOUR, MINUTE, Office, SECURITY, START, asked, refusal};

fn wanted(now: i64) -> Ask {
    let more = json!({
        "event_id": crate::rules::id(7), "reason": "schedule",
        "metadata": { "rollout_note": "scheduled by policy" },
    });
    asked(SCHEDULE_SOURCE, now, more)
}

async fn again(office: &Office) -> Request {
    match office.handle(&wanted(office.now)).await.unwrap() {
        Handled::Done(request) => *request,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn it_is_the_owners_own_yes_and_needs_no_recorded_actor() {
    let office = Office::open().await;
    office.tag("rekey:strategy", "single-user").await;
    let request = again(&office).await;
    assert_eq!(request.standing.as_str(), "rotating");
    assert_eq!(request.actor.as_deref(), Some("schedule"));
}

#[tokio::test]
async fn what_was_in_the_way_and_passes_is_judged_anew_and_told_once_for_each_reason() {
    let mut office = Office::open().await;
    office.tag("rekey:window", "Sun 03:00-03:01").await;
    assert_eq!(refusal(&again(&office).await).class, "window_closed");
    office.now += 15 * MINUTE;
    assert_eq!(refusal(&again(&office).await).class, "window_closed");
    assert_eq!(office.announced("rekey.request.refused").len(), 1);
    office.tag("rekey:window", "00:00-24:00").await;
    office.now += 15 * MINUTE;
    assert_eq!(again(&office).await.standing.as_str(), "rotating");
    office.now += 15 * MINUTE;
    assert_eq!(again(&office).await.standing.as_str(), "rotating");
    assert_eq!(office.calls(), 1);
}

#[tokio::test]
async fn whatever_was_in_the_way_it_goes_on_when_that_was_mended() {
    let mut office = Office::open().await;
    office.tag("rekey:kind", "carrier-pigeon").await;
    assert_eq!(refusal(&again(&office).await).class, "invalid_request");
    office.tag("rekey:kind", "postgres").await;
    office.now += 15 * MINUTE;
    let denied = RotateError::Denied("no".to_owned());
    *office.rotate.answer.lock().unwrap() = Some(denied);
    assert_eq!(refusal(&again(&office).await).class, "permission");
    *office.rotate.answer.lock().unwrap() = None;
    // Nothing came of it, so it is in nobody's way, and not in its own.
    office.now += 1;
    assert_eq!(again(&office).await.standing.as_str(), "rotating");
}

#[tokio::test]
async fn it_waits_for_approval_as_often_as_nobody_gives_it_in_time() {
    let mut office = Office::open().await;
    office.tag("rekey:approval", "manual").await;
    again(&office).await;
    office.now += HOUR;
    again(&office).await;
    assert_eq!(office.announced("rekey.request.answered").len(), 1);
    office.now = START + DAY + 1;
    assert_eq!(refusal(&again(&office).await).class, "forbidden");
    office.now += MINUTE;
    let waiting = again(&office).await;
    assert_eq!(waiting.standing.as_str(), "awaiting_approval");
    office.now += MINUTE;
    let approves = json!({ "metadata": { "approves": waiting.token } });
    let done = office.ask(SECURITY, approves).await;
    assert_eq!(done.standing.as_str(), "rotating");
    assert_eq!(done.token, waiting.token);
}
