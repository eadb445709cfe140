//! The code and the committed schemas take and refuse the same payloads.

use std::cell::Cell;

use jsonschema::Validator;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use rekey_events::{
    AuditRecord, Detail, DetailType, Envelope, LabelUpdated, PayloadError, RetireAnswer,
    RetireOrder, RotationStep, TrailRecord,
};
use serde_json::{Map, Value, json};

use crate::payloads::{self, Payload};
use crate::samples::{detail, sample};
use crate::schemas::committed;

/// What is done to one place of a payload.
#[derive(Debug, Clone)]
enum Change {
    Remove,
    Replace(Value),
    Rename(String),
}

fn any_text() -> impl Strategy<Value = String> {
    let telling = [
        "",
        " ",
        "v1",
        "v2",
        "x",
        "setSecret",
        "set_secret",
        "single-user",
        "login_refused",
        "Postgres",
        "tls_refused",
        "2026-03-02T04:00:00Z",
        "2026-03-02T04:00:00+01:00",
        "2026-03-02",
        "passed",
        "planned",
        "rehearse",
        "2026-13-02T04:00:00Z",
        "82c97b0b-8b65-5954-a6a8-3d9e117edbfb",
        "82C97B0B-8B65-5954-A6A8-3D9E117EDBFB",
        "82c97b0b8b655954a6a83d9e117edbfb",
        "{82c97b0b-8b65-5954-a6a8-3d9e117edb}",
        "hmac-sha256:3f9a0c5be1d247768c10d2f4a5b6e798",
        "hmac-sha256:3F9A0C5BE1D247768C10D2F4A5B6E798",
        "sha256:3f9a0c5be1d247768c10d2f4a5b6e79800000000",
        "line\nbreak",
        "tab\tstop",
        "é",
        "\u{7f}",
        "\u{85}",
    ];
    prop_oneof![
        4 => select(telling.to_vec()).prop_map(str::to_owned),
        2 => ".{0,70}",
        2 => "[ -~]{0,70}",
        // Around every limit of length in the contract.
        3 => (select(vec![32usize, 44, 64, 256, 512, 1024, 2048]), 0usize..3, select(vec!['a', 'ü']))
            .prop_map(|(limit, by, c)| c.to_string().repeat(limit + by - 1)),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => any_text().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => select(vec![json!(0), json!(3.0), json!(3.5), json!(-1.0), json!(4_294_967_295_u64),
            json!(4_294_967_296_u64), json!(4_294_967_296.0), json!(1e300)]),
        1 => Just(json!([])),
        1 => any_text().prop_map(|text| json!([text])),
        1 => Just(json!([7])),
        1 => Just(json!({})),
        1 => Just(json!({ "name": "db/app", "tenant": 3 })),
    ]
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => Just(Change::Remove),
        5 => any_value().prop_map(Change::Replace),
        1 => select(vec!["Step", "step", "arn", "aRN", "correlation_id", "tenant_ctx", "new_field"])
            .prop_map(|name| Change::Rename(name.to_owned())),
    ]
}

/// Every place in a payload, as (path to its object, key).
fn places(value: &Value, path: &str, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                into.push((path.to_owned(), key.clone()));
                places(inner, &format!("{path}/{key}"), into);
            }
        }
        Value::Array(items) => {
            for (nth, inner) in items.iter().enumerate() {
                places(inner, &format!("{path}/{nth}"), into);
            }
        }
        _ => {}
    }
}

fn apply(payload: &mut Value, place: Index, change: Change) {
    let mut all = Vec::new();
    places(payload, "", &mut all);
    if all.is_empty() {
        return;
    }
    let (path, key) = place.get(&all).clone();
    let object: &mut Map<String, Value> =
        payload.pointer_mut(&path).unwrap().as_object_mut().unwrap();
    match change {
        Change::Remove => drop(object.remove(&key)),
        Change::Replace(value) => drop(object.insert(key, value)),
        Change::Rename(name) => {
            let value = object.remove(&key).unwrap();
            object.insert(name, value);
        }
    }
}

fn check<T>(validator: &Validator, start: &Value)
where
    T: TryFrom<Value, Error = PayloadError>,
{
    check_reader(validator, start, |value| T::try_from(value).map(|_| ()));
}

fn check_payload(payload: &Payload) {
    check_reader(&committed(payload.name), &payload.full(), |value| {
        (payload.read)(value).map(|_| ())
    });
}

fn check_reader(
    validator: &Validator,
    start: &Value,
    read: impl Fn(Value) -> Result<(), PayloadError>,
) {
    assert!(validator.is_valid(start), "the starting point is sound");
    read(start.clone()).unwrap();
    let changes = proptest::collection::vec((any::<Index>(), any_change()), 1..3);
    let (taken, refused) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&changes, |changes| {
            let mut payload = start.clone();
            for (place, change) in changes {
                apply(&mut payload, place, change);
            }
            let valid = validator.is_valid(&payload);
            match read(payload.clone()) {
                Ok(()) => {
                    prop_assert!(valid, "taken, but not valid: {payload}");
                    taken.set(taken.get() + 1);
                }
                Err(error) => {
                    prop_assert!(!valid, "valid, but refused ({error}): {payload}");
                    prop_assert!(
                        !error.path().is_empty(),
                        "a refusal without a place: {error}"
                    );
                    refused.set(refused.get() + 1);
                }
            }
            Ok(())
        })
        .unwrap();
    let (taken, refused) = (taken.get(), refused.get());
    assert!(
        taken > 100 && refused > 100,
        "{taken} taken, {refused} refused proves little"
    );
}

#[test]
fn code_and_schema_agree_on_every_bent_rotation_step() {
    check::<RotationStep>(&committed("rotation-step"), &sample("rotate-create-secret"));
}

#[test]
fn code_and_schema_agree_on_every_bent_order_and_answer() {
    for order in ["retire-order", "rehearse-order"] {
        check::<RetireOrder>(&committed("retire-order"), &sample(order));
    }
    for answer in ["retire-answer", "rehearse-answer"] {
        check::<RetireAnswer>(&committed("retire-answer"), &sample(answer));
    }
}

#[test]
fn code_and_schema_agree_on_every_bent_record_of_the_audit_trail() {
    let mut record = sample("audit-record");
    record["ip_address"] = json!("10.0.12.7");
    record["user_agent"] = json!("aws-cli/2.27.0");
    check::<AuditRecord>(&committed("audit-record"), &record);
}

#[test]
fn code_and_schema_agree_on_every_bent_event_of_ours() {
    payloads::ours().iter().for_each(check_payload);
}

#[test]
fn code_and_schema_agree_on_every_bent_topic() {
    payloads::topics().iter().for_each(check_payload);
}

#[test]
fn code_and_schema_agree_on_every_bent_label_event() {
    let all = payloads::all();
    let label = all.iter().find(|one| one.name == "secret-label-updated");
    check_payload(label.unwrap());
}

#[test]
fn code_and_schema_agree_on_every_bent_record_of_cloudtrail() {
    let mut record = detail("cloudtrail/get-secret-value");
    record["errorCode"] = json!("AccessDenied");
    record["requestParameters"] = json!({
        "secretId": "a", "name": "a", "versionId": "a", "versionStage": "a", "clientRequestToken": "a",
        "moveToVersionId": "a", "removeFromVersionId": "a", "recoveryWindowInDays": 7,
        "forceDeleteWithoutRecovery": false,
    });
    record["responseElements"] = json!({ "arn": "a", "aRN": "a", "name": "a", "versionId": "a" });
    record["additionalEventData"] = json!({ "SecretId": "a" });
    record["userIdentity"]["invokedBy"] = json!("a");
    record["userIdentity"]["userName"] = json!("a");
    check::<TrailRecord>(&committed("cloudtrail-record"), &record);
}

/// Any object, which is all that the envelope's schema says about the detail.
struct AnyObject;

impl TryFrom<Value> for AnyObject {
    type Error = PayloadError;

    fn try_from(value: Value) -> Result<Self, PayloadError> {
        match value {
            Value::Object(_) => Ok(Self),
            // The contract's own refusal of what is no object.
            other => LabelUpdated::try_from(other).map(|_| Self),
        }
    }
}

impl Detail for AnyObject {
    const DETAIL_TYPE: DetailType = DetailType::SecretLabelUpdated;
}

#[test]
fn code_and_schema_agree_on_every_bent_envelope() {
    let text = include_str!("../../schemas/v1/event-envelope.schema.json");
    let mut schema: Value = serde_json::from_str(text).unwrap();
    // The schema is for all types of event, a reader for one.
    schema["properties"]["detail-type"] = json!({ "const": "Secret Label Updated" });
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    check::<Envelope<AnyObject>>(&validator, &sample("secret-label-updated"));
}
