//! `infra/schemas.yaml`: the events in EventBridge's own schema registry, from which its console and its
//! tools make code and rules. Each schema is an OpenAPI 3.0 document in the form of AWS's own ("Creating a
//! schema from event JSON", EventBridge User Guide): `AWSEvent` is the envelope and refers to the detail.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::{Map, Value, json};

use super::WRITTEN_BY;
use crate::catalogue::{self, Entry};
use crate::schema::say_the_most;
use crate::traffic::{Bus, Sender};
use crate::{DetailType, REQUESTER_SOURCE_PREFIX};

/// The template.
#[must_use]
pub fn schema_registry() -> String {
    let mut text = format!(
        r#"# Written from the contract by the tests of rekey-events: {WRITTEN_BY}
AWSTemplateFormatVersion: "2010-09-09"
Description: >-
  The shapes of the events of both buses, for whoever sends or takes them.
  Wired by template.yaml, which documents the parameters and holds their defaults.

Parameters:
  Stage:
    Type: String

Resources:
  Registry:
    Type: AWS::EventSchemas::Registry
    Properties:
      RegistryName: !Sub rekey-${{Stage}}
      Description: What Rekey takes and tells. Metadata only, never a secret value.
"#
    );
    for entry in catalogue::entries() {
        if let Some(source) = source(entry.detail_type) {
            text.push_str(&resource(&entry, &source));
        }
    }
    text.push_str(
        "\nOutputs:\n  RegistryName:\n    Description: The registry that holds the schemas of the events.\n    \
         Value: !GetAtt Registry.RegistryName\n",
    );
    text
}

/// Who sends it; nothing for what AWS sends, whose schemas AWS keeps itself.
fn source(detail_type: DetailType) -> Option<String> {
    let way = detail_type.ways().first()?;
    match (way.bus, way.sent_by.first()?) {
        (Bus::Default, _) => None,
        (_, Sender::Of(source)) => Some(source.as_str().to_owned()),
        (_, Sender::Requester) => Some(REQUESTER_SOURCE_PREFIX.trim_end_matches('.').to_owned()),
    }
}

fn resource(entry: &Entry, source: &str) -> String {
    let (id, detail_type) = ((entry.type_name)(), entry.detail_type);
    let mut text = format!(
        "\n  {id}:\n    Type: AWS::EventSchemas::Schema\n    Properties:\n      \
         RegistryName: !GetAtt Registry.RegistryName\n      \
         SchemaName: {source}@{detail_type}\n      Type: OpenApi3\n      Content: |-\n"
    );
    for line in content(entry, source).lines() {
        text.push_str("        ");
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The document, with one component on a line: short enough to be read, long enough to be compared.
fn content(entry: &Entry, source: &str) -> String {
    let name = (entry.type_name)();
    let components: Vec<String> = components(entry, source)
        .iter()
        .map(|(name, schema)| format!("{}: {schema}", Value::from(name.as_str())))
        .collect();
    let info = json!({ "title": name, "version": "1.0.0" });
    format!(
        "{{\"openapi\": \"3.0.0\", \"info\": {info}, \"paths\": {{}}, \"components\": {{\"schemas\": {{\n{}\n}}}}}}",
        components.join(",\n")
    )
}

/// OpenAPI 3.0 has no type `null`: it says beside the others that there may be none.
fn say_nullable(schema: &mut Schema) {
    let enumerated = schema.get("enum").and_then(Value::as_array);
    if enumerated.is_some_and(|words| words.contains(&Value::Null)) {
        schema.insert("type".to_owned(), "string".into());
        schema.insert("nullable".to_owned(), true.into());
    }
    let null = json!({ "type": "null" });
    let others = match schema.get("anyOf").and_then(Value::as_array) {
        Some(any) if any.contains(&null) => any.iter().filter(|one| **one != null).cloned(),
        _ => return,
    };
    let others: Vec<Value> = others.collect();
    schema.remove("anyOf");
    let all_of = if others.len() == 1 { "allOf" } else { "anyOf" };
    schema.insert(all_of.to_owned(), others.into());
    schema.insert("nullable".to_owned(), true.into());
}

fn components(entry: &Entry, source: &str) -> Map<String, Value> {
    let mut generator = SchemaSettings::openapi3()
        .with(|settings| {
            let first = RecursiveTransform(say_nullable);
            settings.transforms.insert(0, Box::new(first));
        })
        .with_transform(RecursiveTransform(say_the_most))
        .into_generator();
    let detail = (entry.payload)(&mut generator);
    let mut components = generator.take_definitions(true);
    let envelope = json!({
        "type": "object",
        "required": ["detail-type", "resources", "detail", "id", "source", "time", "region", "version", "account"],
        "x-amazon-events-detail-type": entry.detail_type.as_str(),
        "x-amazon-events-source": source,
        "properties": {
            "account": { "type": "string" },
            "detail": detail,
            "detail-type": { "type": "string" },
            "id": { "type": "string" },
            "region": { "type": "string" },
            "resources": { "type": "array", "items": { "type": "string" } },
            "source": { "type": "string" },
            "time": { "type": "string", "format": "date-time" },
            "version": { "type": "string" },
        },
    });
    components.insert("AWSEvent".to_owned(), envelope);
    components
}
