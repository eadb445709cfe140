//! Six bugs that rotation functions are known for, planted as wrappers around the ports: they prove that
//! the crash suite can fail.

use rand_core::TryCryptoRng;

use super::ports::{BlankFingerprints, TracedAnnouncer, TracedRotator, TracedStore};
use super::randomness::TestRandomness;
use crate::{
    Announcer, Credentials, Description, Fingerprints, Intent, Occasion, Overlap, PutValue,
    Rotator, SecretId, SecretStore, SecretValue, Selector, StagingLabel, StoreError, TargetError,
    VersionId, VersionedValue,
};

/// A bug to plant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bug {
    /// The new password is set at the target before it is kept in Secrets Manager.
    SetBeforePut,
    /// The pending value is promoted without a login.
    PromoteUntested,
    /// Whatever goes wrong with a read is taken as "there is no such value".
    AnyReadErrorIsAbsent,
    /// Each retry makes a new password instead of using the one that is there.
    NewPasswordOnEachRetry,
    /// The pending value may name any user.
    UserNotCompared,
    /// `AWSCURRENT` is moved without naming the version that has it.
    FinishWithoutRemoving,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::SetBeforePut,
        Self::PromoteUntested,
        Self::AnyReadErrorIsAbsent,
        Self::NewPasswordOnEachRetry,
        Self::UserNotCompared,
        Self::FinishWithoutRemoving,
    ];

    /// Whether it can do harm with this overlap. What is set before it is kept breaks something only where
    /// the new password takes the place of another one.
    pub const fn matters(self, overlap: Overlap) -> bool {
        match self {
            Self::SetBeforePut => {
                matches!(overlap, Overlap::AlternatingUsers | Overlap::SingleUser)
            }
            _ => true,
        }
    }
}

/// Secrets Manager, with a bug or without.
pub struct PlantedStore<R> {
    pub(super) bug: Option<Bug>,
    pub(super) store: TracedStore,
    pub(super) rotator: TracedRotator<R>,
    pub(super) announcer: TracedAnnouncer,
}

impl<R: Rotator + Send> SecretStore for PlantedStore<R> {
    async fn describe(&self, secret: &SecretId) -> Result<Description, StoreError> {
        self.store.describe(secret).await
    }

    async fn value(
        &self,
        secret: &SecretId,
        which: Selector<'_>,
    ) -> Result<VersionedValue, StoreError> {
        let read = self.store.value(secret, which).await;
        if self.bug == Some(Bug::AnyReadErrorIsAbsent) {
            return read.map_err(|_| StoreError::NotFound("absent, it seems".to_owned()));
        }
        read
    }

    async fn put(&self, put: PutValue<'_>) -> Result<(), StoreError> {
        if self.bug == Some(Bug::SetBeforePut) {
            self.set_first(put).await?;
        }
        let kept = self.store.put(put).await;
        if self.bug == Some(Bug::NewPasswordOnEachRetry) && kept == Err(StoreError::AlreadyExists) {
            let fresh = VersionId::parse(&format!("retry-{:->40}", unique()))
                .ok_or_else(|| StoreError::Unusable("no token".to_owned()))?;
            let again = PutValue {
                token: &fresh,
                ..put
            };
            return self.store.put(again).await;
        }
        kept
    }

    async fn move_label(
        &self,
        secret: &SecretId,
        label: &StagingLabel,
        to: &VersionId,
        from: Option<&VersionId>,
    ) -> Result<(), StoreError> {
        let from = from.filter(|_| self.bug != Some(Bug::FinishWithoutRemoving));
        self.store.move_label(secret, label, to, from).await
    }

    async fn remove_label(
        &self,
        secret: &SecretId,
        label: &StagingLabel,
        from: &VersionId,
    ) -> Result<(), StoreError> {
        self.store.remove_label(secret, label, from).await
    }
}

impl<R: Rotator + Send> PlantedStore<R> {
    async fn set_first(&self, put: PutValue<'_>) -> Result<(), StoreError> {
        let label = Selector::Label(&StagingLabel::Current);
        let current = self.store.value(put.secret, label).await?.value;
        let superuser = match self.rotator.superuser(&current).map_err(refused)? {
            Some(secret) => Some(self.store.value(&secret, label).await?.value),
            None => None,
        };
        let credentials = Credentials {
            current: &current,
            pending: put.value,
            previous: None,
            superuser: superuser.as_ref(),
            now: self.store.store.now(),
        };
        let hold = self.rotator.lock(credentials).await.map_err(refused)?;
        let intent = Intent {
            at: 0,
            secret: put.secret,
            version: put.token,
            kind: self.rotator.kind(),
            strategy: "",
            fingerprint: BlankFingerprints.fingerprint(put.secret, put.value),
        };
        let announced = self.announcer.intended(&intent).await;
        announced.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let set = self.rotator.set(hold, credentials).await;
        set.map_err(refused)
    }
}

fn refused(error: TargetError) -> StoreError {
    match error {
        TargetError::Busy(_) => StoreError::Throttled,
        other => StoreError::Unavailable(other.to_string()),
    }
}

fn unique() -> u64 {
    use rand_core::Rng;
    TestRandomness::fresh().next_u64()
}

/// A rotator, with a bug or without.
pub struct PlantedRotator<R> {
    pub(super) bug: Option<Bug>,
    pub(super) rotator: TracedRotator<R>,
}

impl<R: Rotator + Send> Rotator for PlantedRotator<R> {
    type Hold = R::Hold;

    fn kind(&self) -> &'static str {
        self.rotator.kind()
    }

    fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError> {
        self.rotator.overlap(current)
    }

    fn next<G: TryCryptoRng>(
        &self,
        current: &SecretValue,
        occasion: Occasion,
        randomness: &mut G,
    ) -> Result<SecretValue, TargetError> {
        self.rotator.next(current, occasion, randomness)
    }

    fn superuser(&self, current: &SecretValue) -> Result<Option<SecretId>, TargetError> {
        self.rotator.superuser(current)
    }

    async fn lock(&self, credentials: Credentials<'_>) -> Result<Self::Hold, TargetError> {
        if self.bug == Some(Bug::UserNotCompared) {
            // A value of the right user goes by the guard, whatever the real one names.
            let right = self.next(
                credentials.current,
                Occasion {
                    now: credentials.now,
                    ..Occasion::default()
                },
                &mut TestRandomness::fresh(),
            )?;
            let unseen = Credentials {
                pending: &right,
                ..credentials
            };
            return self.rotator.lock(unseen).await;
        }
        self.rotator.lock(credentials).await
    }

    async fn set(&self, hold: Self::Hold, credentials: Credentials<'_>) -> Result<(), TargetError> {
        self.rotator.set(hold, credentials).await
    }

    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        if self.bug == Some(Bug::PromoteUntested) {
            return Ok(());
        }
        self.rotator.test(pending).await
    }

    async fn probe(
        &self,
        current: &SecretValue,
        superuser: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        self.rotator.probe(current, superuser).await
    }
}
