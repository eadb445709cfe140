//! What a request asks for, and the token that leads back to it.

use rekey_events::{
    ClientRequestToken, Envelope, EventId, PayloadError, REQUESTER_SOURCE_PREFIX, RotateRequested,
    SCHEDULE_SOURCE, Timestamp, Wishes, parse,
};
use serde_json::{Value, json};

use crate::samples::{detail, sample};

fn asking(metadata: Value) -> RotateRequested {
    let mut payload = detail("rotate-requested");
    payload["metadata"] = metadata;
    RotateRequested::try_from(payload).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

#[test]
fn a_request_that_wishes_for_nothing_has_no_wishes() {
    let mut payload = detail("rotate-requested");
    payload.as_object_mut().unwrap().remove("metadata");
    let without = RotateRequested::try_from(payload).unwrap();
    assert_eq!(without.wishes().unwrap(), Wishes::default());

    let nulls = json!({ "force": null, "dry_run": null, "rollout_note": null, "window": null });
    for metadata in [
        json!({}),
        nulls,
        json!({ "issuer": "pipeline", "Force": 7 }),
    ] {
        assert_eq!(asking(metadata).wishes().unwrap(), Wishes::default());
    }
}

#[test]
fn every_wish_is_read_and_what_is_not_known_is_kept() {
    let metadata = json!({
        "force": true,
        "dry_run": true,
        "accept_no_overlap": true,
        "rollout_note": "CHG-1182",
        "window": "2026-03-02T02:00:00Z/2026-03-02T05:00:00+01:00",
        "approves": "81b00c56-bab7-5f69-b565-f58ef884554e",
        "issuer": "pipeline",
    });
    let request = asking(metadata.clone());
    let wishes = request.wishes().unwrap();
    assert!(wishes.force && wishes.dry_run && wishes.accept_no_overlap);
    assert_eq!(wishes.rollout_note.unwrap().as_str(), "CHG-1182");
    let window = (at("2026-03-02T02:00:00Z"), at("2026-03-02T04:00:00Z"));
    assert_eq!(wishes.window, Some(window));
    let approved = "81b00c56-bab7-5f69-b565-f58ef884554e";
    assert_eq!(wishes.approves.unwrap().as_str(), approved);
    assert_eq!(
        serde_json::to_value(&request).unwrap()["metadata"],
        metadata
    );

    let no = asking(json!({ "force": false, "dry_run": false }));
    assert_eq!(no.wishes().unwrap(), Wishes::default());
}

#[test]
fn a_wish_that_cannot_be_read_is_refused_by_its_name_and_not_repeated() {
    let window = "`detail.metadata.window` must be `start/end`, two RFC 3339 dates and times with an \
                  offset, the earlier first";
    for (key, value, says) in [
        (
            "force",
            json!("hunter2"),
            "`detail.metadata.force` must be a boolean, not a string",
        ),
        (
            "dry_run",
            json!(1),
            "`detail.metadata.dry_run` must be a boolean, not a number",
        ),
        (
            "accept_no_overlap",
            json!(["hunter2"]),
            "`detail.metadata.accept_no_overlap` must be a boolean, not an array",
        ),
        (
            "rollout_note",
            json!("hunter2\n"),
            "`detail.metadata.rollout_note` must be 1 to 1024 characters without control characters",
        ),
        (
            "approves",
            json!("hunter2"),
            "`detail.metadata.approves` must be 32 to 64 printable ASCII characters without spaces",
        ),
        (
            "window",
            json!({ "start": "hunter2" }),
            "`detail.metadata.window` must be a string, not an object",
        ),
        ("window", json!("hunter2"), window),
        ("window", json!("2026-03-02T02:00:00Z"), window),
        ("window", json!("2026-03-02/2026-03-03"), window),
        (
            "window",
            json!("2026-03-02T02:00:00Z/2026-03-02T02:00:00Z"),
            window,
        ),
        (
            "window",
            json!("2026-03-02T03:00:00Z/2026-03-02T02:00:00Z"),
            window,
        ),
        (
            "window",
            json!("2026-03-02T02:00:00Z/2026-03-02T03:00:00Z/x"),
            window,
        ),
    ] {
        let error: PayloadError = asking(json!({ key: value })).wishes().unwrap_err();
        assert_eq!(error.to_string(), says);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

#[test]
fn the_page_names_the_keys_that_are_read_and_no_other() {
    let page = rekey_events::documents::events_page();
    let (_, table) = page.split_once("| key of `metadata` |").unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let mut keys: Vec<&str> = rows.map(|row| row.split('`').nth(1).unwrap()).collect();
    for key in &keys {
        let error = asking(json!({ *key: [[]] })).wishes().unwrap_err();
        assert_eq!(error.path(), format!("detail.metadata.{key}"));
    }
    keys.sort_unstable();
    let read = [
        "accept_no_overlap",
        "approves",
        "dry_run",
        "force",
        "rollout_note",
        "window",
    ];
    assert_eq!(keys, read);
}

#[test]
fn the_token_of_a_request_never_changes() {
    // Fixed for ever: it is the id of a version in Secrets Manager.
    let request = Envelope::<RotateRequested>::try_from(sample("rotate-requested")).unwrap();
    let token = request
        .detail
        .token(request.source.as_str(), request.id.as_str());
    assert_eq!(token.to_string(), "81b00c56-bab7-5f69-b565-f58ef884554e");
    assert_eq!(ClientRequestToken::from(token).as_str(), token.to_string());
    assert!(ClientRequestToken::new(token.to_string()).is_ok());
}

#[test]
fn a_repeat_has_the_same_token_and_nobody_else_can_make_it() {
    let named = asking(json!({}));
    let token = named.token("rekey.requester.billing", "envelope-1");
    assert_eq!(named.token("rekey.requester.billing", "envelope-2"), token);
    assert_ne!(named.token("rekey.requester.other", "envelope-1"), token);

    let mut nameless = named.clone();
    nameless.event_id = None;
    let token = nameless.token("rekey.requester.billing", "envelope-1");
    assert_eq!(
        token,
        EventId::derive("rekey.requester.billing", "envelope-1")
    );
    assert_eq!(
        nameless.token("rekey.requester.billing", "envelope-1"),
        token
    );
    assert_ne!(
        nameless.token("rekey.requester.billing", "envelope-2"),
        token
    );
    assert_ne!(nameless.token("rekey.requester.other", "envelope-1"), token);
}

#[test]
fn the_schedule_is_a_requester_like_the_others() {
    assert!(SCHEDULE_SOURCE.starts_with(REQUESTER_SOURCE_PREFIX));
}

#[test]
fn the_batch_for_a_local_invocation_holds_the_sample_request() {
    let batch = sample("invoke/request");
    let records = batch["Records"].as_array().unwrap();
    assert_eq!(records.len(), 1);
    let body = records[0]["body"].as_str().unwrap();
    let request: Envelope<RotateRequested> = parse(body.as_bytes()).unwrap();
    assert_eq!(request.detail.key.as_str(), "db/app-primary");
    assert_eq!(
        serde_json::from_str::<Value>(body).unwrap(),
        sample("rotate-requested")
    );
}
