#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod aftermath;
mod announcer;
mod description;
mod error;
mod fingerprint;
mod kinds;
mod label;
mod overlap;
mod pause;
mod plan;
mod request;
mod revoker;
mod rotation;
mod rotator;
mod secret;
mod step;
mod steps;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod value;

pub use aftermath::{
    Aftermath, AftermathError, Cause, Check, CheckName, CheckResult, ClearOutcome, ClearRequest,
    Cleared, Dependants, DependantsError, Held, Intended, Kept, Ledger, LedgerError, Objection,
    Operation, Patience, PlannedStep, RehearseRequest, Rehearsed, RetireOutcome, RetireRequest,
    Retired, RollBackOutcome, RollBackRequest, RolledBack, Switch, Void, VoidReason,
};
pub use announcer::{AnnounceError, Announcer, Intent, StepFailed};
pub use description::{Description, GRACE_TAG};
pub use error::{ErrorClass, RotationError};
pub use fingerprint::{Fingerprint, Fingerprints};
pub use kinds::{KIND_TAG, Kinds};
pub use label::StagingLabel;
pub use overlap::{Overlap, Works};
pub use pause::Pause;
pub use plan::{Plan, Refusal, plan};
pub use request::{RequestError, RotationToken, StepRequest};
pub use revoker::{Kinship, Login, Moment, Revocation, Revoker};
pub use rotation::{Outcome, Rotation};
pub use rotator::{Credentials, Occasion, Rotator, TargetError};
pub use secret::{ClientRequestToken, SecretId, VersionId};
pub use step::{Step, UnknownStep};
pub use store::{PutValue, SecretStore, Selector, StoreError, VersionedValue};
pub use value::{InvalidValue, SecretValue};
