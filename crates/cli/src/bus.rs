use std::future::Future;

use rekey_events::RotateRequested;

use crate::requester::Requester;

/// The bus that takes requests for rotations.
pub trait Bus: Sync {
    /// Puts a request on it, about `resource`, and answers when the bus has taken it.
    ///
    /// # Errors
    /// [`BusError`].
    fn ask(
        &self,
        requester: &Requester,
        request: &RotateRequested,
        resource: &str,
    ) -> impl Future<Output = Result<(), BusError>> + Send;
}

/// Why the bus has not taken a request, as far as is known.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BusError {
    /// Not allowed under this name.
    #[error("not allowed")]
    Denied,
    /// There is no such bus.
    #[error("there is no such bus")]
    NoBus,
    /// It was not taken.
    #[error("{0}")]
    NotTaken(String),
    /// No usable answer: it may have been taken.
    #[error("no usable answer")]
    Unavailable,
}
