//! A wrapper around each port: every call passes a [`Trace`], and what really happened goes to a
//! [`Recorder`].

use std::sync::Arc;
use std::time::Duration;

use rand_core::TryCryptoRng;

use super::recorder::Recorder;
use super::secrets_manager::SecretsManager;
use super::trace::Trace;
use crate::{
    AnnounceError, Announcer, Credentials, Description, Fingerprint, Fingerprints, Intent,
    Occasion, Overlap, Pause, PutValue, Rotator, SecretId, SecretStore, SecretValue, Selector,
    StagingLabel, StepFailed, StoreError, TargetError, VersionId, VersionedValue,
};

/// Secrets Manager, traced.
#[derive(Clone)]
pub struct TracedStore {
    /// Secrets Manager.
    pub store: SecretsManager,
    /// Where calls are counted and cut.
    pub trace: Trace,
    /// What was promoted.
    pub recorder: Recorder,
}

fn no_answer() -> StoreError {
    StoreError::Unavailable("the answer was lost".to_owned())
}

impl SecretStore for TracedStore {
    async fn describe(&self, secret: &SecretId) -> Result<Description, StoreError> {
        let call = self.store.describe(secret);
        self.trace
            .call("DescribeSecret".to_owned(), call, no_answer)
            .await
    }

    async fn value(
        &self,
        secret: &SecretId,
        which: Selector<'_>,
    ) -> Result<VersionedValue, StoreError> {
        let call = self.store.value(secret, which);
        let name = match which {
            Selector::Label(label) | Selector::Version(_, label) => {
                format!("GetSecretValue {label}")
            }
            Selector::Id(_) => "GetSecretValue by id".to_owned(),
        };
        self.trace.call(name, call, no_answer).await
    }

    async fn put(&self, put: PutValue<'_>) -> Result<(), StoreError> {
        let call = self.store.put(put);
        self.trace
            .call("PutSecretValue".to_owned(), call, no_answer)
            .await
    }

    async fn move_label(
        &self,
        secret: &SecretId,
        label: &StagingLabel,
        to: &VersionId,
        from: Option<&VersionId>,
    ) -> Result<(), StoreError> {
        let call = async {
            self.store.move_label(secret, label, to, from).await?;
            if *label == StagingLabel::Current {
                let value = self.store.peek_version(secret, to);
                self.recorder.promoted(to, value.as_ref());
            }
            Ok(())
        };
        let name = format!("UpdateSecretVersionStage {label}");
        self.trace.call(name, call, no_answer).await
    }

    async fn remove_label(
        &self,
        secret: &SecretId,
        label: &StagingLabel,
        from: &VersionId,
    ) -> Result<(), StoreError> {
        let call = async {
            self.store.remove_label(secret, label, from).await?;
            if *label == StagingLabel::Previous {
                let value = self.store.peek_version(secret, from);
                self.recorder.declared_dead(from, value.as_ref());
            }
            Ok(())
        };
        let name = format!("UpdateSecretVersionStage -{label}");
        self.trace.call(name, call, no_answer).await
    }
}

/// A rotator, traced.
pub struct TracedRotator<R> {
    /// The rotator.
    pub rotator: Arc<R>,
    /// Where calls are counted and cut.
    pub trace: Trace,
    /// What was tested.
    pub recorder: Recorder,
}

impl<R> Clone for TracedRotator<R> {
    fn clone(&self) -> Self {
        Self {
            rotator: Arc::clone(&self.rotator),
            trace: self.trace.clone(),
            recorder: self.recorder.clone(),
        }
    }
}

pub(super) fn unreachable() -> TargetError {
    TargetError::Unreachable("the answer was lost".to_owned())
}

impl<R: Rotator + Send> Rotator for TracedRotator<R> {
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
        let call = self.rotator.lock(credentials);
        self.trace.call("lock".to_owned(), call, unreachable).await
    }

    async fn set(&self, hold: Self::Hold, credentials: Credentials<'_>) -> Result<(), TargetError> {
        let call = async {
            self.recorder.setting();
            self.rotator.set(hold, credentials).await
        };
        self.trace.call("set".to_owned(), call, unreachable).await
    }

    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        let call = async {
            self.rotator.test(pending).await?;
            self.recorder.logged_in(pending);
            Ok(())
        };
        self.trace.call("test".to_owned(), call, unreachable).await
    }

    async fn probe(
        &self,
        current: &SecretValue,
        superuser: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        let call = self.rotator.probe(current, superuser);
        self.trace.call("probe".to_owned(), call, unreachable).await
    }
}

/// A bus that takes everything, traced.
#[derive(Clone)]
pub struct TracedAnnouncer {
    /// Where calls are counted and cut.
    pub trace: Trace,
    /// What was announced.
    pub recorder: Recorder,
}

impl Announcer for TracedAnnouncer {
    async fn intended(&self, _intent: &Intent<'_>) -> Result<(), AnnounceError> {
        let call = async {
            self.recorder.announced();
            Ok(())
        };
        self.trace
            .call("announce intended".to_owned(), call, unheard)
            .await
    }

    async fn failed(&self, _failure: &StepFailed<'_>) -> Result<(), AnnounceError> {
        let call = async { Ok(()) };
        self.trace
            .call("announce failed".to_owned(), call, unheard)
            .await
    }
}

fn unheard() -> AnnounceError {
    AnnounceError("the answer was lost".to_owned())
}

/// A pause that is over at once.
#[derive(Clone, Copy)]
pub struct NoPause;

impl Pause for NoPause {
    async fn pause(&self, _time: Duration) {}
}

/// Fingerprints that say nothing.
#[derive(Clone, Copy)]
pub struct BlankFingerprints;

impl Fingerprints for BlankFingerprints {
    fn fingerprint(&self, _secret: &SecretId, _value: &SecretValue) -> Fingerprint {
        Fingerprint::new("hmac-sha256:00000000000000000000000000000000".to_owned())
    }
}
