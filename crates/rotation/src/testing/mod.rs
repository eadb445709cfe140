//! What rotations are tested with: a Secrets Manager in memory with the suite of its label rules, and the
//! crash suite, which runs on any kind of target.

pub mod aftermath;
pub mod conformance;
pub mod crash;
pub mod label_rules;
pub mod planted;
pub mod ports;
mod process;
mod randomness;
mod recorder;
mod scene;
pub mod secrets_manager;
pub mod toy;
mod trace;
mod verbs;
mod violation;
mod world;

pub use planted::Bug;
pub use process::{Failure, Process};
pub use randomness::TestRandomness;
pub use recorder::Recorder;
pub use secrets_manager::SecretsManager;
pub use trace::{Cut, Driven, How, Trace};
pub use verbs::{
    ApiError, Described, EXISTS, INVALID_PARAMETER, INVALID_REQUEST, LIMIT_EXCEEDED, NOT_FOUND,
    ReadValue, Verbs,
};
pub use violation::{Promise, Violation};
pub use world::{RevocableTarget, SECRET, Target, World};
