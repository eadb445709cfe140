//! What is generated for others is what the contract says, and is what it claims to be.

use std::fs;
use std::path::PathBuf;

use rekey_events::catalogue::{Entry, entries};
use rekey_events::documents;
use rekey_events::{Bus, DetailType, REQUESTER_SOURCE_PREFIX, Sender, Source};
use serde_json::{Value, json};

use crate::schemas::committed;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn golden(path: &str, generated: &str) {
    let file = root().join(path);
    if std::env::var_os("REKEY_BLESS").is_some() {
        fs::write(&file, generated).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == generated,
        "{path} is not what the contract says now: REKEY_BLESS=1 cargo test -p rekey-events --all-features"
    );
}

/// The template's schemas: the name of each and its document.
fn registered() -> Vec<(String, Value)> {
    let template: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(&documents::schema_registry()).unwrap();
    let resources = template["Resources"].as_mapping().unwrap().values();
    let schemas = resources.filter(|one| one["Type"] == "AWS::EventSchemas::Schema");
    schemas
        .map(|one| {
            let properties = &one["Properties"];
            assert_eq!(properties["Type"], "OpenApi3");
            let content = properties["Content"].as_str().unwrap();
            // CreateSchema takes 100,000 characters.
            assert!(content.chars().count() < 30_000);
            let name = properties["SchemaName"].as_str().unwrap().to_owned();
            (name, serde_json::from_str(content).unwrap())
        })
        .collect()
}

#[test]
fn every_event_that_can_be_taken_or_sent_is_in_the_registry_and_fits_its_sample() {
    let theirs = [
        DetailType::SecretLabelUpdated,
        DetailType::ApiCall,
        DetailType::ServiceEvent,
    ];
    let all = entries();
    let ours = all.iter().filter(|one| !theirs.contains(&one.detail_type));
    let registered = registered();
    assert_eq!(ours.clone().count(), registered.len());
    for (entry, (name, document)) in ours.zip(registered) {
        let event = &document["components"]["schemas"]["AWSEvent"];
        let (source, detail_type) = name.split_once('@').unwrap();
        assert_eq!(detail_type, entry.detail_type.as_str());
        assert_eq!(event["x-amazon-events-detail-type"], detail_type);
        assert_eq!(event["x-amazon-events-source"], source);
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_@".contains(c);
        assert!(name.len() <= 385 && name.chars().all(allowed), "{name}");

        // OpenAPI's dialect of JSON Schema differs in what a sample does not have: `nullable`.
        let mut schema = document.clone();
        schema["$ref"] = json!("#/components/schemas/AWSEvent");
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        let sample: Value = serde_json::from_str(entry.sample_text).unwrap();
        assert!(validator.is_valid(&sample), "{name}");
        let fields = sample["detail"].as_object().unwrap().keys();
        for field in fields {
            let mut bent = sample.clone();
            bent["detail"][field] = json!([[]]);
            assert!(!validator.is_valid(&bent), "{name}: {field}");
        }
    }
}

#[test]
fn the_catalogue_has_every_type_of_event_with_its_sample() {
    let all = entries();
    let types: Vec<DetailType> = all.iter().map(|one| one.detail_type).collect();
    assert_eq!(types, DetailType::ALL);
    for Entry {
        detail_type,
        schema,
        sample,
        sample_text,
        ..
    } in &all
    {
        let sample_value: Value = serde_json::from_str(sample_text).unwrap();
        assert_eq!(sample_value["detail-type"], detail_type.as_str());
        assert_eq!(crate::samples::sample(sample), sample_value);
        assert!(
            committed(schema).is_valid(&sample_value["detail"]),
            "{sample}"
        );
    }
}

#[test]
fn a_sample_comes_from_a_sender_of_its_event() {
    for entry in entries() {
        let sample: Value = serde_json::from_str(entry.sample_text).unwrap();
        let source = sample["source"].as_str().unwrap();
        let ways = entry.detail_type.ways();
        let mut senders = ways.iter().flat_map(|way| way.sent_by);
        let is_one = senders.any(|sender| match sender {
            Sender::Of(function) => function.as_str() == source,
            Sender::Requester => source.starts_with(REQUESTER_SOURCE_PREFIX),
        });
        assert!(is_one, "{}: {source}", entry.detail_type);
    }
}

#[test]
fn on_the_requests_bus_requesters_ask_and_on_the_inner_bus_our_functions_speak() {
    for detail_type in DetailType::ALL {
        let ways = detail_type.ways();
        assert!(!ways.is_empty(), "{detail_type}");
        for way in ways {
            assert!(!way.sent_by.is_empty(), "{detail_type}");
            match way.bus {
                Bus::Requests => {
                    assert_eq!(*detail_type, DetailType::RotateRequested);
                    assert_eq!(way.sent_by, [Sender::Requester]);
                    assert_eq!(way.taken_by, [Source::Request]);
                }
                Bus::Inner => {
                    let aws = Sender::Of(Source::SecretsManager);
                    assert!(!way.sent_by.contains(&aws), "{detail_type}");
                    assert!(!way.sent_by.contains(&Sender::Requester), "{detail_type}");
                }
                Bus::Default => {
                    assert_eq!(way.sent_by, [Sender::Of(Source::SecretsManager)]);
                }
            }
        }
    }
}

#[test]
fn the_page_of_the_events_is_the_contracts() {
    golden("docs/events.md", &documents::events_page());
}

#[test]
fn the_page_tells_every_event_with_its_sample_and_every_link_on_it_leads_to_a_heading() {
    let page = documents::events_page();
    for entry in entries() {
        let heading = format!("\n### {}\n", entry.detail_type);
        let (_, section) = page.split_once(&heading).unwrap();
        let section = section.split("\n### ").next().unwrap();
        assert!(section.contains(entry.sample_text.trim_end()), "{heading}");
        let sample: Value = serde_json::from_str(entry.sample_text).unwrap();
        let common = ["schema_version", "correlation_id", "pack_id", "tenant_ctx"];
        let theirs = entry.detail_type.as_str().contains("CloudTrail");
        for field in sample["detail"].as_object().unwrap().keys() {
            let told = section.contains(&format!("\n| `{field}` | "));
            assert!(
                told || theirs || common.contains(&field.as_str()),
                "{heading}: {field}"
            );
        }
    }
    let headings: Vec<String> = page
        .lines()
        .filter_map(|line| {
            line.trim_start_matches('#')
                .strip_prefix(' ')
                .filter(|_| line.starts_with('#'))
        })
        .map(|heading| heading.to_lowercase().replace(' ', "-").replace('.', ""))
        .collect();
    let links = page.split("](#").skip(1);
    let links: Vec<&str> = links.filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.len() > 100);
    for link in links {
        let there = headings.iter().filter(|heading| *heading == link).count();
        assert_eq!(there, 1, "{link}");
    }
}

#[test]
fn the_page_says_what_every_word_means() {
    let page = documents::events_page();
    let schemas = rekey_events::schema::v1();
    let mut words = 0;
    for (_, schema) in &schemas {
        let definitions = schema.get("$defs").and_then(Value::as_object);
        for definition in definitions.into_iter().flat_map(|all| all.values()) {
            let open = definition["anyOf"][0]["enum"]
                .as_array()
                .into_iter()
                .flatten();
            let closed = definition["oneOf"].as_array().into_iter().flatten();
            for word in open.chain(closed.map(|one| &one["const"])) {
                let row = format!("\n| `{}` | ", word.as_str().unwrap());
                let (_, meaning) = page.split_once(&row).unwrap();
                assert!(!meaning.starts_with('|'), "{row}");
                words += 1;
            }
        }
    }
    assert!(words > 100, "{words}");
}

#[test]
fn the_asyncapi_document_is_the_contracts() {
    golden("docs/asyncapi.yaml", &documents::async_api());
}

#[test]
fn every_message_of_the_asyncapi_document_fits_its_sample_and_has_a_channel() {
    let document: Value = serde_yaml_ng::from_str(&documents::async_api()).unwrap();
    let messages = document["components"]["messages"].as_object().unwrap();
    assert_eq!(messages.len(), DetailType::ALL.len());
    for (id, message) in messages {
        let mut schema = message["payload"].clone();
        schema["components"] = document["components"].clone();
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft7)
            .build(&schema)
            .unwrap();
        let example = &message["examples"][0]["payload"];
        assert!(validator.is_valid(example), "{id}");
        for (place, value) in [
            ("source", "rekey.nobody"),
            ("detail-type", "x"),
            ("detail", "x"),
        ] {
            let mut bent = example.clone();
            bent[place] = json!(value);
            assert!(!validator.is_valid(&bent), "{id}: {place}");
        }
        let refer = json!({ "$ref": format!("#/components/messages/{id}") });
        let channels = document["channels"].as_object().unwrap();
        let mut messages = channels.values().filter_map(|one| one["messages"].get(id));
        assert!(messages.any(|message| *message == refer), "{id}");
    }
}

#[test]
fn the_schema_registry_is_the_contracts() {
    golden("infra/schemas.yaml", &documents::schema_registry());
}
