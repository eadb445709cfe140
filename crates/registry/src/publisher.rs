use std::future::Future;

use rekey_events::{Announcement, Source};

/// The bus.
pub trait Publisher: Sync {
    /// As whom it publishes. Announcements of others stay in the outbox for them.
    fn source(&self) -> Source;

    /// Publishes all of them and knows that all were taken.
    ///
    /// # Errors
    /// [`PublishError`] when any was not taken; then all may be published again.
    fn publish(
        &self,
        announcements: &[Announcement],
    ) -> impl Future<Output = Result<(), PublishError>> + Send;

    /// They were published and are out of the outbox, so nobody publishes them again. For who counts what
    /// was said: a repeat is published too, but comes to its end here once.
    fn told(&self, _: &[Announcement]) {}
}

/// The bus did not take an event.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the bus did not take the event: {0}; it stays in the outbox and is published again")]
pub struct PublishError(pub String);
