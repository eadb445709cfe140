use std::future::Future;

use crate::{ErrorClass, Fingerprint, SecretId, Step, VersionId};

/// The bus, as far as a rotation step speaks on it.
pub trait Announcer: Sync {
    /// Says that the target is about to change. The step goes on only when this has been taken.
    fn intended(
        &self,
        intent: &Intent<'_>,
    ) -> impl Future<Output = Result<(), AnnounceError>> + Send;

    /// Says that a step has failed. The failure itself does not depend on it being heard.
    fn failed(
        &self,
        failure: &StepFailed<'_>,
    ) -> impl Future<Output = Result<(), AnnounceError>> + Send;
}

/// What `setSecret` is about to do.
#[derive(Debug)]
pub struct Intent<'a> {
    /// When, in seconds since 1970.
    pub at: i64,
    /// The secret that is rotated.
    pub secret: &'a SecretId,
    /// The pending version.
    pub version: &'a VersionId,
    /// The kind of target, such as `postgres`.
    pub kind: &'a str,
    /// How the old credential lives on, such as `alternating-users`.
    pub strategy: &'a str,
    /// The keyed fingerprint of the pending value.
    pub fingerprint: Fingerprint,
}

/// A step that failed, classified.
#[derive(Debug)]
pub struct StepFailed<'a> {
    /// When, in seconds since 1970.
    pub at: i64,
    /// The id of the invocation that failed, if there is one.
    pub invocation: Option<&'a str>,
    /// The secret that is rotated.
    pub secret: &'a SecretId,
    /// The pending version.
    pub version: &'a VersionId,
    /// The step that failed.
    pub step: Step,
    /// The kind of target.
    pub kind: &'a str,
    /// What went wrong, as a stable name.
    pub class: ErrorClass,
    /// What went wrong and what to do, for people.
    pub message: String,
}

/// The bus did not take an event.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the event bus did not take the event ({0}); nothing was changed at the target: check the bus and events:PutEvents of the function's role"
)]
pub struct AnnounceError(pub String);
