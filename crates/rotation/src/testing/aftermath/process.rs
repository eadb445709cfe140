use std::sync::Arc;

use super::super::ports::{TracedRotator, TracedStore};
use super::super::randomness::TestRandomness;
use super::super::recorder::Recorder;
use super::super::secrets_manager::SecretsManager;
use super::super::trace::Trace;
use super::book::Book;
use super::bug::Bug;
use super::planted::{PlantedLedger, PlantedRevoker, PlantedStore};
use super::ports::{Objectors, TracedDependants, TracedLedger};
use crate::{
    Aftermath, AftermathError, ClearOutcome, ClearRequest, Kept, Objection, Patience,
    RehearseRequest, Rehearsed, RetireOutcome, RetireRequest, Revoker, RollBackOutcome,
    RollBackRequest, SecretId, VersionId,
};

/// One of the three operations.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Task {
    /// The credential of the order's version is taken out of use.
    Retire,
    /// The order's version is made current again.
    RollBack,
    /// The order's version, which is pending, is cleared.
    Clear,
}

impl Task {
    /// The name in the report.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Retire => "retire",
            Self::RollBack => "roll back",
            Self::Clear => "clear",
        }
    }
}

/// What a process is asked to do, and to which version.
#[derive(Clone, Debug)]
pub struct Order {
    /// The secret.
    pub secret: SecretId,
    /// The version that is retired, rolled back to, or cleared.
    pub subject: VersionId,
    /// The version that is current, when it is rolled back.
    pub from: VersionId,
    /// How long a retirement waits for others.
    pub patience: Patience,
}

/// How a task ended well.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ended {
    /// A retirement.
    Retire(RetireOutcome),
    /// A rollback.
    RollBack(RollBackOutcome),
    /// A clearing.
    Clear(ClearOutcome),
}

impl Ended {
    /// Whether nothing is left to be done; not when nothing could be proved, or while it waits.
    pub fn is_final(&self) -> bool {
        !matches!(
            self,
            Self::Clear(ClearOutcome::Kept(Kept::Unproved(_)))
                | Self::Retire(RetireOutcome::Held(_))
        )
    }
}

/// What all processes of a scenario share.
#[derive(Clone)]
pub struct Surroundings {
    /// Secrets Manager.
    pub store: SecretsManager,
    /// The ledger.
    pub book: Book,
    /// What speaks against a retirement.
    pub objectors: Objectors,
    /// What really happened.
    pub recorder: Recorder,
}

/// One process that retires, rolls back and clears.
pub struct Process<R> {
    aftermath: Aftermath<PlantedStore, PlantedRevoker<R>, PlantedLedger, TracedDependants>,
    order: Order,
    store: SecretsManager,
    book: Book,
    /// Its calls.
    pub trace: Trace,
}

impl<R: Revoker + Send> Process<R> {
    /// Starts one, with a bug or without.
    pub fn start(
        surroundings: &Surroundings,
        rotator: R,
        order: Order,
        bug: Option<Bug>,
        trace: Trace,
    ) -> Self {
        let Surroundings {
            store,
            book,
            objectors,
            recorder,
        } = surroundings.clone();
        let traced = TracedStore {
            store: store.clone(),
            trace: trace.clone(),
            recorder: recorder.clone(),
        };
        let revoker = PlantedRevoker {
            bug,
            revoker: TracedRotator {
                rotator: Arc::new(rotator),
                trace: trace.clone(),
                recorder: recorder.clone(),
            },
            store: traced.clone(),
            order: order.clone(),
        };
        let ledger = PlantedLedger {
            bug,
            ledger: TracedLedger {
                book: book.clone(),
                store: store.clone(),
                trace: trace.clone(),
                recorder,
            },
        };
        let dependants = TracedDependants {
            objectors,
            trace: trace.clone(),
        };
        Self {
            aftermath: Aftermath {
                store: PlantedStore::new(bug, traced),
                kinds: revoker,
                ledger,
                dependants,
            },
            order,
            store,
            book,
            trace,
        }
    }

    /// Does a task.
    ///
    /// # Errors
    /// What it failed with.
    pub async fn perform(&self, task: Task) -> Result<Ended, AftermathError> {
        self.aftermath.store.forget();
        match task {
            Task::Retire => self.retire().await.map(Ended::Retire),
            Task::RollBack => self.roll_back().await.map(Ended::RollBack),
            Task::Clear => self.clear().await.map(Ended::Clear),
        }
    }

    /// Rehearses a rotation from the order's version. It changes nothing, so there is nothing to cut: it is
    /// no task of the suites.
    ///
    /// # Errors
    /// Why the labels forbid it.
    pub async fn rehearse(&self) -> Result<Rehearsed, Objection> {
        let request = RehearseRequest {
            secret: self.order.secret.clone(),
            version: self.order.subject.clone(),
        };
        let mut randomness = TestRandomness::fresh();
        let now = self.store.now();
        self.aftermath
            .rehearse(&request, now, &mut randomness)
            .await
    }

    async fn retire(&self) -> Result<RetireOutcome, AftermathError> {
        let Order {
            secret,
            subject,
            patience,
            ..
        } = self.order.clone();
        let request = RetireRequest {
            secret,
            version: subject,
            switch: self.book.switch(),
            patience,
            occasion: "the end of the grace".to_owned(),
            requested_by: None,
            reason: None,
        };
        self.aftermath.retire(&request, self.store.now()).await
    }

    async fn roll_back(&self) -> Result<RollBackOutcome, AftermathError> {
        let Order {
            secret,
            subject,
            from,
            ..
        } = self.order.clone();
        let request = RollBackRequest {
            secret,
            from,
            to: subject,
            reason: "the new credential is no good".to_owned(),
            occasion: "a request".to_owned(),
            requested_by: Some("somebody".to_owned()),
        };
        self.aftermath.roll_back(&request, self.store.now()).await
    }

    async fn clear(&self) -> Result<ClearOutcome, AftermathError> {
        let request = ClearRequest {
            secret: self.order.secret.clone(),
            version: self.order.subject.clone(),
        };
        self.aftermath.clear(&request, self.store.now()).await
    }
}
