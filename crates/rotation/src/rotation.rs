use std::sync::Mutex;

use rand_core::TryCryptoRng;

use crate::steps::{create, finish, set, test};
use crate::{
    Announcer, Description, Fingerprints, Kinds, Pause, RotationError, Rotator, SecretId,
    SecretStore, SecretValue, Step, StepFailed, StepRequest, TargetError, VersionId,
};

/// The rotation protocol over its ports. One value serves all calls of a process.
pub struct Rotation<S, K, A, P, F> {
    /// Secrets Manager.
    pub store: S,
    /// The kinds of target.
    pub kinds: K,
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
    set: Option<Set>,
    /// The version whose login it has seen succeed.
    tested: Option<(SecretId, VersionId)>,
    /// The kind that the last step has worked on.
    kind: Option<&'static str>,
    /// The tag `rekey:kind` of the secret whose version it has worked on, as it was last told.
    tag: Option<(SecretId, VersionId, Option<String>)>,
}

/// A version that was set.
struct Set {
    secret: SecretId,
    version: VersionId,
    /// The version that was current then, where the secret is its own target.
    beside: Option<VersionId>,
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

impl<S, K, A, P, F> Rotation<S, K, A, P, F>
where
    S: SecretStore,
    K: Kinds,
    A: Announcer,
    P: Pause,
    F: Fingerprints,
{
    /// Puts the ports together.
    pub fn new(store: S, kinds: K, announcer: A, pause: P, fingerprints: F) -> Self {
        Self {
            store,
            kinds,
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
        self.begin(request);
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
                kind: self.kind(),
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

impl<S: SecretStore, K, A, P, F> Rotation<S, K, A, P, F> {
    /// The tag `rekey:kind`: as this process was told in an earlier step of this rotation, or else asked for.
    pub(crate) async fn tag(&self, request: &StepRequest) -> Result<Option<String>, RotationError> {
        if let Some(tag) = self.remembered_tag(request) {
            return Ok(tag);
        }
        let description = self.store.describe(&request.secret).await?;
        self.remember_tag(request, &description);
        Ok(description.kind().map(str::to_owned))
    }
}

impl<S, K: Kinds, A, P, F> Rotation<S, K, A, P, F> {
    /// The rotator of a secret with this tag and any version's value, whose kind is noted.
    pub(crate) fn rotator(
        &self,
        tag: Option<&str>,
        value: &SecretValue,
    ) -> Result<&K::One, TargetError> {
        let rotator = self.kinds.of(tag, value)?;
        if let Ok(mut memory) = self.memory.lock() {
            memory.kind = Some(rotator.kind());
        }
        Ok(rotator)
    }
}

impl<S, K, A, P, F> Rotation<S, K, A, P, F> {
    /// The kind of target that the last step was about; `unknown` when it ended before that was known.
    pub fn kind(&self) -> &'static str {
        let memory = self.memory.lock().ok();
        memory.and_then(|memory| memory.kind).unwrap_or("unknown")
    }

    /// What is remembered of another rotation says nothing of this one's kind.
    fn begin(&self, request: &StepRequest) {
        if self.remembered_tag(request).is_none()
            && let Ok(mut memory) = self.memory.lock()
        {
            memory.kind = None;
        }
    }

    pub(crate) fn remember_tag(&self, request: &StepRequest, description: &Description) {
        if let Ok(mut memory) = self.memory.lock() {
            let tag = description.kind().map(str::to_owned);
            memory.tag = Some((request.secret.clone(), request.token.clone(), tag));
        }
    }

    fn remembered_tag(&self, request: &StepRequest) -> Option<Option<String>> {
        let memory = self.memory.lock().ok()?;
        let (secret, version, tag) = memory.tag.as_ref()?;
        (*secret == request.secret && *version == request.token).then(|| tag.clone())
    }

    /// `beside` is the current version, where the secret is its own target.
    pub(crate) fn remember_set(&self, request: &StepRequest, beside: Option<VersionId>) {
        if let Ok(mut memory) = self.memory.lock() {
            memory.set = Some(Set {
                secret: request.secret.clone(),
                version: request.token.clone(),
                beside,
            });
        }
    }

    pub(crate) fn has_set(&self, request: &StepRequest) -> bool {
        self.of_set(request, |_| ()).is_some()
    }

    /// The version that was current when this process set the pending one, where the secret is its own target.
    pub(crate) fn set_beside(&self, request: &StepRequest) -> Option<VersionId> {
        self.of_set(request, |set| set.beside.clone()).flatten()
    }

    fn of_set<T>(&self, request: &StepRequest, what: impl FnOnce(&Set) -> T) -> Option<T> {
        let memory = self.memory.lock().ok()?;
        let set = memory.set.as_ref()?;
        (set.secret == request.secret && set.version == request.token).then(|| what(set))
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
