use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use super::super::process::{Failure, Process as Rotating};
use super::super::scene::Scene;
use super::super::trace::{Cut, Driven, How, Trace};
use super::super::verbs::Verbs;
use super::super::violation::{Promise, Violation};
use super::super::world::{RevocableTarget, Target, World};
use super::book::Book;
use super::bug::Bug;
use super::case::Case;
use super::ports::Objectors;
use super::process::{Ended, Order, Process, Surroundings, Task};
use crate::{
    AftermathError, ClearOutcome, ClientRequestToken, ErrorClass, Overlap, Patience, Revoker as _,
    SecretValue, StagingLabel, Step, VersionId,
};

/// How often a task is tried before it is said not to converge.
const ATTEMPTS: usize = 3;
/// Time passes between one thing and the next, so that traces can be told apart.
pub(super) const PAUSE: i64 = 10;

/// One scenario: a [`Scene`] with its past, a ledger, and sessions of applications.
pub(super) struct Stage<T: RevocableTarget> {
    pub(super) scene: Scene<T>,
    pub(super) case: Case,
    pub(super) surroundings: Surroundings,
    pub(super) order: Order,
    pub(super) subject_value: SecretValue,
    bug: Option<Bug>,
    /// The version that had `AWSPREVIOUS` when the labels were last looked at.
    watched: Mutex<Option<VersionId>>,
    /// The sessions of others than the subject, open when the scenario begins.
    others: Vec<T::Session>,
    /// A session of the subject, opened before the first rotation.
    subjects: Option<T::Session>,
}

impl<T: RevocableTarget> Stage<T> {
    pub(super) async fn prepare<W: World<Target = T>>(
        world: &W,
        case: Case,
        bug: Option<Bug>,
        name: &str,
    ) -> Result<Self, Violation> {
        let scene = Scene::prepare(world, None, format!("{case}: {name}")).await?;
        let book = Book::default();
        let first = holder(&scene, &StagingLabel::Current)?;
        let first_value = scene.current()?;
        let bystander = scene.target.open_session(&scene.target.bystander()).await;
        let firsts = scene.target.open_session(&first_value).await;
        let mut stage = Self {
            case,
            surroundings: Surroundings {
                store: scene.store.clone(),
                book,
                objectors: Objectors::default(),
                recorder: scene.recorder.clone(),
            },
            order: Order {
                secret: scene.secret.clone(),
                subject: first.clone(),
                from: first,
                patience: Patience::BoundReached,
            },
            subject_value: first_value,
            bug,
            watched: Mutex::default(),
            others: vec![bystander],
            subjects: None,
            scene,
        };
        for n in 1..=case.rotations() {
            stage.rotate(n).await?;
        }
        let current = stage.scene.current()?;
        let currents = stage.scene.target.open_session(&current).await;
        let told_apart = stage.scene.overlap != Overlap::TwoPasswords;
        if told_apart {
            stage.others.push(currents);
        }
        stage.order.from = holder(&stage.scene, &StagingLabel::Current)?;
        stage.make_it_so(&current).await?;
        let has_its_own = matches!(case, Case::RetirePrevious | Case::RollBackInGrace);
        let overlap = stage.scene.overlap;
        if has_its_own && overlap.both_work() && overlap.has_sessions() {
            stage.subjects = Some(firsts);
        } else if told_apart && stage.scene.target.is_open(&firsts).await {
            stage.others.push(firsts);
        }
        stage.surroundings.store.pass(PAUSE);
        if case.task() == Task::Retire {
            stage.outlast()?;
        }
        Ok(stage)
    }

    /// Lets the time go by for which the target keeps the subject's credential whatever anybody asks.
    pub(super) fn outlast(&self) -> Result<(), Violation> {
        let current = self.scene.current()?;
        let store = &self.surroundings.store;
        let rotator = self.scene.target.rotator();
        // The rotation was over before now: that it was now is the longest that it can be kept.
        let kept = rotator.kept_until(&self.subject_value, &current, Some(store.now()));
        let kept = kept.map_err(|error| self.broken(Promise::CutsAreReal, error.to_string()))?;
        if let Some(left) = kept.map(|until| until - store.now()) {
            store.pass(left.max(0));
        }
        Ok(())
    }

    /// What the case has besides rotations.
    async fn make_it_so(&mut self, current: &SecretValue) -> Result<(), Violation> {
        match self.case {
            Case::RollBackRetired => {
                self.outlast()?;
                let process = self.process_for(self.order.clone(), Trace::default());
                let retired = process.perform(Task::Retire).await;
                retired.map_err(|error| self.broken(Promise::CutsAreReal, error.to_string()))?;
            }
            Case::RollBackFromBroken => self.scene.target.spoil(current).await,
            _ => {}
        }
        if let Some(steps) = self.case.stuck_after() {
            let token = token(self.case.rotations() + 1)?;
            self.begin(&token).await?;
            self.steps(&token, steps).await;
            self.order.subject = token.clone();
            if let Some(value) = self
                .surroundings
                .store
                .peek_version(&self.order.secret, &token)
            {
                self.subject_value = value;
            }
        }
        Ok(())
    }

    /// A new process that does tasks.
    pub(super) fn process(&self, cut: Option<Cut>) -> Process<T::Rotator> {
        self.process_with(Trace::new(cut))
    }

    /// A new process with a trace of its own.
    pub(super) fn process_with(&self, trace: Trace) -> Process<T::Rotator> {
        let rotator = self.scene.target.rotator();
        let order = self.order.clone();
        Process::start(&self.surroundings, rotator, order, self.bug, trace)
    }

    /// A new process with an order of its own, and no bug.
    pub(super) fn process_for(&self, order: Order, trace: Trace) -> Process<T::Rotator> {
        let rotator = self.scene.target.rotator();
        Process::start(&self.surroundings, rotator, order, None, trace)
    }

    /// A process that has come to its cut, and stands there.
    pub(super) async fn stands_still<F: Future + Unpin>(
        &self,
        trace: &Trace,
        process: &mut F,
    ) -> Result<(), Violation> {
        match trace.drive(process).await {
            Driven::AtCut => Ok(()),
            Driven::Ended(_) => Err(self.broken(Promise::CutsAreReal, "it came to its end")),
        }
    }

    /// Tries a task as a queue does: each time a new process.
    pub(super) async fn retry(
        &self,
        task: Task,
    ) -> Result<Result<Ended, AftermathError>, Violation> {
        let mut last = self.process(None).perform(task).await;
        self.check().await?;
        for _ in 1..ATTEMPTS {
            if last.as_ref().is_ok_and(Ended::is_final) {
                break;
            }
            last = self.process(None).perform(task).await;
            self.check().await?;
        }
        self.watch();
        Ok(last)
    }

    /// Tries a task until it is over, or finds that it never is.
    pub(super) async fn converge(&self, task: Task) -> Result<Ended, Violation> {
        match self.retry(task).await? {
            Ok(ended) if ended.is_final() => Ok(ended),
            Ok(ended) => Err(self.broken(Promise::Converges, format!("it ended with {ended:?}"))),
            Err(error) => Err(self.broken(Promise::Converges, error.to_string())),
        }
    }

    /// As [`Stage::converge`]; when a process that stands still has the target's lock, the target loses
    /// patience with it.
    pub(super) async fn converge_past_locks(&self, task: Task) -> Result<Ended, Violation> {
        match self.retry(task).await? {
            Err(error) if error.class() == ErrorClass::Throttled => {
                self.scene.target.free_locks().await;
            }
            _ => {}
        }
        self.converge(task).await
    }

    /// `RotateSecret`.
    pub(super) async fn begin(&self, token: &ClientRequestToken) -> Result<(), Violation> {
        self.surroundings.store.pass(PAUSE);
        let function = self.surroundings.store.rotation_function().to_owned();
        let (secret, token) = (self.order.secret.as_str(), token.as_str());
        let rotating =
            self.surroundings
                .store
                .rotate_secret(secret, Some(token), Some(&function), true);
        let begun = rotating.await;
        begun.map_err(|error| self.broken(Promise::RotationsGoOn, error.to_string()))
    }

    /// The first `steps` steps of a rotation, by one process, as far as they go.
    pub(super) async fn steps(&self, token: &ClientRequestToken, steps: usize) -> Option<Failure> {
        let process = self.scene.process(None);
        self.steps_by(&process, token, steps).await
    }

    async fn steps_by(
        &self,
        process: &Rotating<T::Rotator>,
        token: &ClientRequestToken,
        steps: usize,
    ) -> Option<Failure> {
        for step in Step::ALL.into_iter().take(steps) {
            let done = process.step(step, &self.order.secret, token).await;
            if let Err(error) = done {
                return Some((step, error));
            }
        }
        None
    }

    /// Brings an open rotation to its end, as Secrets Manager does; `None`, or why it did not end.
    pub(super) async fn finish(
        &self,
        token: &ClientRequestToken,
    ) -> Result<Option<Failure>, Violation> {
        let mut failed = None;
        for _ in 0..ATTEMPTS {
            failed = self.steps(token, Step::ALL.len()).await;
            self.check().await?;
            if failed.is_none() {
                self.surroundings.store.note_rotated(&self.order.secret);
                break;
            }
        }
        self.watch();
        Ok(failed)
    }

    /// A whole rotation.
    pub(super) async fn rotate(&self, n: usize) -> Result<(), Violation> {
        let token = token(n)?;
        self.begin(&token).await?;
        match self.finish(&token).await? {
            None => Ok(()),
            Some((step, error)) => Err(self.broken(Promise::Converges, format!("{step}: {error}"))),
        }
    }

    /// Clears a rotation that has failed for good, which must be possible.
    pub(super) async fn clear_stuck(
        &self,
        token: &ClientRequestToken,
        (step, error): Failure,
    ) -> Result<(), Violation> {
        let order = Order {
            subject: token.clone(),
            ..self.order.clone()
        };
        let process = self.process_for(order, Trace::default());
        let cleared = process.perform(Task::Clear).await;
        self.check().await?;
        if matches!(cleared, Ok(Ended::Clear(ClearOutcome::Cleared(_)))) {
            return Ok(());
        }
        let detail = format!("{step}: {error}; and clearing it: {cleared:?}");
        Err(self.broken(Promise::RotationsGoOn, detail))
    }

    /// What whoever watches the labels does: arms the deadline of a version that has become `AWSPREVIOUS`.
    pub(super) fn watch(&self) {
        let Surroundings { store, book, .. } = &self.surroundings;
        let previous = holder(&self.scene, &StagingLabel::Previous).ok();
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(previous) = previous.as_ref().filter(|_| *watched != previous) {
            book.arm(previous, store.now());
        }
        *watched = previous;
    }

    /// Whether the value of a label, if there is one, logs in.
    pub(super) async fn logs_in(&self, label: &StagingLabel) -> bool {
        self.scene.logs_in(label).await
    }

    pub(super) fn holder(&self, label: &StagingLabel) -> Option<String> {
        self.surroundings.store.holder(&self.order.secret, label)
    }

    pub(super) async fn sessions_of_others_are_open(&self) -> bool {
        for session in &self.others {
            if !self.scene.target.is_open(session).await {
                return false;
            }
        }
        true
    }

    /// Whether the session of the subject is open; `None` when it is not the subject's own any more.
    pub(super) async fn session_of_subject_is_open(&self) -> Option<bool> {
        match &self.subjects {
            Some(session) => Some(self.scene.target.is_open(session).await),
            None => None,
        }
    }

    pub(super) fn broken(&self, promise: Promise, detail: impl Into<String>) -> Violation {
        self.scene.broken(promise, detail)
    }

    /// Cuts a new process at a call, and lets go of it; whether it was cut there, and how it ended.
    pub(super) async fn cut(
        &self,
        call: usize,
        how: How,
    ) -> (bool, Driven<Result<Ended, AftermathError>>) {
        let process = self.process(Some(Cut { call, how }));
        let mut performing = pin!(process.perform(self.case.task()));
        let driven = process.trace.drive(&mut performing).await;
        (process.trace.was_cut(), driven)
    }
}

fn holder<T: Target>(scene: &Scene<T>, label: &StagingLabel) -> Result<VersionId, Violation> {
    let holder = scene.store.holder(&scene.secret, label);
    holder
        .and_then(|holder| VersionId::parse(&holder))
        .ok_or_else(|| scene.broken(Promise::CutsAreReal, format!("nothing is {label}")))
}

/// The token of the n-th rotation of a scenario.
pub(super) fn token(n: usize) -> Result<ClientRequestToken, Violation> {
    ClientRequestToken::parse(&format!("rotation-{n:-<40}")).ok_or_else(|| Violation {
        world: String::new(),
        scenario: String::new(),
        promise: Promise::CutsAreReal,
        detail: "not a token".to_owned(),
    })
}
