use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{SecretValue, VersionId};

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

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
