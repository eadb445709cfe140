#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod announcement;
mod audit_record;
mod cloudtrail;
mod correlation;
mod envelope;
mod error;
mod event_id;
mod extra;
mod fields;
mod grace_ending;
mod kind;
mod label_updated;
mod metadata;
mod name;
mod object;
mod open_words;
mod proof;
mod rehearsal;
mod request_answered;
mod request_refused;
mod retire_intended;
mod retire_order;
mod rollback_intended;
mod rotation_intended;
mod rotation_step;
mod schema_version;
mod secret_accessed;
mod secret_near_expiry;
mod secret_overdue;
mod secret_quarantined;
mod secret_ref;
mod secret_retire_held;
mod secret_retired;
mod secret_rolled_back;
mod step_failed;
mod strategy;
mod text;
mod timestamp;
mod topic;
mod topics;
mod traffic;
mod vocabulary;
mod wishes;

#[cfg(feature = "schema")]
pub mod catalogue;
#[cfg(feature = "schema")]
pub mod documents;
#[cfg(feature = "schema")]
pub mod schema;

pub use announcement::Announcement;
pub use audit_record::AuditRecord;
pub use cloudtrail::{
    TrailAddition, TrailIdentity, TrailIssuer, TrailRecord, TrailRequest, TrailResponse,
    TrailSession,
};
pub use correlation::{Correlation, TenantContext};
pub use envelope::{Detail, Envelope};
pub use error::{LimitError, PayloadError, Problem};
pub use event_id::EventId;
pub use extra::Extra;
pub use fields::parse;
pub use grace_ending::GraceEnding;
pub use kind::{Kind, KindFamily};
pub use label_updated::LabelUpdated;
pub use metadata::Metadata;
pub use name::{Environment, NameError, Scope, SecretName};
pub use proof::Proof;
pub use rehearsal::{Check, PlannedStep};
pub use request_answered::RequestAnswered;
pub use request_refused::RequestRefused;
pub use retire_intended::RetireIntended;
pub use retire_order::{RetireAnswer, RetireOrder};
pub use rollback_intended::RollbackIntended;
pub use rotation_intended::RotationIntended;
pub use rotation_step::RotationStep;
pub use schema_version::SchemaVersion;
pub use secret_accessed::{Reader, SecretAccessed};
pub use secret_near_expiry::SecretNearExpiry;
pub use secret_overdue::SecretOverdue;
pub use secret_quarantined::SecretQuarantined;
pub use secret_ref::SecretRef;
pub use secret_retire_held::SecretRetireHeld;
pub use secret_retired::SecretRetired;
pub use secret_rolled_back::SecretRolledBack;
pub use step_failed::StepFailed;
pub use strategy::Strategy;
pub use text::{
    Action, Actor, Arn, ClientRequestToken, Fingerprint, Identifier, Message, RotationToken,
    SecretId, StagingLabel, StepName, StoredName, UserAgent, Word,
};
pub use timestamp::Timestamp;
pub use topic::{
    DetailType, REQUESTER_SOURCE_PREFIX, SCHEDULE_SOURCE, Source, UnknownDetailType, UnknownSource,
};
pub use topics::{
    KeyScope, MissingDetected, RotateCompleted, RotateRequested, SecretDelete, SecretPut,
};
pub use traffic::{Bus, Sender, Way};
pub use vocabulary::{
    ActorType, CheckResult, ErrorClass, HoldCause, Lateness, OrderOutcome, OrderPatience, Outcome,
    ProofMethod, RequestAnswer, RetireOperation, Step,
};
pub use wishes::Wishes;
