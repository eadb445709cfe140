use std::future::Future;

use crate::version::VersionId;

/// Calling RotateSecret.
pub trait Rotate: Sync {
    /// `RotateSecret` with this token, and nothing else: the function and the schedule stay as they are.
    ///
    /// # Errors
    /// [`RotateError`].
    fn rotate(
        &self,
        arn: &str,
        token: &VersionId,
    ) -> impl Future<Output = Result<Rotated, RotateError>> + Send;
}

/// What Secrets Manager did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rotated {
    /// It has begun a rotation with this token.
    Begun,
    /// It took up an older rotation that was open; this token is not used.
    Reattempted,
}

/// Why RotateSecret was not done. Nothing is known to have begun.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RotateError {
    /// Secrets Manager refused it, and will again.
    #[error("Secrets Manager refused RotateSecret: {0}")]
    Refused(String),
    /// Not allowed.
    #[error("the function's role may not rotate this secret: {0}")]
    Denied(String),
    /// Throttled.
    #[error("Secrets Manager is throttling RotateSecret")]
    Throttled,
    /// No usable answer. It may have begun.
    #[error("Secrets Manager gave no usable answer to RotateSecret: {0}")]
    Unavailable(String),
}
