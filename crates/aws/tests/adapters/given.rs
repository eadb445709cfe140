//! Secrets and versions as they are recorded.

use std::collections::BTreeMap;

use rekey_events::{Announcement, DetailType, EventId, Source};
use rekey_registry::{
    Changes, Deadline, DeadlineKey, Secret, SecretState, Store, Unsent, Version, VersionId, What,
};
use serde_json::json;

use crate::cloud::Table;

/// A secret with one version, which is current.
pub fn secret(name: &str) -> SecretState {
    let secret: Secret = serde_json::from_value(json!({
        "name": name,
        "arn": arn(name),
        "kind": "postgres",
        "owner": "team-a",
        "registered_at": 1_700_000_000,
        "presence": {"is": "present"},
        "current": "v1",
    }))
    .unwrap();
    SecretState {
        secret,
        versions: BTreeMap::from([version("v1", 1)]),
        consumers: Vec::new(),
        unsent: Vec::new(),
    }
}

pub fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf")
}

pub fn version(id: &str, number: u32) -> (VersionId, Version) {
    let id = VersionId::new(id);
    (id.clone(), Version::new(id, number, Some(1_700_000_000)))
}

/// The secret, with something due at `due_at`.
pub fn armed(mut state: SecretState, what: What, due_at: i64) -> SecretState {
    let key = DeadlineKey::new(what, &VersionId::new("v1"));
    let deadline = Deadline {
        promised: due_at,
        due_at: Some(due_at),
        attempt: 0,
        done_at: None,
    };
    state.secret.deadlines.insert(key, deadline);
    state
}

/// An announcement of observe's, with all that JSON has in its payload.
pub fn unsent(cause: &str) -> Unsent {
    let detail = json!({
        "text": "ä \"quoted\" \u{1F511}", "empty": "", "none": null, "whole": 9_007_199_254_740_993_u64,
        "negative": -3, "part": 0.1, "yes": true, "list": [1, null, {"deep": []}], "object": {},
    });
    Unsent {
        source: Source::Observe,
        at: 1_700_000_000,
        announcement: Announcement {
            event_id: EventId::derive(cause, "test"),
            detail_type: DetailType::RotateCompleted,
            resource: "db/app".into(),
            detail,
        },
    }
}

/// Records it as new.
pub async fn registered(table: &Table, state: &SecretState) -> SecretState {
    let changes = Changes::between(None, state).unwrap();
    table.store.commit(&changes).await.unwrap();
    loaded(table, &state.secret.name).await
}

/// Records it as a change of what is there.
pub async fn changed(table: &Table, before: &SecretState, after: &SecretState) -> SecretState {
    let changes = Changes::between(Some(before), after).unwrap();
    table.store.commit(&changes).await.unwrap();
    loaded(table, &after.secret.name).await
}

pub async fn loaded(table: &Table, name: &str) -> SecretState {
    table.store.load(name).await.unwrap().expect("a record")
}
