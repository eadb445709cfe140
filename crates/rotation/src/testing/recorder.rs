use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Operation, SecretValue, VersionId};

/// What really happened at the target and at the labels, seen from below every wrapper. All processes of a
/// scenario share one.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    logins: Vec<SecretValue>,
    intents: usize,
    sets: usize,
    untested: Vec<VersionId>,
    unannounced: usize,
    refusals: Vec<SecretValue>,
    unproved: Vec<VersionId>,
    intended: Vec<(Operation, VersionId)>,
    unintended: Vec<(Operation, VersionId)>,
}

impl Recorder {
    /// A login with `value` has succeeded.
    pub(super) fn logged_in(&self, value: &SecretValue) {
        self.seen().logins.push(value.clone());
    }

    /// The bus has taken an intent.
    pub(super) fn announced(&self) {
        self.seen().intents += 1;
    }

    /// The target is about to be changed.
    pub(super) fn setting(&self) {
        let mut seen = self.seen();
        seen.sets += 1;
        if seen.sets > seen.intents {
            seen.unannounced += 1;
        }
    }

    /// `AWSCURRENT` has moved to `version`, whose value is `value`.
    pub(super) fn promoted(&self, version: &VersionId, value: Option<&SecretValue>) {
        let mut seen = self.seen();
        // Values are compared here because the question is whether this very one has logged in.
        let tested = value.is_some_and(|value| {
            let mut logins = seen.logins.iter();
            logins.any(|login| login.expose() == value.expose())
        });
        if !tested {
            seen.untested.push(version.clone());
        }
    }

    /// A login with `value` was refused.
    pub(super) fn refused(&self, value: &SecretValue) {
        self.seen().refusals.push(value.clone());
    }

    /// `version`, whose value is `value`, has lost `AWSPREVIOUS` to nobody, or was said to be dead.
    pub(super) fn declared_dead(&self, version: &VersionId, value: Option<&SecretValue>) {
        let mut seen = self.seen();
        // Values are compared here because the question is whether this very one was refused.
        let proved = value.is_none_or(|value| {
            let mut refusals = seen.refusals.iter();
            refusals.any(|refused| refused.expose() == value.expose())
        });
        if !proved {
            seen.unproved.push(version.clone());
        }
    }

    /// The intent to do this to `version` was taken.
    pub(super) fn intended(&self, operation: Operation, version: &VersionId) {
        self.seen().intended.push((operation, version.clone()));
    }

    /// This is about to be done to `version`.
    pub(super) fn changing(&self, operation: Operation, version: &VersionId) {
        let mut seen = self.seen();
        let change = (operation, version.clone());
        if !seen.intended.contains(&change) {
            seen.unintended.push(change);
        }
    }

    /// How many logins have succeeded.
    pub fn logins(&self) -> usize {
        self.seen().logins.len()
    }

    /// The versions that became current before a login with their value had succeeded.
    pub fn untested(&self) -> Vec<VersionId> {
        self.seen().untested.clone()
    }

    /// How often the target was changed without an intent that had been taken.
    pub fn unannounced(&self) -> usize {
        self.seen().unannounced
    }

    /// The versions that lost a label before a login with their value was refused.
    pub fn unproved(&self) -> Vec<VersionId> {
        self.seen().unproved.clone()
    }

    /// What was done to versions without an intent that had been taken.
    pub fn unintended(&self) -> Vec<(Operation, VersionId)> {
        self.seen().unintended.clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
