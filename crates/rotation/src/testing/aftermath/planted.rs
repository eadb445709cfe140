//! Wrappers around the ports that have a bug, or none.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rand_core::TryCryptoRng;

use super::super::ports::{TracedRotator, TracedStore};
use super::super::randomness::TestRandomness;
use super::bug::Bug;
use super::ports::TracedLedger;
use super::process::Order;
use crate::{
    Credentials, Description, Held, Intended, Kinship, Ledger, LedgerError, Login, Moment,
    Occasion, Operation, Overlap, PutValue, Retired, Revocation, Revoker, RolledBack, Rotator,
    SecretId, SecretStore, SecretValue, Selector, StagingLabel, StoreError, TargetError, VersionId,
    VersionedValue, Void,
};

/// Secrets Manager, with a bug or without.
pub struct PlantedStore {
    bug: Option<Bug>,
    store: TracedStore,
    seen: Mutex<Option<Description>>,
}

impl PlantedStore {
    pub(super) fn new(bug: Option<Bug>, store: TracedStore) -> Self {
        Self {
            bug,
            store,
            seen: Mutex::default(),
        }
    }

    /// A new call begins.
    pub(super) fn forget(&self) {
        *self.seen() = None;
    }

    fn seen(&self) -> MutexGuard<'_, Option<Description>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretStore for PlantedStore {
    async fn describe(&self, secret: &SecretId) -> Result<Description, StoreError> {
        let read_once = matches!(
            self.bug,
            Some(Bug::RetireByOldLabels | Bug::RollBackByOldLabels)
        );
        if !read_once {
            return self.store.describe(secret).await;
        }
        // The second look is the one under the lock.
        if let Some(seen) = self.seen().take() {
            return Ok(seen);
        }
        let description = self.store.describe(secret).await?;
        *self.seen() = Some(description.clone());
        Ok(description)
    }

    async fn value(
        &self,
        secret: &SecretId,
        which: Selector<'_>,
    ) -> Result<VersionedValue, StoreError> {
        self.store.value(secret, which).await
    }

    async fn put(&self, put: PutValue<'_>) -> Result<(), StoreError> {
        self.store.put(put).await
    }

    async fn move_label(
        &self,
        secret: &SecretId,
        label: &StagingLabel,
        to: &VersionId,
        from: Option<&VersionId>,
    ) -> Result<(), StoreError> {
        if *label == StagingLabel::Current {
            self.store.recorder.changing(Operation::RollBack, to);
        }
        self.store.move_label(secret, label, to, from).await
    }

    async fn remove_label(
        &self,
        secret: &SecretId,
        label: &StagingLabel,
        from: &VersionId,
    ) -> Result<(), StoreError> {
        if self.bug == Some(Bug::PendingLeftOpen) && *label == StagingLabel::Pending {
            return Ok(());
        }
        self.store.remove_label(secret, label, from).await
    }
}

/// A revoker, with a bug or without.
pub struct PlantedRevoker<R> {
    pub(super) bug: Option<Bug>,
    pub(super) revoker: TracedRotator<R>,
    pub(super) store: TracedStore,
    pub(super) order: Order,
}

impl<R: Revoker + Send> Rotator for PlantedRevoker<R> {
    type Hold = R::Hold;

    fn kind(&self) -> &'static str {
        self.revoker.kind()
    }

    fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError> {
        self.revoker.overlap(current)
    }

    fn next<G: TryCryptoRng>(
        &self,
        current: &SecretValue,
        occasion: Occasion,
        randomness: &mut G,
    ) -> Result<SecretValue, TargetError> {
        self.revoker.next(current, occasion, randomness)
    }

    fn superuser(&self, current: &SecretValue) -> Result<Option<SecretId>, TargetError> {
        self.revoker.superuser(current)
    }

    async fn lock(&self, credentials: Credentials<'_>) -> Result<Self::Hold, TargetError> {
        self.revoker.lock(credentials).await
    }

    async fn set(&self, hold: Self::Hold, credentials: Credentials<'_>) -> Result<(), TargetError> {
        self.revoker.set(hold, credentials).await
    }

    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        self.revoker.test(pending).await
    }

    async fn probe(
        &self,
        current: &SecretValue,
        superuser: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        self.revoker.probe(current, superuser).await
    }
}

impl<R: Revoker + Send> Revoker for PlantedRevoker<R> {
    type Seized = R::Seized;

    fn kinship(&self, old: &SecretValue, other: &SecretValue) -> Result<Kinship, TargetError> {
        let secret = &self.order.secret;
        let current = self.store.store.peek(secret, &StagingLabel::Current);
        // Compared to tell which version is asked about.
        let is_current = current.is_some_and(|current| current.expose() == other.expose());
        match self.bug {
            Some(Bug::KinshipIgnored) => Ok(Kinship::Separate),
            Some(Bug::PreviousForgotten) if !is_current => Ok(Kinship::Separate),
            _ => self.revoker.kinship(old, other),
        }
    }

    fn kept_until(
        &self,
        old: &SecretValue,
        current: &SecretValue,
        switched_at: Option<i64>,
    ) -> Result<Option<i64>, TargetError> {
        self.revoker.kept_until(old, current, switched_at)
    }

    async fn seize(&self, revocation: Revocation<'_>) -> Result<R::Seized, TargetError> {
        self.revoker.seize(revocation).await
    }

    async fn sessions(
        &self,
        seized: &mut R::Seized,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        self.revoker.sessions(seized, revocation).await
    }

    async fn revoke(
        &self,
        seized: &mut R::Seized,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        let recorder = &self.revoker.recorder;
        recorder.changing(Operation::Retire, &self.order.subject);
        if self.bug == Some(Bug::SessionsForgotten) {
            // Another password that nobody knows: the old one is dead, and nobody is cut off.
            let unknown = self.next(
                revocation.current,
                Occasion::default(),
                &mut TestRandomness::fresh(),
            )?;
            let old = &unknown;
            let revocation = Revocation { old, ..revocation };
            self.revoker.restore(seized, revocation).await?;
            return Ok(0);
        }
        self.revoker.revoke(seized, revocation).await
    }

    async fn try_login(
        &self,
        value: &SecretValue,
        moment: Moment<'_>,
    ) -> Result<Login, TargetError> {
        match self.bug {
            Some(Bug::LabelBeforeProof) => {
                let Order {
                    secret, subject, ..
                } = &self.order;
                let dropped = self
                    .store
                    .remove_label(secret, &StagingLabel::Previous, subject);
                match dropped.await {
                    // It may be gone.
                    Ok(()) | Err(StoreError::Refused(_)) => {}
                    Err(error) => return Err(TargetError::Unreachable(error.to_string())),
                }
                self.revoker.try_login(value, moment).await
            }
            Some(Bug::UnreachableIsDead) => {
                let login = self.revoker.try_login(value, moment).await;
                Ok(login.unwrap_or(Login::Refused))
            }
            Some(Bug::MovedUnproved) => Ok(Login::Accepted),
            Some(Bug::ClearedUnproved) => {
                let secret = &self.order.secret;
                let pending = self.store.store.peek(secret, &StagingLabel::Pending);
                // Compared to tell which of the two answers is wished for.
                let is_pending = pending.is_some_and(|pending| pending.expose() == value.expose());
                Ok(if is_pending {
                    Login::Refused
                } else {
                    Login::Accepted
                })
            }
            _ => self.revoker.try_login(value, moment).await,
        }
    }

    async fn restore(
        &self,
        seized: &mut R::Seized,
        revocation: Revocation<'_>,
    ) -> Result<(), TargetError> {
        let recorder = &self.revoker.recorder;
        recorder.changing(Operation::RollBack, &self.order.subject);
        self.revoker.restore(seized, revocation).await
    }
}

/// A ledger, with a bug or without.
pub struct PlantedLedger {
    pub(super) bug: Option<Bug>,
    pub(super) ledger: TracedLedger,
}

impl Ledger for PlantedLedger {
    async fn intended(&self, intent: &Intended<'_>) -> Result<(), LedgerError> {
        match self.bug {
            Some(Bug::RetireThenIntend | Bug::RollBackThenIntend) => Ok(()),
            _ => self.ledger.intended(intent).await,
        }
    }

    async fn retired(&self, retired: &Retired<'_>) -> Result<(), LedgerError> {
        if self.bug == Some(Bug::RetireThenIntend) {
            let intent = Intended {
                at: retired.at,
                secret: retired.secret,
                version: retired.version,
                operation: Operation::Retire,
                from: None,
                kind: retired.kind,
                occasion: retired.occasion,
                requested_by: retired.requested_by,
                reason: retired.reason,
            };
            self.ledger.intended(&intent).await?;
        }
        self.ledger.retired(retired).await
    }

    async fn held(&self, held: &Held<'_>) -> Result<(), LedgerError> {
        self.ledger.held(held).await
    }

    async fn rolled_back(&self, rolled_back: &RolledBack<'_>) -> Result<(), LedgerError> {
        match self.bug {
            Some(Bug::DeadlineLeftArmed) => return Ok(()),
            Some(Bug::RollBackThenIntend) => {
                let intent = Intended {
                    at: rolled_back.at,
                    secret: rolled_back.secret,
                    version: rolled_back.to,
                    operation: Operation::RollBack,
                    from: Some(rolled_back.from),
                    kind: rolled_back.kind,
                    occasion: rolled_back.occasion,
                    requested_by: rolled_back.requested_by,
                    reason: Some(rolled_back.reason),
                };
                self.ledger.intended(&intent).await?;
            }
            _ => {}
        }
        self.ledger.rolled_back(rolled_back).await
    }

    async fn void(&self, void: &Void<'_>) -> Result<(), LedgerError> {
        self.ledger.void(void).await
    }
}
