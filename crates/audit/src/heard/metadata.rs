//! What else an event says: kept by its own names, as far as the contract knows it.

use serde_json::{Map, Number, Value};

use super::fit::MOST_ITEMS;
use super::redact::redacted;

/// What stands elsewhere in the record, or is taken apart here.
const ELSEWHERE: [&str; 12] = [
    "schema_version",
    "event_id",
    "occurred_at",
    "timestamp",
    "secret",
    "metadata",
    "actor",
    "role",
    "requested_by",
    "reader",
    "source_ip",
    "user_agent",
];

/// The fields of objects that are kept. An object that is not named here is not kept, nor is another field:
/// nobody has said what is in it.
const OBJECTS: [(&str, &[&str]); 5] = [
    ("checks", &["name", "result", "class", "message"]),
    ("proof", &["method", "seen_at", "sessions_ended"]),
    ("scope", &["env", "tenant", "team"]),
    ("steps", &["step", "message"]),
    ("tenant_ctx", &["environment", "tenant"]),
];

/// What our own functions write into the free metadata of a topic. Nothing else of it is kept.
const OURS: [&str; 5] = [
    "called_by",
    "current_version",
    "recoverable_until",
    "request",
    "sites",
];

/// Texts that are ids, words or points in time by contract: they are to be found again as they are.
const EXACT: [&str; 26] = [
    "answer",
    "cause",
    "class",
    "current_version",
    "detail_type",
    "event_id",
    "expires_at",
    "fingerprint",
    "from_version",
    "invocation",
    "kind",
    "method",
    "request",
    "request_id",
    "requester",
    "result",
    "rotated_from",
    "secret_arn",
    "seen_at",
    "source",
    "step",
    "strategy",
    "superseded_by",
    "to_version",
    "version_id",
    "what",
];

/// The metadata of a record. `claimed` says whether `requested_by` is only what somebody says.
pub(super) fn of(mut fields: Map<String, Value>, claimed: bool) -> Map<String, Value> {
    let mut kept = Map::new();
    let arn = fields.get("secret").and_then(|secret| secret.get("arn"));
    put(&mut kept, "secret_arn", arn.cloned());
    for (from, name) in [("service", "service"), ("own", "own")] {
        let value = fields.get("reader").and_then(|reader| reader.get(from));
        put(&mut kept, name, value.cloned());
    }
    if let Some(Value::Object(free)) = fields.get("metadata") {
        for name in OURS {
            let value = free.get(name).filter(|value| is_text_or_texts(value));
            put(&mut kept, name, value.cloned());
        }
    }
    if claimed {
        put(&mut kept, "claimed_by", fields.remove("requested_by"));
    }
    for name in ELSEWHERE {
        fields.remove(name);
    }
    for (name, value) in fields {
        put(&mut kept, &name, Some(value));
    }
    kept
}

/// Keeps a value as far as it may be kept.
pub(super) fn put(kept: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    let objects = OBJECTS.iter().find(|(object, _)| *object == name);
    let inner = objects.map_or(&[][..], |(_, inner)| *inner);
    if let Some(value) = value.and_then(|value| keep(name, value, inner)) {
        kept.insert(name.to_owned(), value);
    }
}

fn keep(name: &str, value: Value, inner: &[&str]) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some(value),
        // A chain is hashed by a canonical spelling, and fractions have too many.
        Value::Number(number) if number.is_f64() => None,
        // RFC 8785 writes numbers as the doubles of ECMAScript do, which are exact up to 2^53.
        Value::Number(number) if !is_exact(&number) => Some(Value::String(number.to_string())),
        Value::Number(_) => Some(value),
        Value::String(text) if EXACT.contains(&name) => Some(Value::String(text)),
        Value::String(text) => Some(Value::String(redacted(&text))),
        Value::Array(items) => {
            // One more than is kept, so that it is seen that there were more.
            let items = items.into_iter().take(MOST_ITEMS + 1);
            let items = items.filter_map(|item| keep(name, item, inner));
            Some(Value::Array(items.collect()))
        }
        Value::Object(mut object) => {
            let mut kept = Map::new();
            for name in inner {
                let value = object
                    .remove(*name)
                    .and_then(|value| keep(name, value, &[]));
                kept.extend(value.map(|value| ((*name).to_owned(), value)));
            }
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
    }
}

fn is_exact(number: &Number) -> bool {
    const MOST: u64 = (1 << 53) - 1;
    number
        .as_i64()
        .map_or_else(|| number.as_u64(), |number| Some(number.unsigned_abs()))
        .is_some_and(|number| number <= MOST)
}

fn is_text_or_texts(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(items) => items.iter().all(Value::is_string),
        _ => false,
    }
}
