#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod announced;
mod asking;
mod changes;
mod consumer;
mod deadline;
mod decision;
mod doctor;
mod drift;
mod due;
mod engine;
mod explain;
mod hand_over;
pub mod lifecycle;
pub mod observe;
mod orders;
mod policy;
mod promises;
mod publisher;
mod record;
pub mod report;
pub mod request;
mod schedule;
mod snapshot;
mod state;
mod store;
mod story;
mod sweep;
mod tell;
#[cfg(feature = "testing")]
pub mod testing;
mod treatment;
mod version;
mod watch;
mod window;

pub use asking::{Asking, SCHEDULED, Wanted};
pub use changes::Changes;
pub use consumer::{Consumer, Read};
pub use deadline::{Deadline, DeadlineKey, UnknownDeadline, What};
pub use decision::Decision;
pub use doctor::{Examined, Practice, Resume, Round};
pub use drift::drift;
pub use due::{Bucket, Due};
pub use engine::{Failed, apply};
pub use explain::{Finding, Severity, explain, is_overdue};
pub use hand_over::{HandOver, hand_over, needs_consumers};
pub use lifecycle::State;
pub use observe::{Happening, Observation};
pub use orders::{Order, OrderError, Orders};
pub use policy::Policy;
pub use publisher::{PublishError, Publisher};
pub use record::{DeletionAsked, Pending, Presence, Quarantine, Rollback, Secret};
pub use report::{BroughtBack, Patience, Report, ReportError, Retired, patience, report};
pub use snapshot::{
    APPROVAL_TAG, EVERY_TAG, GRACE_TAG, HEALTH_TAG, KIND_TAG, Look, LookError, MAX_AGE_TAG,
    OWNER_TAG, SERVICE_TAG, SITES_TAG, STRATEGY_TAG, Secrets, SeenVersion, Snapshot, TaggedPage,
    WINDOW_TAG,
};
pub use state::{SecretState, Unsent, not_moved};
pub use store::{DuePage, Next, Noted, Store, StoreError, Taken};
pub use sweep::{Swept, sweep};
pub use tell::Untellable;
pub use treatment::{Treatment, is_stuck, treatment};
pub use version::{
    Deed, Failure, Hold, Intent, Retirement, RolledBack, Rotation, Told, Version, VersionId, Void,
};
pub use watch::{Observed, observe};
pub use window::{WindowError, Windows};
