//! An announcement keeps what it was made of until it is sent.

use rekey_events::{Announcement, DetailType, PayloadError};
use serde_json::{Value, json};

use crate::payloads;

#[test]
fn an_announcement_of_any_payload_is_stored_and_read_back_as_it_was() {
    for payload in payloads::all() {
        let full = payload.full();
        let announcement = (payload.announce)(full.clone());
        assert_eq!(announcement.detail_type, payload.detail_type);
        assert_eq!(announcement.detail, full, "{}", payload.name);

        let stored = serde_json::to_string(&announcement).unwrap();
        let read: Announcement = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, announcement);
    }
}

#[test]
fn debug_of_an_announcement_does_not_show_its_payload() {
    for payload in payloads::topics() {
        let mut full = payload.full();
        full["metadata"] = json!({ "note": "canary-7Q2k" });
        let shown = format!("{:?}", (payload.announce)(full));
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("db/app"), "{shown}");
    }
}

#[test]
fn a_stored_announcement_that_is_broken_is_refused_where_it_is_broken() {
    let sound = json!({
        "event_id": "82c97b0b-8b65-5954-a6a8-3d9e117edbfb",
        "detail_type": DetailType::GraceEnding.as_str(),
        "resource": "db/app",
        "detail": {},
    });
    assert!(Announcement::try_from(sound.clone()).is_ok());
    for (field, value, says) in [
        (
            "event_id",
            json!("x"),
            "`event_id` must be a UUID with hyphens",
        ),
        (
            "detail_type",
            json!("rekey.grace.canary"),
            "`detail_type` must be a type of event of this contract",
        ),
        (
            "resource",
            json!(7),
            "`resource` must be a string, not a number",
        ),
        (
            "detail",
            json!("x"),
            "`detail` must be an object, not a string",
        ),
    ] {
        let mut broken: Value = sound.clone();
        broken[field] = value;
        let error: PayloadError = Announcement::try_from(broken).unwrap_err();
        assert_eq!(error.to_string(), says);
    }
}
