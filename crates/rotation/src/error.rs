use std::fmt;

use crate::{AnnounceError, Refusal, RequestError, Step, StoreError, TargetError};

/// The stable name of a failure: what alarms, dashboards and callers go by.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ErrorClass {
    /// The event, the secret's JSON or the state of its versions is not one that can be rotated.
    InvalidRequest,
    /// The secret is not in the registry.
    NotRegistered,
    /// The caller may not do this.
    Forbidden,
    /// Outside the maintenance window.
    WindowClosed,
    /// The old credential of the last rotation still has its grace.
    GraceRunning,
    /// Another rotation is open.
    RotationOpen,
    /// The old credential is still in use.
    StillInUse,
    /// No connection to the target.
    TargetUnreachable,
    /// TLS to the target was refused.
    TlsRefused,
    /// The target refused the credential.
    WrongPassword,
    /// A role lacks a permission, at AWS or at the target.
    Permission,
    /// A role or database is missing at the target.
    RoleMissing,
    /// Too much at once.
    Throttled,
    /// Secrets Manager, or what is known of the secret's users, gave no usable answer.
    StoreUnavailable,
    /// What must be remembered was not taken.
    AuditUnavailable,
    /// A bug.
    Internal,
}

impl ErrorClass {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::NotRegistered => "not_registered",
            Self::Forbidden => "forbidden",
            Self::WindowClosed => "window_closed",
            Self::GraceRunning => "grace_running",
            Self::RotationOpen => "rotation_open",
            Self::StillInUse => "still_in_use",
            Self::TargetUnreachable => "target_unreachable",
            Self::TlsRefused => "tls_refused",
            Self::WrongPassword => "wrong_password",
            Self::Permission => "permission",
            Self::RoleMissing => "role_missing",
            Self::Throttled => "throttled",
            Self::StoreUnavailable => "store_unavailable",
            Self::AuditUnavailable => "audit_unavailable",
            Self::Internal => "internal",
        }
    }

    /// Whether the same call may succeed later with nobody doing anything.
    pub const fn retryable(self) -> bool {
        match self {
            Self::WindowClosed
            | Self::GraceRunning
            | Self::RotationOpen
            | Self::StillInUse
            | Self::TargetUnreachable
            | Self::Throttled
            | Self::StoreUnavailable
            | Self::AuditUnavailable => true,
            Self::InvalidRequest
            | Self::NotRegistered
            | Self::Forbidden
            | Self::TlsRefused
            | Self::WrongPassword
            | Self::Permission
            | Self::RoleMissing
            | Self::Internal => false,
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a rotation step failed. Its text says what to do and holds no value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RotationError {
    /// The request is not a rotation step.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The state of the secret forbids the step.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Secrets Manager.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The superuser secret could not be read.
    #[error("the superuser secret that `masterarn` names: {0}")]
    Superuser(#[source] StoreError),
    /// The pending value stayed unreadable.
    #[error(
        "the pending version has no readable value at {0}; createSecret has not run or its value is not visible yet: the step is repeated later"
    )]
    PendingUnreadable(Step),
    /// The target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The bus.
    #[error(transparent)]
    Announce(#[from] AnnounceError),
}

impl RotationError {
    /// The stable name of what went wrong.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Request(_) => ErrorClass::InvalidRequest,
            Self::Refused(refusal) => refusal.class(),
            Self::Store(error) | Self::Superuser(error) => error.class(),
            Self::PendingUnreadable(_) => ErrorClass::StoreUnavailable,
            Self::Target(error) => error.class(),
            Self::Announce(_) => ErrorClass::AuditUnavailable,
        }
    }
}
