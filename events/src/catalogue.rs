//! Every event with its payload's schema and its sample: what the generated documents are made of.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::{
    DetailType, GraceEnding, LabelUpdated, MissingDetected, RequestAnswered, RequestRefused,
    RetireIntended, RollbackIntended, RotateCompleted, RotateRequested, RotationIntended,
    SecretAccessed, SecretDelete, SecretNearExpiry, SecretOverdue, SecretPut, SecretQuarantined,
    SecretRetireHeld, SecretRetired, SecretRolledBack, StepFailed, TrailRecord,
};

/// One type of event.
pub struct Entry {
    /// What it is called on the bus.
    pub detail_type: DetailType,
    /// The file of its schema below `schemas/v1`, without `.schema.json`.
    pub schema: &'static str,
    /// The file of its sample below `samples`, without `.json`.
    pub sample: &'static str,
    /// What stands in that file.
    pub sample_text: &'static str,
    /// Asks a generator for the schema of what stands in `detail`.
    pub payload: fn(&mut SchemaGenerator) -> Schema,
    /// The payload's name among the types.
    pub type_name: fn() -> String,
}

fn of<T: JsonSchema>(
    detail_type: DetailType,
    schema: &'static str,
    (sample, sample_text): (&'static str, &'static str),
) -> Entry {
    Entry {
        detail_type,
        schema,
        sample,
        sample_text,
        payload: SchemaGenerator::subschema_for::<T>,
        type_name: || T::schema_name().into_owned(),
    }
}

/// The name of a sample and its text.
macro_rules! sample {
    ($name:literal) => {
        ($name, include_str!(concat!("../samples/", $name, ".json")))
    };
}

/// An event whose schema and whose sample have the same name.
macro_rules! entry {
    ($type:ident, $name:literal) => {
        of::<$type>(DetailType::$type, $name, sample!($name))
    };
}

/// Every type of event, in the order of [`DetailType::ALL`].
#[must_use]
pub fn entries() -> Vec<Entry> {
    let mut entries = vec![
        entry!(SecretPut, "secret-put"),
        entry!(SecretDelete, "secret-delete"),
        entry!(RotateRequested, "rotate-requested"),
        entry!(RotateCompleted, "rotate-completed"),
        entry!(MissingDetected, "missing-detected"),
        entry!(RotationIntended, "rotation-intended"),
        entry!(RetireIntended, "retire-intended"),
        entry!(RollbackIntended, "rollback-intended"),
        entry!(StepFailed, "step-failed"),
        entry!(RequestRefused, "request-refused"),
        entry!(RequestAnswered, "request-answered"),
        entry!(SecretAccessed, "secret-accessed"),
        entry!(SecretRetired, "secret-retired"),
        entry!(SecretRetireHeld, "secret-retire-held"),
        entry!(SecretRolledBack, "secret-rolled-back"),
        entry!(SecretNearExpiry, "secret-near-expiry"),
        entry!(SecretOverdue, "secret-overdue"),
        entry!(GraceEnding, "grace-ending"),
        entry!(SecretQuarantined, "secret-quarantined"),
    ];
    entries.extend([
        of::<LabelUpdated>(
            DetailType::SecretLabelUpdated,
            "secret-label-updated",
            sample!("secret-label-updated"),
        ),
        of::<TrailRecord>(
            DetailType::ApiCall,
            "cloudtrail-record",
            sample!("cloudtrail/get-secret-value"),
        ),
        of::<TrailRecord>(
            DetailType::ServiceEvent,
            "cloudtrail-record",
            sample!("cloudtrail/rotation-succeeded"),
        ),
    ]);
    entries
}
