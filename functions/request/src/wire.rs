//! A message of the queue to a request, or why it is none. Nothing is decided here.

use rekey_events::{Envelope, ErrorClass, PayloadError, REQUESTER_SOURCE_PREFIX, RotateRequested};
use rekey_registry::request::Ask;

/// A message that breaks the contract. What stood there is not repeated.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Broken {
    /// A field is missing, of the wrong type or outside its limits.
    #[error("the message cannot be read: {0}")]
    Payload(#[from] PayloadError),
    /// A source that the requests bus does not take.
    #[error(
        "`source` must be `rekey.requester.` and the name of a requester; the policy of the requests bus takes no other"
    )]
    Source,
    /// The id of another request.
    #[error(
        "`detail.event_id` was used before, by the same requester for something else; send it again with an id of its own"
    )]
    Clash,
}

impl Broken {
    /// The stable name of what is wrong.
    pub const CLASS: ErrorClass = ErrorClass::InvalidRequest;
}

/// Reads a message: the event as the rule of the requests bus puts it into the queue.
pub fn ask(body: &str) -> Result<Ask, Broken> {
    let event: Envelope<RotateRequested> = rekey_events::parse(body.as_bytes())?;
    let source = event.source.as_str();
    let requester = source.strip_prefix(REQUESTER_SOURCE_PREFIX);
    if requester.is_none_or(str::is_empty) {
        return Err(Broken::Source);
    }
    Ok(Ask::of(source, event.id.as_str(), &event.detail)?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    type Change = fn(&mut Value, Value);

    fn event() -> Value {
        let sample = include_str!("../../../events/samples/invoke/request.json");
        let batch: Value = serde_json::from_str(sample).unwrap();
        let body = batch["Records"][0]["body"].as_str().unwrap();
        serde_json::from_str(body).unwrap()
    }

    fn with(change: impl FnOnce(&mut Value)) -> Result<Ask, Broken> {
        let mut event = event();
        change(&mut event);
        ask(&event.to_string())
    }

    #[test]
    fn the_sample_is_a_request_of_its_source() {
        let ask = with(|_| {}).unwrap();
        assert_eq!(ask.source, "rekey.requester.billing");
        assert_eq!(ask.key, "db/app-primary");
        assert_eq!(ask.claimed_by.as_deref(), Some("user-123"));
        assert_eq!(ask.wishes.rollout_note.as_deref(), Some("CHG-1182"));
    }

    #[test]
    fn a_repeat_of_the_requester_is_the_same_request_and_nobody_elses_is() {
        let token = |change: fn(&mut Value)| with(change).unwrap().token;
        let first = token(|_| {});
        assert_eq!(
            token(|event| event["id"] = json!("another-envelope")),
            first
        );
        let forged = token(|event| event["source"] = json!("rekey.requester.mallory"));
        assert_ne!(forged, first);
    }

    #[test]
    fn a_role_an_actor_or_a_source_in_the_payload_is_nobodys_authority() {
        let claimed = with(|event| {
            event["detail"]["source"] = json!("rekey.requester.admin");
            event["detail"]["role"] = json!("internal_admin");
            event["detail"]["metadata"]["role"] = json!("internal_admin");
            event["detail"]["metadata"]["actor"] = json!("root");
        });
        assert_eq!(claimed.unwrap().source, "rekey.requester.billing");
    }

    #[test]
    fn what_breaks_the_contract_is_told_by_field_and_limit_and_never_repeated() {
        let canary = || json!("hunter2 canary");
        let cases: [(&str, Change); 12] = [
            ("`detail`", |event, to| event["detail"] = to),
            ("`detail-type`", |event, to| event["detail-type"] = to),
            ("`time`", |event, to| event["time"] = to),
            ("`source`", |event, to| event["source"] = to),
            ("`detail.timestamp`", |event, to| {
                event["detail"]["timestamp"] = to;
            }),
            ("`detail.event_id`", |event, to| {
                event["detail"]["event_id"] = to;
            }),
            ("`detail.schema_version`", |event, to| {
                event["detail"]["schema_version"] = to;
            }),
            ("`detail.metadata`", |event, to| {
                event["detail"]["metadata"] = to;
            }),
            ("`detail.metadata.force`", |event, to| {
                event["detail"]["metadata"]["force"] = to;
            }),
            ("`detail.metadata.dry_run`", |event, to| {
                event["detail"]["metadata"]["dry_run"] = to;
            }),
            ("`detail.metadata.window`", |event, to| {
                event["detail"]["metadata"]["window"] = to;
            }),
            ("`detail.metadata.approves`", |event, to| {
                event["detail"]["metadata"]["approves"] = to;
            }),
        ];
        for (field, change) in cases {
            let refused = with(|event| change(event, canary())).unwrap_err();
            let text = refused.to_string();
            assert!(text.contains(field), "{field}: {text}");
            assert!(
                !text.contains("hunter2") && !text.contains("canary"),
                "{text}"
            );
        }
        for body in ["", "hunter2", "{\"hunter2\":", "[]", "null", "\"hunter2\""] {
            let text = ask(body).unwrap_err().to_string();
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn only_a_requester_asks() {
        for source in [
            "rekey.request",
            "aws.secretsmanager",
            "rekey.requester",
            "rekey.requester.",
            "xrekey.requester.billing",
        ] {
            let refused = with(|event| event["source"] = json!(source));
            assert_eq!(refused, Err(Broken::Source), "{source}");
        }
    }
}
