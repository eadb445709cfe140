#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod correlation;
mod envelope;
mod error;
mod event_id;
mod extra;
mod fields;
mod label_updated;
mod name;
mod rotation_intended;
mod rotation_step;
mod schema_version;
mod secret_ref;
mod step_failed;
mod text;
mod timestamp;
mod topic;
mod vocabulary;

#[cfg(feature = "schema")]
pub mod schema;

pub use correlation::{Correlation, TenantContext};
pub use envelope::{Detail, Envelope};
pub use error::{LimitError, PayloadError, Problem};
pub use event_id::EventId;
pub use extra::Extra;
pub use fields::parse;
pub use label_updated::LabelUpdated;
pub use name::{Environment, NameError, Scope, SecretName};
pub use rotation_intended::RotationIntended;
pub use rotation_step::RotationStep;
pub use schema_version::SchemaVersion;
pub use secret_ref::SecretRef;
pub use step_failed::StepFailed;
pub use text::{
    Arn, ClientRequestToken, Fingerprint, Identifier, Message, RotationToken, SecretId,
    StagingLabel, StepName, StoredName, Word,
};
pub use timestamp::Timestamp;
pub use topic::{DetailType, REQUESTER_SOURCE_PREFIX, Source, UnknownDetailType, UnknownSource};
pub use vocabulary::{ErrorClass, Kind, Step, Strategy};
