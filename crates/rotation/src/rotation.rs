use std::sync::Mutex;

use rand_core::TryCryptoRng;

use crate::steps::{create, finish, set, test};
use crate::{
    Announcer, Fingerprints, Pause, RotationError, Rotator, SecretId, SecretStore, Step,
    StepFailed, StepRequest, VersionId,
};

/// The rotation protocol over its ports. One value serves all calls of a process.
pub struct Rotation<S, R, A, P, F> {
    /// Secrets Manager.
    pub store: S,
    /// The kind of target.
    pub rotator: R,
    /// The bus.
    pub announcer: A,
    /// Waiting.
    pub pause: P,
    /// Keyed fingerprints.
    pub fingerprints: F,
    /// The version whose login this process has seen succeed last.
    tested: Mutex<Option<(SecretId, VersionId)>>,
}

/// How a step ended well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The step did its work.
    Done,
    /// There was nothing left to do: a repeated or late call.
    AlreadyDone,
    /// There is no pending value: the current credential was checked instead, nothing was changed.
    Probed,
}

impl<S, R, A, P, F> Rotation<S, R, A, P, F>
where
    S: SecretStore,
    R: Rotator,
    A: Announcer,
    P: Pause,
    F: Fingerprints,
{
    /// Puts the ports together.
    pub fn new(store: S, rotator: R, announcer: A, pause: P, fingerprints: F) -> Self {
        Self {
            store,
            rotator,
            announcer,
            pause,
            fingerprints,
            tested: Mutex::new(None),
        }
    }

    /// Does one step. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`RotationError`], after a `rekey.step.failed` was offered to the bus. Secrets Manager then repeats
    /// the rotation from `createSecret` with the same token.
    pub async fn run<G: TryCryptoRng + Send>(
        &self,
        request: &StepRequest,
        now: i64,
        randomness: &mut G,
    ) -> Result<Outcome, RotationError> {
        let result = match request.step {
            Step::Create => create(self, request, now, randomness).await,
            Step::Set => set(self, request, now).await,
            Step::Test => test(self, request, now).await,
            Step::Finish => finish(self, request, now).await,
        };
        if let Err(error) = &result {
            let failure = StepFailed {
                at: now,
                invocation: request.invocation.as_deref(),
                secret: &request.secret,
                version: &request.token,
                step: request.step,
                kind: self.rotator.kind(),
                class: error.class(),
                message: error.to_string(),
            };
            // The caller gets the failure either way; an event that is lost here is found again in the
            // function's log and in its metric.
            let _unheard = self.announcer.failed(&failure).await;
        }
        result
    }
}

impl<S, R, A, P, F> Rotation<S, R, A, P, F> {
    pub(crate) fn remember_tested(&self, request: &StepRequest) {
        if let Ok(mut tested) = self.tested.lock() {
            *tested = Some((request.secret.clone(), request.token.clone()));
        }
    }

    pub(crate) fn has_tested(&self, request: &StepRequest) -> bool {
        self.tested.lock().is_ok_and(|tested| {
            matches!(&*tested, Some((secret, version))
                if *secret == request.secret && *version == request.token)
        })
    }
}
