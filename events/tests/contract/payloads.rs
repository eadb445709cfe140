//! Every payload that stands in an event, for the promises that all of them keep.

use std::fmt::Debug;

use rekey_events::{
    Announcement, Detail, DetailType, EventId, GraceEnding, LabelUpdated, MissingDetected,
    PayloadError, REQUESTER_SOURCE_PREFIX, RequestAnswered, RequestRefused, RetireIntended,
    RollbackIntended, RotateCompleted, RotateRequested, RotationIntended, SecretAccessed,
    SecretDelete, SecretNearExpiry, SecretOverdue, SecretPut, SecretQuarantined, SecretRetireHeld,
    SecretRetired, SecretRolledBack, Source, StepFailed,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::samples::detail;
use crate::schemas::committed_text;

pub struct Payload {
    /// Of its schema and its sample.
    pub name: &'static str,
    /// Where its sample comes from.
    pub source: String,
    pub detail_type: DetailType,
    /// Reads it and writes it back.
    pub read: fn(Value) -> Result<Value, PayloadError>,
    /// Reads it and prints it.
    pub show: fn(Value) -> String,
    /// Reads it and makes an announcement of it.
    pub announce: fn(Value) -> Announcement,
}

fn of<D: Detail + Serialize + Debug>(name: &'static str, source: &str) -> Payload {
    Payload {
        name,
        source: source.to_owned(),
        detail_type: D::DETAIL_TYPE,
        read: |value| D::try_from(value).map(|read| serde_json::to_value(read).unwrap()),
        show: |value| {
            let read = D::try_from(value).unwrap();
            format!("{read:?} {read:#?}")
        },
        announce: |value| {
            let read = D::try_from(value).unwrap();
            Announcement::of(EventId::derive("a", "b"), "db/app", &read).unwrap()
        },
    }
}

pub fn topics() -> Vec<Payload> {
    let observe = Source::Observe.as_str();
    let requester = format!("{REQUESTER_SOURCE_PREFIX}billing");
    vec![
        of::<SecretPut>("secret-put", observe),
        of::<SecretDelete>("secret-delete", observe),
        of::<RotateRequested>("rotate-requested", &requester),
        of::<RotateCompleted>("rotate-completed", observe),
        of::<MissingDetected>("missing-detected", Source::Sweep.as_str()),
    ]
}

pub fn ours() -> Vec<Payload> {
    let rotate = Source::Rotate.as_str();
    let retire = Source::Retire.as_str();
    let sweep = Source::Sweep.as_str();
    vec![
        of::<RotationIntended>("rotation-intended", rotate),
        of::<StepFailed>("step-failed", rotate),
        of::<RequestRefused>("request-refused", Source::Request.as_str()),
        of::<RequestAnswered>("request-answered", retire),
        of::<SecretAccessed>("secret-accessed", Source::Observe.as_str()),
        of::<RetireIntended>("retire-intended", retire),
        of::<SecretRetired>("secret-retired", retire),
        of::<SecretRetireHeld>("secret-retire-held", retire),
        of::<RollbackIntended>("rollback-intended", retire),
        of::<SecretRolledBack>("secret-rolled-back", retire),
        of::<SecretNearExpiry>("secret-near-expiry", sweep),
        of::<SecretOverdue>("secret-overdue", sweep),
        of::<GraceEnding>("grace-ending", sweep),
        of::<SecretQuarantined>("secret-quarantined", sweep),
    ]
}

pub fn all() -> Vec<Payload> {
    let mut all = topics();
    all.extend(ours());
    all.push(of::<LabelUpdated>(
        "secret-label-updated",
        Source::SecretsManager.as_str(),
    ));
    all
}

/// What an optional field may hold that a sample leaves out.
fn optional_fields() -> Value {
    json!({
        "correlation_id": "x-1",
        "flow_id": "x-2",
        "pack_id": "x-3",
        "session_id": "x-4",
        "tenant_ctx": { "environment": "prod", "tenant": "acme" },
        "fingerprint": "hmac-sha256:3f9a0c5be1d247768c10d2f4a5b6e798",
        "error": "no answer",
        "class": "target_unreachable",
        "version_id": "5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10",
        "rotated_from": "b27c1d9a-0e55-4f6b-9c1f-7a84d1c0e2f3",
        "version": 2,
        "result": "success",
        "requested_by": "user-123",
        "consumers": ["backend"],
        "superseded_by": "b27c1d9a-0e55-4f6b-9c1f-7a84d1c0e2f3",
        "approved_by": "arn:aws:sts::123456789012:assumed-role/administrator/kim",
        "expires_at": "2026-03-03T04:00:00Z",
        "checks": [{ "name": "tls", "result": "failed", "class": "tls_refused", "message": "expired" }],
        "arn": "arn:aws:secretsmanager:us-east-1:1:secret:a-aB3dE6",
        "aRN": "arn:aws:secretsmanager:us-east-1:1:secret:a-aB3dE6",
    })
}

impl Payload {
    /// Its sample with everything optional filled in, so that every field is there to be bent.
    pub fn full(&self) -> Value {
        let mut payload = detail(self.name);
        let optional = optional_fields();
        let schema: Value = serde_json::from_str(&committed_text(self.name)).unwrap();
        for field in schema["properties"].as_object().unwrap().keys() {
            if payload.get(field).is_none() {
                payload[field] = optional[field].clone();
            }
            assert!(
                !payload[field].is_null(),
                "{}: fill in `{field}`",
                self.name
            );
        }
        payload
    }
}
