//! A wrapper around each port of the aftermath: every call passes a [`Trace`], and what really happened
//! goes to a [`Recorder`].

use std::sync::{Arc, Mutex, PoisonError};

use super::super::ports::{TracedRotator, unreachable};
use super::super::recorder::Recorder;
use super::super::secrets_manager::SecretsManager;
use super::super::trace::Trace;
use super::book::Book;
use crate::{
    Cause, Dependants, DependantsError, Held, Intended, Kinship, Ledger, LedgerError, Login,
    Moment, Retired, Revocation, Revoker, RolledBack, SecretId, SecretValue, TargetError,
    VersionId, Void,
};

impl<R: Revoker + Send> Revoker for TracedRotator<R> {
    type Seized = R::Seized;

    fn kinship(&self, old: &SecretValue, other: &SecretValue) -> Result<Kinship, TargetError> {
        self.rotator.kinship(old, other)
    }

    fn kept_until(
        &self,
        old: &SecretValue,
        current: &SecretValue,
        switched_at: Option<i64>,
    ) -> Result<Option<i64>, TargetError> {
        self.rotator.kept_until(old, current, switched_at)
    }

    async fn seize(&self, revocation: Revocation<'_>) -> Result<R::Seized, TargetError> {
        let call = self.rotator.seize(revocation);
        self.trace.call("seize".to_owned(), call, unreachable).await
    }

    async fn sessions(
        &self,
        seized: &mut R::Seized,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        let call = self.rotator.sessions(seized, revocation);
        self.trace
            .call("sessions".to_owned(), call, unreachable)
            .await
    }

    async fn revoke(
        &self,
        seized: &mut R::Seized,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        let call = self.rotator.revoke(seized, revocation);
        self.trace
            .call("revoke".to_owned(), call, unreachable)
            .await
    }

    async fn try_login(
        &self,
        value: &SecretValue,
        moment: Moment<'_>,
    ) -> Result<Login, TargetError> {
        let call = async {
            let login = self.rotator.try_login(value, moment).await?;
            match login {
                Login::Accepted => self.recorder.logged_in(value),
                Login::Refused => self.recorder.refused(value),
            }
            Ok(login)
        };
        self.trace.call("login".to_owned(), call, unreachable).await
    }

    async fn restore(
        &self,
        seized: &mut R::Seized,
        revocation: Revocation<'_>,
    ) -> Result<(), TargetError> {
        let call = self.rotator.restore(seized, revocation);
        self.trace
            .call("restore".to_owned(), call, unreachable)
            .await
    }
}

/// A ledger in memory, traced.
#[derive(Clone)]
pub struct TracedLedger {
    /// The ledger.
    pub book: Book,
    /// Secrets Manager, to look up a version's value.
    pub store: SecretsManager,
    /// Where calls are counted and cut.
    pub trace: Trace,
    /// What was intended, and declared dead.
    pub recorder: Recorder,
}

fn untold() -> LedgerError {
    LedgerError("the answer was lost".to_owned())
}

impl Ledger for TracedLedger {
    async fn intended(&self, intent: &Intended<'_>) -> Result<(), LedgerError> {
        let call = async {
            self.book.intended(intent).await?;
            self.recorder.intended(intent.operation, intent.version);
            Ok(())
        };
        let name = format!("tell intended {}", intent.operation.as_str());
        self.trace.call(name, call, untold).await
    }

    async fn retired(&self, retired: &Retired<'_>) -> Result<(), LedgerError> {
        let call = async {
            let value = self.store.peek_version(retired.secret, retired.version);
            self.recorder.declared_dead(retired.version, value.as_ref());
            self.book.retired(retired).await
        };
        self.trace
            .call("tell retired".to_owned(), call, untold)
            .await
    }

    async fn held(&self, held: &Held<'_>) -> Result<(), LedgerError> {
        let call = self.book.held(held);
        self.trace.call("tell held".to_owned(), call, untold).await
    }

    async fn rolled_back(&self, rolled_back: &RolledBack<'_>) -> Result<(), LedgerError> {
        let call = self.book.rolled_back(rolled_back);
        self.trace
            .call("tell rolled back".to_owned(), call, untold)
            .await
    }

    async fn void(&self, void: &Void<'_>) -> Result<(), LedgerError> {
        let call = self.book.void(void);
        self.trace.call("tell void".to_owned(), call, untold).await
    }
}

/// What speaks against a retirement: nothing, or what a test says. Clones share it.
#[derive(Clone, Default)]
pub struct Objectors(Arc<Mutex<Vec<Cause>>>);

impl Objectors {
    /// From now on, these do.
    pub fn are(&self, causes: Vec<Cause>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = causes;
    }
}

/// Objectors, traced.
#[derive(Clone)]
pub struct TracedDependants {
    /// Who they are.
    pub objectors: Objectors,
    /// Where calls are counted and cut.
    pub trace: Trace,
}

impl Dependants for TracedDependants {
    async fn holds(
        &self,
        _secret: &SecretId,
        _version: &VersionId,
    ) -> Result<Vec<Cause>, DependantsError> {
        let call = async {
            let causes = self.objectors.0.lock();
            Ok(causes.unwrap_or_else(PoisonError::into_inner).clone())
        };
        let lost = || DependantsError("the answer was lost".to_owned());
        self.trace
            .call("ask dependants".to_owned(), call, lost)
            .await
    }
}
