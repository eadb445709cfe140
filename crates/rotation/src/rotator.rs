use std::future::Future;

use rand_core::TryCryptoRng;

use crate::{ErrorClass, Overlap, SecretId, SecretValue};

/// One kind of target: a database, a cache, a signing key, a vendor.
///
/// Every method may run twice, late, beside another run of itself, or stop anywhere.
pub trait Rotator: Sync {
    /// What is held at the target between [`Rotator::lock`] and [`Rotator::set`]. Dropping it gives the
    /// lock back and leaves the target as it was.
    type Hold: Send;

    /// The kind, as in the tag `rekey:kind`: `postgres`, ...
    fn kind(&self) -> &'static str;

    /// How the credential of `current` is rotated, and so what lives on after it.
    ///
    /// # Errors
    /// [`TargetError::InvalidSecret`] when the value is not of this kind.
    fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError>;

    /// The value that follows `current`. Pure but for the randomness.
    ///
    /// # Errors
    /// [`TargetError::InvalidSecret`] when `current` is not of this kind or the next value would not fit.
    fn next<R: TryCryptoRng>(
        &self,
        current: &SecretValue,
        occasion: Occasion,
        randomness: &mut R,
    ) -> Result<SecretValue, TargetError>;

    /// The superuser secret that `current` names, if its rotation needs one.
    ///
    /// # Errors
    /// [`TargetError::InvalidSecret`] when `current` is not of this kind.
    fn superuser(&self, current: &SecretValue) -> Result<Option<SecretId>, TargetError>;

    /// Checks that the two values are of one credential at one target, proves that the current one is
    /// valid, and takes the target's lock for this credential. Changes nothing.
    ///
    /// # Errors
    /// [`TargetError`]; [`TargetError::WrongPassword`] when no given credential is taken.
    fn lock(
        &self,
        credentials: Credentials<'_>,
    ) -> impl Future<Output = Result<Self::Hold, TargetError>> + Send;

    /// Makes the pending value valid at the target, all or nothing, and gives the lock back.
    ///
    /// # Errors
    /// [`TargetError`]; the target is then as it was, or as it should be, never between.
    fn set(
        &self,
        hold: Self::Hold,
        credentials: Credentials<'_>,
    ) -> impl Future<Output = Result<(), TargetError>> + Send;

    /// Logs in with the pending value and checks that it may do what the current one may.
    ///
    /// # Errors
    /// [`TargetError`].
    fn test(&self, pending: &SecretValue) -> impl Future<Output = Result<(), TargetError>> + Send;

    /// Checks that a rotation of `current` could work, changing nothing: what Secrets Manager asks for
    /// when rotation is turned on without rotating at once.
    ///
    /// # Errors
    /// [`TargetError`].
    fn probe(
        &self,
        current: &SecretValue,
        superuser: Option<&SecretValue>,
    ) -> impl Future<Output = Result<(), TargetError>> + Send;
}

/// The values that `setSecret` works on.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// The value under `AWSCURRENT`.
    pub current: &'a SecretValue,
    /// The value under `AWSPENDING`.
    pub pending: &'a SecretValue,
    /// The value under `AWSPREVIOUS`; given only when neither of the others was taken.
    pub previous: Option<&'a SecretValue>,
    /// The value of the superuser secret, if the rotation needs one.
    pub superuser: Option<&'a SecretValue>,
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// When a value is made, and how long the one before it is to live on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Occasion {
    /// Now, in seconds since 1970.
    pub now: i64,
    /// The tag `rekey:grace` of the secret, in seconds. `None` when it has none: the deployment's own
    /// grace counts then.
    pub grace: Option<u32>,
    /// When the last rotation was over, in seconds since 1970, if that is known: from then on the current value was
    /// in use. It may have been made much earlier.
    pub switched_at: Option<i64>,
}

/// Why the target, or the secret that describes it, refused. Texts say what to do and hold no value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TargetError {
    /// The secret's JSON is not what this kind needs, or the versions do not belong together.
    #[error("{0}")]
    InvalidSecret(String),
    /// No connection: name, route, port, time-out, server down.
    #[error("{0}")]
    Unreachable(String),
    /// The target's certificate or TLS set-up was refused.
    #[error("{0}")]
    TlsRefused(String),
    /// The credential was refused.
    #[error("{0}")]
    WrongPassword(String),
    /// A role or database that should be there is not.
    #[error("{0}")]
    RoleMissing(String),
    /// The login that does the change may not do it.
    #[error("{0}")]
    Permission(String),
    /// Another rotation, or the server's own limit, is in the way for the moment.
    #[error("{0}")]
    Busy(String),
    /// Anything else the target said.
    #[error("{0}")]
    Internal(String),
}

impl TargetError {
    /// The stable name of what went wrong.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::InvalidSecret(_) => ErrorClass::InvalidRequest,
            Self::Unreachable(_) => ErrorClass::TargetUnreachable,
            Self::TlsRefused(_) => ErrorClass::TlsRefused,
            Self::WrongPassword(_) => ErrorClass::WrongPassword,
            Self::RoleMissing(_) => ErrorClass::RoleMissing,
            Self::Permission(_) => ErrorClass::Permission,
            Self::Busy(_) => ErrorClass::Throttled,
            Self::Internal(_) => ErrorClass::Internal,
        }
    }
}
