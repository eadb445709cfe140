//! What comes after the switch: the old credential is retired, or brought back; a rotation that is stuck
//! is cleared. And before it: a rotation that somebody asks about is rehearsed. One file per operation.
//!
//! Each operation may be asked for again, late, beside another run of itself, or die anywhere: repeated
//! until it answers, it comes to one end.

mod clear;
mod dependants;
mod error;
mod ledger;
mod objection;
mod rehearsal;
mod rehearse;
mod retire;
mod retire_plan;
mod roll_back;
mod roll_back_plan;

pub use clear::{ClearOutcome, ClearRequest, Cleared, Kept};
pub use dependants::{Cause, Dependants, DependantsError, Patience};
pub use error::AftermathError;
pub use ledger::{
    Held, Intended, Ledger, LedgerError, Operation, Retired, RolledBack, Void, VoidReason,
};
pub use objection::Objection;
pub use rehearsal::{Check, CheckName, CheckResult, PlannedStep, Rehearsed};
pub use rehearse::RehearseRequest;
pub use retire::{RetireOutcome, RetireRequest, Switch};
pub use roll_back::{RollBackOutcome, RollBackRequest};

use rand_core::TryCryptoRng;

use crate::{
    Kinds, Revoker, Rotator, SecretId, SecretStore, SecretValue, Selector, StagingLabel, VersionId,
};

/// The operations over their ports. One value serves all calls of a process.
#[derive(Clone, Debug)]
pub struct Aftermath<S, K, L, D> {
    /// Secrets Manager.
    pub store: S,
    /// The kinds of target.
    pub kinds: K,
    /// What must be remembered.
    pub ledger: L,
    /// Who depends on the credential.
    pub dependants: D,
}

impl<S, K, L, D> Aftermath<S, K, L, D>
where
    S: SecretStore,
    K: Kinds<One: Revoker>,
    L: Ledger,
    D: Dependants,
{
    /// Takes the old credential out of use, proves that the target refuses it, and takes `AWSPREVIOUS`
    /// from its version. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`AftermathError`]; the credential is then as it was or dead, and its deadline still runs.
    pub async fn retire(
        &self,
        request: &RetireRequest,
        now: i64,
    ) -> Result<RetireOutcome, AftermathError> {
        retire::retire(self, request, now).await
    }

    /// Makes an earlier credential valid again, proves that it logs in, and moves `AWSCURRENT` back to its
    /// version. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`AftermathError`]. Repeating the call goes on where it ended.
    pub async fn roll_back(
        &self,
        request: &RollBackRequest,
        now: i64,
    ) -> Result<RollBackOutcome, AftermathError> {
        roll_back::roll_back(self, request, now).await
    }

    /// Takes `AWSPENDING` from the version of a rotation that is stuck, if nothing at the target is of that
    /// version. The rotation's schedule stays as it is.
    ///
    /// # Errors
    /// [`AftermathError`], with nothing changed.
    pub async fn clear(
        &self,
        request: &ClearRequest,
        now: i64,
    ) -> Result<ClearOutcome, AftermathError> {
        clear::clear(self, request, now).await
    }

    /// Looks whether a rotation could begin and would succeed: reads what it reads, and makes its whole
    /// change at the target, with a password that fits nobody, to take it back; where a target takes nothing
    /// back, it asks for the rights instead. Nothing is changed, and no value is written.
    ///
    /// # Errors
    /// [`Objection`] when the labels forbid a rotation. What else goes wrong is a check that failed.
    pub async fn rehearse<G: TryCryptoRng + Send>(
        &self,
        request: &RehearseRequest,
        now: i64,
        randomness: &mut G,
    ) -> Result<Rehearsed, Objection> {
        rehearse::rehearse(self, request, now, randomness).await
    }

    /// The value of a version, whatever its labels.
    async fn value(
        &self,
        secret: &SecretId,
        version: &VersionId,
    ) -> Result<SecretValue, AftermathError> {
        let read = self.store.value(secret, Selector::Id(version)).await?;
        Ok(read.value)
    }

    /// The value of the superuser secret that `current` names, if it names one.
    async fn superuser(
        &self,
        revoker: &K::One,
        current: &SecretValue,
    ) -> Result<Option<SecretValue>, AftermathError> {
        let Some(secret) = revoker.superuser(current)? else {
            return Ok(None);
        };
        let current = Selector::Label(&StagingLabel::Current);
        match self.store.value(&secret, current).await {
            Ok(value) => Ok(Some(value.value)),
            Err(error) => Err(AftermathError::Superuser(error)),
        }
    }
}
