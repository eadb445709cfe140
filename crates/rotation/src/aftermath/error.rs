use super::{DependantsError, LedgerError, Objection};
use crate::{ErrorClass, StoreError, TargetError};

/// Why a retirement, a rollback or a clearing failed. Its text says what to do and holds no value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AftermathError {
    /// The state of the secret forbids it.
    #[error(transparent)]
    Refused(#[from] Objection),
    /// Secrets Manager.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The superuser secret could not be read.
    #[error("the superuser secret that `masterarn` names: {0}")]
    Superuser(#[source] StoreError),
    /// The target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// What must be remembered.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Who depends on the credential.
    #[error(transparent)]
    Dependants(#[from] DependantsError),
    /// The target lets in the credential that should be dead.
    #[error(
        "the target still lets the old credential in; its version keeps its label and its deadline: look whether its password was set by hand, or whether the target lets this user in without one"
    )]
    StillAccepted,
    /// The target refuses the credential that should work.
    #[error(
        "the target refuses the credential that was rolled back to; repeat the rollback, and look whether its password was changed by hand"
    )]
    NotAccepted,
}

impl AftermathError {
    /// The stable name of what went wrong.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Refused(objection) => objection.class(),
            Self::Store(error) | Self::Superuser(error) => error.class(),
            Self::Target(error) => error.class(),
            Self::Ledger(_) => ErrorClass::AuditUnavailable,
            Self::Dependants(_) => ErrorClass::StoreUnavailable,
            Self::StillAccepted => ErrorClass::StillInUse,
            Self::NotAccepted => ErrorClass::WrongPassword,
        }
    }
}
