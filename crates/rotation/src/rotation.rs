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
    memory: Mutex<Memory>,
}

/// What this process has seen last.
#[derive(Default)]
struct Memory {
    /// The version that it has set, after it was told that the secret rotates.
    set: Option<(SecretId, VersionId)>,
    /// The version whose login it has seen succeed.
    tested: Option<(SecretId, VersionId)>,
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
            memory: Mutex::default(),
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
    pub(crate) fn remember_set(&self, request: &StepRequest) {
        if let Ok(mut memory) = self.memory.lock() {
            memory.set = Some((request.secret.clone(), request.token.clone()));
        }
    }

    pub(crate) fn has_set(&self, request: &StepRequest) -> bool {
        let memory = self.memory.lock();
        memory.is_ok_and(|memory| is_of(&memory.set, request))
    }

    pub(crate) fn remember_tested(&self, request: &StepRequest) {
        if let Ok(mut memory) = self.memory.lock() {
            memory.tested = Some((request.secret.clone(), request.token.clone()));
        }
    }

    pub(crate) fn has_tested(&self, request: &StepRequest) -> bool {
        let memory = self.memory.lock();
        memory.is_ok_and(|memory| is_of(&memory.tested, request))
    }
}

fn is_of(seen: &Option<(SecretId, VersionId)>, request: &StepRequest) -> bool {
    matches!(seen, Some((secret, version))
        if *secret == request.secret && *version == request.token)
}
