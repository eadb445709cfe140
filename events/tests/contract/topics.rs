//! The five topics take what their first producers send, word for word.

use rekey_events::{
    Detail, ErrorClass, MissingDetected, Outcome, PayloadError, RotateCompleted, RotateRequested,
    SecretDelete, SecretName, SecretPut, StoredName, Timestamp,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::schemas::committed;

/// The examples of the convention that the topics come from.
const PUT: &str = r#"{
  "schema_version": "v1",
  "key": "services/payments/api-key",
  "scope": { "env": "prod", "tenant": "acme", "team": "payments" },
  "tenant_ctx": { "environment": "prod", "tenant": "acme" },
  "correlation_id": "flow-123",
  "pack_id": "billing-pack@1.2.3",
  "result": "success",
  "timestamp": "2024-12-18T12:34:56Z",
  "metadata": { "issuer": "greentic-secrets-cli" }
}"#;
const DELETE: &str = r#"{
  "schema_version": "v1",
  "key": "services/payments/api-key",
  "scope": { "env": "prod", "tenant": "acme", "team": "payments" },
  "tenant_ctx": { "environment": "prod", "tenant": "acme" },
  "correlation_id": "flow-456",
  "pack_id": "billing-pack@1.2.3",
  "result": "success",
  "timestamp": "2024-12-18T12:40:00Z",
  "metadata": { "issuer": "greentic-secrets-cli" }
}"#;
const REQUESTED: &str = r#"{
  "schema_version": "v1",
  "key": "services/payments/api-key",
  "scope": { "env": "prod", "tenant": "acme", "team": "payments" },
  "tenant_ctx": { "environment": "prod", "tenant": "acme" },
  "correlation_id": "flow-789",
  "pack_id": "billing-pack@1.2.3",
  "requested_by": "user-123",
  "reason": "scheduled-rotation",
  "timestamp": "2024-12-18T12:45:00Z"
}"#;
const COMPLETED: &str = r#"{
  "schema_version": "v1",
  "key": "services/payments/api-key",
  "scope": { "env": "prod", "tenant": "acme", "team": "payments" },
  "tenant_ctx": { "environment": "prod", "tenant": "acme" },
  "correlation_id": "flow-789",
  "pack_id": "billing-pack@1.2.3",
  "result": "success",
  "timestamp": "2024-12-18T12:46:10Z",
  "metadata": { "rotation_window": "5m" }
}"#;
const MISSING: &str = r#"{
  "schema_version": "v1",
  "key": "services/payments/api-key",
  "scope": { "env": "prod", "tenant": "acme", "team": "payments" },
  "tenant_ctx": { "environment": "prod", "tenant": "acme" },
  "correlation_id": "flow-999",
  "pack_id": "billing-pack@1.2.3",
  "result": "missing",
  "error": "secret not found in store",
  "timestamp": "2024-12-18T12:50:00Z"
}"#;

fn written_back<D: Detail + Serialize>(schema: &str, example: &str) -> D {
    let value: Value = serde_json::from_str(example).unwrap();
    assert!(committed(schema).is_valid(&value), "{schema}");
    let read = D::try_from(value.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), value, "{schema}");
    read
}

#[test]
fn the_examples_of_the_convention_are_read_and_written_back_word_for_word() {
    let put: SecretPut = written_back("secret-put", PUT);
    assert_eq!(put.result, Some(Outcome::Success));
    assert_eq!(
        put.metadata.unwrap().field("issuer"),
        Some(&json!("greentic-secrets-cli"))
    );
    written_back::<SecretDelete>("secret-delete", DELETE);

    let requested: RotateRequested = written_back("rotate-requested", REQUESTED);
    assert_eq!(requested.requested_by.unwrap().as_str(), "user-123");
    assert_eq!(requested.reason.unwrap().as_str(), "scheduled-rotation");
    let scope = requested.scope.unwrap();
    assert_eq!(scope.of_name().env, Some("prod"));
    assert_eq!(scope.of_name().tenant, Some("acme"));
    assert!(SecretName::parse(requested.key.as_str()).is_ok());

    written_back::<RotateCompleted>("rotate-completed", COMPLETED);
    let missing: MissingDetected = written_back("missing-detected", MISSING);
    assert_eq!(missing.result, Some(Outcome::Missing));
    assert_eq!(missing.error.unwrap().as_str(), "secret not found in store");
}

#[test]
fn a_broken_request_is_refused_where_it_is_broken() {
    let check = |change: fn(&mut Value), says: &str| {
        let mut payload: Value = serde_json::from_str(REQUESTED).unwrap();
        change(&mut payload);
        assert!(!committed("rotate-requested").is_valid(&payload), "{says}");
        let error: PayloadError = RotateRequested::try_from(payload).unwrap_err();
        assert_eq!(error.to_string(), says);
    };
    check(
        |p| drop(p.as_object_mut().unwrap().remove("key")),
        "`key` is missing",
    );
    check(
        |p| drop(p.as_object_mut().unwrap().remove("timestamp")),
        "`timestamp` is missing",
    );
    check(
        |p| p["key"] = json!("two words"),
        "`key` must be 1 to 512 printable ASCII characters without spaces",
    );
    check(
        |p| p["timestamp"] = json!(1734525900),
        "`timestamp` must be a string, not a number",
    );
    check(
        |p| p["scope"]["tenant"] = json!(["acme"]),
        "`scope.tenant` must be a string, not an array",
    );
    check(
        |p| p["version"] = json!(-1),
        "`version` must be a whole number from 0 to 4294967295",
    );
    check(
        |p| p["metadata"] = json!("greentic-secrets-cli"),
        "`metadata` must be an object, not a string",
    );
    check(
        |p| p["result"] = json!("Went well"),
        "`result` must be 1 to 64 of a-z, 0-9, `_`, `-`, beginning with a letter",
    );
    check(
        |p| p["secret"] = json!({ "arn": "arn:aws:x" }),
        "`secret.name` is missing",
    );
}

#[test]
fn a_topic_of_ours_begins_with_what_it_needs_and_grows() {
    let key = StoredName::new("db/app-primary").unwrap();
    let mut completed = RotateCompleted::new(key, Timestamp::of_unix(1_772_424_000).unwrap());
    assert_eq!(
        serde_json::to_value(&completed).unwrap(),
        json!({
            "schema_version": "v1",
            "key": "db/app-primary",
            "timestamp": "2026-03-02T04:00:00Z",
        })
    );
    completed.result = Some(Outcome::Failed);
    completed.class = Some(ErrorClass::TargetUnreachable);
    completed.version = Some(2);
    let written = serde_json::to_value(&completed).unwrap();
    assert_eq!(written["class"], "target_unreachable");
    assert_eq!(RotateCompleted::try_from(written).unwrap(), completed);
}

#[test]
fn a_whole_number_is_read_however_it_is_written() {
    for (written, read) in [
        (json!(0), 0),
        (json!(3.0), 3),
        (json!(4_294_967_295_u64), u32::MAX),
    ] {
        let mut payload: Value = serde_json::from_str(COMPLETED).unwrap();
        payload["version"] = written;
        assert_eq!(
            RotateCompleted::try_from(payload).unwrap().version,
            Some(read)
        );
    }
}
