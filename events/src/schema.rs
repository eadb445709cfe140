//! JSON Schemas (draft 2020-12) of the payloads, generated from the types.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{
    AuditRecord, Envelope, Extra, GraceEnding, LabelUpdated, MissingDetected, RequestAnswered,
    RequestRefused, RetireAnswer, RetireIntended, RetireOrder, RollbackIntended, RotateCompleted,
    RotateRequested, RotationIntended, RotationStep, SecretAccessed, SecretDelete,
    SecretNearExpiry, SecretOverdue, SecretPut, SecretQuarantined, SecretRetireHeld, SecretRetired,
    SecretRolledBack, StepFailed, TrailRecord,
};

/// The schemas of version 1 by the name of their file, without `.schema.json`.
#[must_use]
pub fn v1() -> Vec<(&'static str, Schema)> {
    vec![
        of::<AuditRecord>("audit-record"),
        of::<TrailRecord>("cloudtrail-record"),
        of::<Envelope<Extra>>("event-envelope"),
        of::<GraceEnding>("grace-ending"),
        of::<MissingDetected>("missing-detected"),
        of::<RequestAnswered>("request-answered"),
        of::<RequestRefused>("request-refused"),
        of::<RetireAnswer>("retire-answer"),
        of::<RetireIntended>("retire-intended"),
        of::<RetireOrder>("retire-order"),
        of::<RollbackIntended>("rollback-intended"),
        of::<RotateCompleted>("rotate-completed"),
        of::<RotateRequested>("rotate-requested"),
        of::<RotationIntended>("rotation-intended"),
        of::<RotationStep>("rotation-step"),
        of::<SecretAccessed>("secret-accessed"),
        of::<SecretDelete>("secret-delete"),
        of::<LabelUpdated>("secret-label-updated"),
        of::<SecretNearExpiry>("secret-near-expiry"),
        of::<SecretOverdue>("secret-overdue"),
        of::<SecretPut>("secret-put"),
        of::<SecretQuarantined>("secret-quarantined"),
        of::<SecretRetireHeld>("secret-retire-held"),
        of::<SecretRetired>("secret-retired"),
        of::<SecretRolledBack>("secret-rolled-back"),
        of::<StepFailed>("step-failed"),
    ]
}

fn of<T: JsonSchema>(name: &'static str) -> (&'static str, Schema) {
    let generator = SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(say_the_most))
        .into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert(
        "$id".to_owned(),
        format!("urn:rekey:events:v1:{name}").into(),
    );
    (name, schema)
}

/// `uint32` is a format that no validator has to know; the limit itself is one that all know.
pub(crate) fn say_the_most(schema: &mut Schema) {
    if schema
        .get("format")
        .is_some_and(|format| format == "uint32")
    {
        schema.remove("format");
        schema.insert("maximum".to_owned(), u32::MAX.into());
    }
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
