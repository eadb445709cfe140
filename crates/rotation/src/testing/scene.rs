use super::planted::Bug;
use super::process::{Failure, Process};
use super::recorder::Recorder;
use super::secrets_manager::SecretsManager;
use super::trace::{Cut, Trace};
use super::verbs::{INVALID_REQUEST, Verbs};
use super::violation::{Promise, Violation};
use super::world::{SECRET, Target, World};
use crate::{ClientRequestToken, Overlap, SecretId, SecretValue, StagingLabel, Step};

/// How often Secrets Manager tries a rotation here before it gives up for the time being.
const ATTEMPTS: usize = 3;

/// One scenario's world: a fresh target, a fresh Secrets Manager with its secret, and who watches.
pub(super) struct Scene<T> {
    pub(super) target: T,
    pub(super) store: SecretsManager,
    pub(super) secret: SecretId,
    world: String,
    name: String,
    pub(super) overlap: Overlap,
    bug: Option<Bug>,
    pub(super) recorder: Recorder,
    users_before: usize,
}

impl<T: Target> Scene<T> {
    pub(super) async fn prepare<W: World<Target = T>>(
        world: &W,
        bug: Option<Bug>,
        name: String,
    ) -> Result<Self, Violation> {
        let store = SecretsManager::new(1_800_000_000);
        let target = world.fresh(&store).await;
        let mut secrets = vec![(SECRET.to_owned(), target.first())];
        if let Some((id, value)) = target.superuser() {
            secrets.push((id.as_str().to_owned(), value));
        }
        let users_before = target.users().await.len();
        let overlap = world.overlap();
        let scene = Self {
            target,
            secret: id(SECRET)?,
            store,
            world: world.name(),
            name,
            overlap,
            bug,
            recorder: Recorder::default(),
            users_before,
        };
        for (name, value) in secrets {
            // It is put where secrets are kept.
            let value = Some(value.expose());
            let made = scene.store.create_secret(&name, value, None).await;
            made.map_err(|error| scene.broken(Promise::CutsAreReal, error.to_string()))?;
        }
        scene.check().await?;
        Ok(scene)
    }

    /// A new process.
    pub(super) fn process(&self, cut: Option<Cut>) -> Process<T::Rotator> {
        self.process_with(Trace::new(cut))
    }

    /// A new process with a trace of its own.
    pub(super) fn process_with(&self, trace: Trace) -> Process<T::Rotator> {
        let rotator = self.target.rotator();
        Process::start(&self.store, rotator, &self.recorder, self.bug, trace)
    }

    /// `RotateSecret`, which must be taken.
    pub(super) async fn rotate(&self, token: &ClientRequestToken) -> Result<(), Violation> {
        let function = self.store.rotation_function().to_owned();
        self.store
            .rotate_secret(
                self.secret.as_str(),
                Some(token.as_str()),
                Some(&function),
                true,
            )
            .await
            .map_err(|error| self.broken(Promise::OneRotationAtATime, error.to_string()))
    }

    /// `RotateSecret`, which must be refused because a rotation is open.
    pub(super) async fn rotate_in_vain(&self, token: &ClientRequestToken) -> Result<(), Violation> {
        let answer = self
            .store
            .rotate_secret(self.secret.as_str(), Some(token.as_str()), None, true)
            .await;
        match answer {
            Err(error) if error.code == INVALID_REQUEST => Ok(()),
            other => Err(self.broken(
                Promise::OneRotationAtATime,
                format!("a second RotateSecret was answered {other:?}"),
            )),
        }
    }

    /// One attempt by a new process, watched after each step.
    pub(super) async fn attempt(
        &self,
        token: &ClientRequestToken,
    ) -> Result<Result<(), Failure>, Violation> {
        let process = self.process(None);
        self.attempt_by(&process, token).await
    }

    /// One attempt by a process that lives already, watched after each step.
    pub(super) async fn attempt_by(
        &self,
        process: &Process<T::Rotator>,
        token: &ClientRequestToken,
    ) -> Result<Result<(), Failure>, Violation> {
        for step in Step::ALL {
            let result = process.step(step, &self.secret, token).await;
            self.check().await?;
            if let Err(error) = result {
                return Ok(Err((step, error)));
            }
        }
        if self.store.is_current(&self.secret, token.as_str()) {
            self.store.note_rotated(&self.secret);
        }
        Ok(Ok(()))
    }

    /// Tries as Secrets Manager does: from `createSecret`, with the same token, each time a new process.
    pub(super) async fn retry(
        &self,
        token: &ClientRequestToken,
    ) -> Result<Result<(), Failure>, Violation> {
        let mut last = self.attempt(token).await?;
        for _ in 1..ATTEMPTS {
            if last.is_ok() {
                break;
            }
            last = self.attempt(token).await?;
        }
        Ok(last)
    }

    /// Tries until the rotation is over, or finds that it never is.
    pub(super) async fn converge(&self, token: &ClientRequestToken) -> Result<(), Violation> {
        match self.retry(token).await? {
            Ok(()) => Ok(()),
            Err((step, error)) => Err(self.broken(
                Promise::Converges,
                format!("{ATTEMPTS} attempts, the last ended at {step}: {error}"),
            )),
        }
    }

    /// What holds at every moment.
    pub(super) async fn check(&self) -> Result<(), Violation> {
        let both_work = self.overlap.both_work();
        let current = self.logs_in(&StagingLabel::Current).await;
        if !current && (both_work || !self.logs_in(&StagingLabel::Pending).await) {
            let detail = if both_work {
                "AWSCURRENT does not log in"
            } else {
                "neither AWSCURRENT nor AWSPENDING logs in"
            };
            return Err(self.broken(Promise::SomeoneLogsIn, detail));
        }
        if let Some(version) = self.recorder.untested().first() {
            let detail = format!("{version} became AWSCURRENT before anyone had logged in with it");
            return Err(self.broken(Promise::TestedBeforePromoted, detail));
        }
        if self.recorder.unannounced() > 0 {
            return Err(self.broken(Promise::IntentBeforeChange, "the target was changed"));
        }
        Ok(())
    }

    /// What holds when the rotations with these tokens, and no others, are over. `old` is the value that
    /// was current before the last of them.
    pub(super) async fn check_end(
        &self,
        tokens: &[ClientRequestToken],
        old: &SecretValue,
    ) -> Result<(), Violation> {
        self.check().await?;
        let last = tokens.last().map_or("", ClientRequestToken::as_str);
        if !self.store.is_current(&self.secret, last) {
            return Err(self.broken(Promise::Converges, "the new version is not AWSCURRENT"));
        }
        let pending = self.store.holder(&self.secret, &StagingLabel::Pending);
        if pending.is_some_and(|pending| pending != last) {
            return Err(self.broken(Promise::Converges, "AWSPENDING is still open"));
        }
        if !self.logs_in(&StagingLabel::Current).await {
            return Err(self.broken(Promise::SomeoneLogsIn, "AWSCURRENT does not log in"));
        }
        let made = self.store.versions_with_a_value(&self.secret).len() - 1;
        if made != tokens.len() {
            let detail = format!("{} rotations, {made} new versions", tokens.len());
            return Err(self.broken(Promise::OneNewCredential, detail));
        }
        let users = self.target.users().await.len();
        let both_work = self.overlap.both_work();
        let most = self.users_before + usize::from(both_work);
        if !(self.users_before..=most).contains(&users) {
            let detail = format!("{} users became {users}", self.users_before);
            return Err(self.broken(Promise::OneNewCredential, detail));
        }
        match (both_work, self.target.logs_in(old).await) {
            (true, false) => Err(self.broken(Promise::OldStillWorks, "it does not log in")),
            (false, true) => Err(self.broken(Promise::OldIsDead, "it logs in")),
            (true, true) | (false, false) => Ok(()),
        }
    }

    /// Whether the value under a label, if there is one, logs in.
    pub(super) async fn logs_in(&self, label: &StagingLabel) -> bool {
        match self.store.peek(&self.secret, label) {
            Some(value) => self.target.logs_in(&value).await,
            None => false,
        }
    }

    /// The value under `AWSCURRENT`.
    pub(super) fn current(&self) -> Result<SecretValue, Violation> {
        self.store
            .peek(&self.secret, &StagingLabel::Current)
            .ok_or_else(|| self.broken(Promise::SomeoneLogsIn, "nothing is AWSCURRENT"))
    }

    pub(super) fn broken(&self, promise: Promise, detail: impl Into<String>) -> Violation {
        Violation {
            world: self.world.clone(),
            scenario: self.name.clone(),
            promise,
            detail: detail.into(),
        }
    }
}

fn id(name: &str) -> Result<SecretId, Violation> {
    SecretId::parse(name).ok_or_else(|| Violation {
        world: String::new(),
        scenario: String::new(),
        promise: Promise::CutsAreReal,
        detail: "not the name of a secret".to_owned(),
    })
}
