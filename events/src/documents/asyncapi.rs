//! `docs/asyncapi.yaml`: the buses, who does what on them, and the messages, as AsyncAPI 3.0 says such
//! things. A message is the whole event as a rule delivers it; PutEvents takes its `detail` alone.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{WRITTEN_BY, first_sentence, yaml};
use crate::catalogue::{self, Entry};
use crate::schema::say_the_most;
use crate::traffic::{Bus, Sender};
use crate::{Envelope, Extra, REQUESTER_SOURCE_PREFIX, Source};

/// The document.
#[must_use]
pub fn async_api() -> String {
    let entries = catalogue::entries();
    let mut generator = SchemaSettings::draft07()
        .with(|settings| {
            settings.meta_schema = None;
            settings.definitions_path = "/components/schemas".into();
        })
        .with_transform(RecursiveTransform(say_the_most))
        .into_generator();
    let envelope = generator.subschema_for::<Envelope<Extra>>();
    let payloads: Vec<Schema> = entries
        .iter()
        .map(|entry| (entry.payload)(&mut generator))
        .collect();
    let schemas = definitions(&mut generator);
    let messages: Map<String, Value> = entries
        .iter()
        .zip(&payloads)
        .map(|(entry, payload)| (id(entry), message(entry, &envelope, payload, &schemas)))
        .collect();
    let components = json!({ "messages": messages, "schemas": schemas });

    let mut text = format!("# Written from the contract by its own tests: {WRITTEN_BY}\n");
    text.push_str("asyncapi: 3.0.0\n");
    text.push_str("id: \"urn:rekey:events:v1\"\n");
    for (name, value) in [
        ("info", info()),
        ("defaultContentType", json!("application/json")),
        ("channels", channels(&entries)),
        ("operations", operations(&entries)),
        ("components", components),
    ] {
        text.push_str(&yaml::section(name, &value));
    }
    text
}

fn definitions(generator: &mut SchemaGenerator) -> Map<String, Value> {
    generator.take_definitions(true)
}

fn info() -> Value {
    json!({
        "title": "Rekey",
        "version": "1.0.0",
        "description": "Secrets on AWS, rotated: what is asked for and what is told, as events of Amazon EventBridge. \
            No event holds a secret value. Fields that are not known here are part of the contract: keep them.",
        "license": { "name": env!("CARGO_PKG_LICENSE") },
    })
}

/// Two of AWS's types have one payload, so a message is called as its event is.
fn id(entry: &Entry) -> String {
    entry.detail_type.as_str().replace(' ', "-")
}

fn message(
    entry: &Entry,
    envelope: &Schema,
    payload: &Schema,
    schemas: &Map<String, Value>,
) -> Value {
    let detail_type = entry.detail_type.as_str();
    let described = schemas.get(&(entry.type_name)());
    let description = described.and_then(|schema| schema.get("description"));
    let description = description.and_then(Value::as_str).unwrap_or(detail_type);
    json!({
        "name": detail_type,
        "title": detail_type,
        "summary": first_sentence(description),
        "description": description,
        "payload": {
            "allOf": [
                envelope,
                {
                    "type": "object",
                    "properties": {
                        "detail-type": { "const": detail_type },
                        "source": sources(entry),
                        "detail": payload,
                    },
                },
            ],
        },
        "examples": [{ "name": entry.sample, "payload": example(entry) }],
    })
}

fn example(entry: &Entry) -> Value {
    serde_json::from_str(entry.sample_text).unwrap_or_default()
}

fn sources(entry: &Entry) -> Value {
    let ways = entry.detail_type.ways();
    let mut names: Vec<Value> = Vec::new();
    let mut any_of: Vec<Value> = Vec::new();
    for sender in ways.iter().flat_map(|way| way.sent_by) {
        match sender {
            Sender::Of(source) => names.push(source.as_str().into()),
            Sender::Requester => {
                let prefix = REQUESTER_SOURCE_PREFIX.replace('.', "\\.");
                any_of.push(json!({ "type": "string", "pattern": format!("^{prefix}.") }));
            }
        }
    }
    if any_of.is_empty() {
        return json!({ "enum": names });
    }
    any_of.push(json!({ "enum": names }));
    json!({ "anyOf": any_of })
}

const fn channel(bus: Bus) -> &'static str {
    match bus {
        Bus::Requests => "requests",
        Bus::Inner => "inner",
        Bus::Default => "default",
    }
}

fn channels(entries: &[Entry]) -> Value {
    let all = Bus::ALL.iter().map(|&bus| {
        let messages: Map<String, Value> = entries
            .iter()
            .filter(|entry| entry.detail_type.ways().iter().any(|way| way.bus == bus))
            .map(|entry| {
                let id = id(entry);
                let refer = json!({ "$ref": format!("#/components/messages/{id}") });
                (id, refer)
            })
            .collect();
        let mut channel_of_bus = json!({
            "address": bus.name(),
            "description": described(bus),
            "messages": messages,
        });
        if let (true, Some(fields)) = (
            bus.name().contains("{stage}"),
            channel_of_bus.as_object_mut(),
        ) {
            let stage =
                json!({ "description": "the stage of the deployment", "examples": ["prod"] });
            fields.insert("parameters".to_owned(), json!({ "stage": stage }));
        }
        (channel(bus).to_owned(), channel_of_bus)
    });
    Value::Object(all.collect())
}

const fn described(bus: Bus) -> &'static str {
    match bus {
        Bus::Requests => {
            "The event bus of requests. Its policy takes this one type of event, and IAM pins each requester's source."
        }
        Bus::Inner => {
            "The event bus of what happened. Its policy lets our functions speak and nobody else; anybody in the \
             account may be given a rule."
        }
        Bus::Default => "The account's own event bus, on which AWS speaks. It is read only.",
    }
}

/// One for each function, bus and direction.
fn operations(entries: &[Entry]) -> Value {
    let mut operations = Map::new();
    for &function in Source::ALL {
        for &bus in Bus::ALL {
            let takes = |entry: &Entry| {
                let mut ways = entry.detail_type.ways().iter();
                ways.any(|way| way.bus == bus && way.taken_by.contains(&function))
            };
            let sends = |entry: &Entry| {
                let mut ways = entry.detail_type.ways().iter();
                ways.any(|way| way.bus == bus && way.sent_by.contains(&Sender::Of(function)))
            };
            let taken: Vec<&Entry> = entries.iter().filter(|entry| takes(entry)).collect();
            let sent: Vec<&Entry> = entries.iter().filter(|entry| sends(entry)).collect();
            // What AWS does is not an operation of ours.
            let sent = if function == Source::SecretsManager {
                Vec::new()
            } else {
                sent
            };
            for (action, said, some) in [("receive", "takes", taken), ("send", "sends", sent)] {
                if !some.is_empty() {
                    let name = function.as_str().trim_start_matches("rekey.");
                    let id = format!("{name}-{action}s-{}", channel(bus));
                    let summary = format!("{} {said}", function.as_str());
                    operations.insert(id, operation(action, bus, &summary, &some));
                }
            }
        }
    }
    Value::Object(operations)
}

fn operation(action: &str, bus: Bus, summary: &str, entries: &[&Entry]) -> Value {
    let channel = format!("#/channels/{}", channel(bus));
    let messages = entries
        .iter()
        .map(|entry| json!({ "$ref": format!("{channel}/messages/{}", id(entry)) }));
    json!({
        "action": action,
        "channel": { "$ref": channel },
        "summary": summary,
        "messages": messages.collect::<Vec<_>>(),
    })
}
