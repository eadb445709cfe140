//! What becomes of an event in the trail.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that stops here has failed; clippy's own exception does not reach what tests call"
)]

#[path = "heard/actors.rs"]
mod actors;
#[path = "heard/bounds.rs"]
mod bounds;
#[path = "heard/every_event.rs"]
mod every_event;
#[path = "heard/history.rs"]
mod history;
#[path = "heard/targets.rs"]
mod targets;

use std::fs;
use std::path::PathBuf;

use rekey_audit::heard;
use rekey_events::{AuditRecord, DetailType};
use serde_json::Value;

fn samples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/samples")
}

/// Every sample that is an event, with the name of its file.
fn events() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(samples()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let event: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            all.extend(event.get("detail").is_some().then(|| (name, event.clone())));
        }
    }
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

fn sample(detail_type: DetailType) -> Value {
    let mut all = events().into_iter().map(|(_, event)| event);
    all.find(|event| event["detail-type"] == detail_type.as_str())
        .unwrap()
}

/// The sample with other values in its detail; `null` takes a field away.
fn bent(detail_type: DetailType, changes: &[(&str, Value)]) -> Value {
    let mut event = sample(detail_type);
    let detail = event["detail"].as_object_mut().unwrap();
    for (name, value) in changes {
        if value.is_null() {
            detail.remove(*name);
        } else {
            detail.insert((*name).to_owned(), value.clone());
        }
    }
    event
}

fn record(event: Value) -> AuditRecord {
    heard(event).unwrap().record
}

fn said<'a>(record: &'a AuditRecord, name: &str) -> Option<&'a Value> {
    record.metadata.as_ref()?.field(name)
}

fn request_id(record: &AuditRecord) -> Option<&str> {
    record.request_id.as_ref().map(|it| it.as_str())
}
