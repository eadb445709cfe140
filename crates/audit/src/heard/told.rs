//! A record, put together of what an event says.

use std::str::FromStr as _;

use rekey_events::{
    ActorType, AuditRecord, DetailType, Envelope, EventId, PayloadError, SecretRef, Source,
};
use serde_json::{Map, Value, json};

use super::event::Anything;
use super::mapping::{Mapping, UNRECOGNISED};
use super::redact::redacted;
use super::{fit, metadata};
use crate::chain::Chain;

/// The longest name that a target can have, in characters.
const LONGEST_TARGET: usize = 512;

/// What is kept of an event of a known type.
pub(super) fn known(
    envelope: &Envelope<Anything>,
    detail_type: DetailType,
    mut fields: Map<String, Value>,
) -> Result<AuditRecord, PayloadError> {
    let mapping = Mapping::of(detail_type);
    let source = envelope.source.as_str();
    let who = mapping.actor.find(&fields, source);
    let mut record = Map::new();
    let id = fields.get("event_id").cloned();
    record.insert(
        "id".to_owned(),
        id.unwrap_or_else(|| json!(derived(envelope))),
    );
    let at = fields
        .get("occurred_at")
        .or_else(|| fields.get("timestamp"));
    record.insert("createdAt".to_owned(), at.cloned().unwrap_or_default());
    record.insert("actor_id".to_owned(), json!(name_of_actor(&who.name)));
    record.insert("actor_type".to_owned(), json!(who.kind));
    record.insert("action".to_owned(), json!(mapping.action.action(&fields)));
    set(&mut record, "actorRole", fields.get("role"));
    set(&mut record, "ip_address", fields.get("source_ip"));
    let user_agent = fields.get("user_agent").and_then(Value::as_str);
    set(
        &mut record,
        "user_agent",
        user_agent.map(|it| json!(redacted(it))).as_ref(),
    );
    let request = mapping.request.and_then(|name| fields.get(name));
    set(&mut record, "request_id", request);
    target(&mut record, &fields);
    match detail_type {
        // The call's own id is the record's.
        DetailType::SecretAccessed => drop(fields.remove("request_id")),
        // The version is the record's request; this is the one of Lambda's, to be found in the log.
        DetailType::StepFailed => {
            let invocation = fields.remove("request_id");
            fields.extend(invocation.map(|it| ("invocation".to_owned(), it)));
        }
        _ => {}
    }
    let mut kept = metadata::of(fields, !mapping.actor.vouches(source));
    told_by(&mut kept, envelope);
    record.insert("metadata".to_owned(), Value::Object(kept));
    AuditRecord::try_from(Value::Object(fit::into_bounds(record)))
}

/// What is kept of an event whose type a newer function knows.
pub(super) fn unrecognised(
    envelope: &Envelope<Anything>,
    detail: &Value,
) -> Result<AuditRecord, PayloadError> {
    let id = detail.get("event_id").and_then(Value::as_str);
    let id = id.and_then(|id| EventId::parse(id).ok());
    let id = id.unwrap_or_else(|| derived(envelope));
    let mut record = Map::new();
    record.insert("id".to_owned(), json!(id));
    record.insert("createdAt".to_owned(), json!(envelope.time));
    record.insert("actor_id".to_owned(), json!(envelope.source));
    record.insert("actor_type".to_owned(), json!(ActorType::System));
    record.insert("action".to_owned(), json!(UNRECOGNISED));
    let secret = detail.get("secret").cloned();
    let secret = secret.and_then(|it| SecretRef::try_from(it).ok());
    let mut fields = Map::new();
    if let Some(secret) = secret {
        let (name, arn) = (&secret.name, &secret.arn);
        fields.insert("secret".to_owned(), json!({ "name": name, "arn": arn }));
        target(&mut record, &fields);
    } else {
        record.insert("target_type".to_owned(), json!("event"));
        record.insert("target_id".to_owned(), json!(id));
        record.insert("tenant".to_owned(), json!(Chain::platform()));
    }
    let mut kept = metadata::of(fields, false);
    told_by(&mut kept, envelope);
    record.insert("metadata".to_owned(), Value::Object(kept));
    AuditRecord::try_from(Value::Object(fit::into_bounds(record)))
}

/// EventBridge gives every entry a new id, so this one tells redeliveries, and not repeats.
fn derived(envelope: &Envelope<Anything>) -> EventId {
    EventId::derive(envelope.id.as_str(), envelope.detail_type.as_str())
}

fn told_by(kept: &mut Map<String, Value>, envelope: &Envelope<Anything>) {
    metadata::put(kept, "detail_type", Some(json!(envelope.detail_type)));
    metadata::put(kept, "source", Some(json!(envelope.source)));
}

fn set(record: &mut Map<String, Value>, name: &str, value: Option<&Value>) {
    record.extend(value.map(|value| (name.to_owned(), value.clone())));
}

/// What it was done to, and whose chain that is. What is only asked for by a name opens no chain: whoever
/// may ask could open as many as there are names.
fn target(record: &mut Map<String, Value>, fields: &Map<String, Value>) {
    let secret = fields.get("secret");
    let name = secret.and_then(|it| it.get("name")?.as_str());
    let key = fields.get("key").and_then(Value::as_str);
    let (target_type, target_id) = match (name, key) {
        (Some(name), _) => ("secret", name.to_owned()),
        // Whoever asks may have pasted a password into the wrong field.
        (None, Some(key)) => (
            "secret",
            redacted(key).chars().take(LONGEST_TARGET).collect(),
        ),
        (None, None) => {
            let request = fields.get("request").and_then(Value::as_str);
            ("request", request.unwrap_or("unknown").to_owned())
        }
    };
    let is_in_the_store = secret.is_some_and(|it| it.get("arn").is_some_and(Value::is_string));
    let tenant = name.filter(|_| is_in_the_store).and_then(tenant);
    let tenant = tenant.unwrap_or_else(Chain::platform);
    record.insert("target_type".to_owned(), json!(target_type));
    record.insert("target_id".to_owned(), json!(target_id));
    record.insert("tenant".to_owned(), json!(tenant));
}

/// The tenant of a reference, `tenant.<slug>.<provider>.<key>`, as the registry reads it.
fn tenant(name: &str) -> Option<Chain> {
    let mut parts = name.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("tenant"), Some(slug), Some(_), Some(_)) => Chain::parse(slug).ok(),
        _ => None,
    }
}

/// An actor that AWS or a bus names stays as it is: others are looked up by it. Any other was written by
/// people.
fn name_of_actor(name: &str) -> String {
    if name.starts_with("arn:") || Source::from_str(name).is_ok() {
        return name.to_owned();
    }
    redacted(name)
}
