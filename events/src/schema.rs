//! JSON Schemas (draft 2020-12) of the payloads, generated from the types.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{Envelope, Extra, LabelUpdated, RotationIntended, RotationStep, StepFailed};

/// The schemas of version 1 by the name of their file, without `.schema.json`.
#[must_use]
pub fn v1() -> Vec<(&'static str, Schema)> {
    vec![
        ("event-envelope", of::<Envelope<Extra>>("event-envelope")),
        (
            "rotation-intended",
            of::<RotationIntended>("rotation-intended"),
        ),
        ("rotation-step", of::<RotationStep>("rotation-step")),
        (
            "secret-label-updated",
            of::<LabelUpdated>("secret-label-updated"),
        ),
        ("step-failed", of::<StepFailed>("step-failed")),
    ]
}

fn of<T: JsonSchema>(name: &str) -> Schema {
    let generator: SchemaGenerator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert(
        "$id".to_owned(),
        format!("urn:rekey:events:v1:{name}").into(),
    );
    schema
}

/// Unknown fields are part of the contract: any object.
impl JsonSchema for Extra {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Extra".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": true })
    }
}
