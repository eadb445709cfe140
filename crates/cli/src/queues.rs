use std::future::Future;

/// How many messages wait in a queue.
pub trait Queues: Sync {
    /// The messages in the queue, about. None when there is no such queue.
    ///
    /// # Errors
    /// [`QueueError`].
    fn waiting(&self, queue: &str) -> impl Future<Output = Result<Option<u64>, QueueError>> + Send;
}

/// Why a queue could not be looked at.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum QueueError {
    /// Not allowed.
    #[error("not allowed: {0}")]
    Denied(String),
    /// No usable answer.
    #[error("{0}")]
    Unavailable(String),
}
