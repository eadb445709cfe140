use std::future::Future;

use rekey_events::EventId;

use crate::changes::Changes;
use crate::consumer::{Consumer, Read};
use crate::due::{Bucket, Due};
use crate::record::Secret;
use crate::request::Turn;
use crate::state::SecretState;

/// Where the registry is kept. Every call may be repeated; what must not happen twice is conditional.
///
/// Implementations retry what the store asks to be retried and bound every call in time. Reads see every
/// write that was answered before they began.
pub trait Store: Sync {
    /// Everything that is recorded of a secret: one query of its partition.
    ///
    /// # Errors
    /// [`StoreError`].
    fn load(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<SecretState>, StoreError>> + Send;

    /// The secret alone.
    ///
    /// # Errors
    /// [`StoreError`].
    fn secret(&self, name: &str)
    -> impl Future<Output = Result<Option<Secret>, StoreError>> + Send;

    /// Its consumers alone.
    ///
    /// # Errors
    /// [`StoreError`].
    fn consumers(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Vec<Consumer>, StoreError>> + Send;

    /// Writes all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the record has another revision than the expected one, or is there
    /// when it should not be; then nothing was written.
    fn commit(&self, changes: &Changes) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Takes announcements out of the outbox. Those that are not there any more are no error.
    ///
    /// # Errors
    /// [`StoreError`].
    fn sent(
        &self,
        name: &str,
        ids: &[EventId],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What lies in a bucket and is due at `until`, by its place; `after` is the `next` of the page before.
    ///
    /// # Errors
    /// [`StoreError`].
    fn due(
        &self,
        bucket: Bucket,
        until: i64,
        after: Option<&str>,
    ) -> impl Future<Output = Result<DuePage, StoreError>> + Send;

    /// Moves a deadline on, or closes it: the item where it lies, the entry in the secret's `deadlines`
    /// and the secret's revision together, in one conditional transaction without a read. `attempt` grows
    /// by one when it moves on. Of two that take the same one, one is told [`Taken::Gone`]; so is who takes
    /// one that was moved, disarmed or closed meanwhile. Then nothing was written.
    ///
    /// # Errors
    /// [`StoreError`].
    fn take(&self, due: &Due, next: Next)
    -> impl Future<Output = Result<Taken, StoreError>> + Send;

    /// Records a read, and its event's id for at least a day. What is recorded of a consumer only grows, as
    /// [`Read::merge`] says.
    ///
    /// # Errors
    /// [`StoreError`].
    fn note_read(&self, read: &Read) -> impl Future<Output = Result<Noted, StoreError>> + Send;

    /// Whether a read with this event's id was recorded.
    ///
    /// # Errors
    /// [`StoreError`].
    fn was_read(&self, id: &EventId) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The names of at most `limit` registered secrets after `after`, in the order of their bytes, without
    /// reading anything else.
    ///
    /// # Errors
    /// [`StoreError`].
    fn list(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// Records that a secret of a service has changed, if no later change is recorded there.
    ///
    /// # Errors
    /// [`StoreError`].
    fn note_turn(&self, turn: &Turn) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// How far a job has come.
    ///
    /// # Errors
    /// [`StoreError`].
    fn cursor(&self, job: &str) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// Notes how far a job has come, if nobody else did meanwhile; tells whether it was noted.
    ///
    /// # Errors
    /// [`StoreError`].
    fn move_cursor(
        &self,
        job: &str,
        expected: Option<&str>,
        new: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// A page of what is due.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DuePage {
    /// By their places.
    pub due: Vec<Due>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// What becomes of a deadline.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Next {
    /// It is looked at again then: `due_at` is that, `attempt` one more.
    At(i64),
    /// It was kept then: `due_at` is none, `done_at` that.
    Done(i64),
}

/// Who took a deadline.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, for the length of a call"
)]
pub enum Taken {
    /// This caller. The deadline as it lies now, if it was moved on.
    Ours(Option<Due>),
    /// Somebody else, or nobody needs to any more.
    Gone,
}

/// What became of a read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Noted {
    /// It is recorded.
    New,
    /// It was recorded before.
    Known,
    /// The secret is not registered; nothing is recorded.
    Unregistered,
}

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote meanwhile. Load, decide and commit again.
    #[error("the record was changed by somebody else meanwhile")]
    Conflict,
    /// Throttled after all retries.
    #[error("the registry table is throttled; the work is repeated later")]
    Throttled,
    /// No usable answer.
    #[error("the registry table gave no usable answer: {0}; the work is repeated later")]
    Unavailable(String),
    /// Not allowed.
    #[error("the function's role may not do this on the registry table: {0}")]
    Denied(String),
    /// What is in the table cannot be understood. Names the item, never what is in it.
    #[error("an item of the registry table cannot be read: {0}; correct or delete it")]
    Corrupt(String),
}

impl StoreError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Conflict | Self::Throttled | Self::Unavailable(_) => true,
            Self::Denied(_) | Self::Corrupt(_) => false,
        }
    }
}

impl Due {
    /// The deadline after it was taken so.
    pub fn after(&self, next: Next) -> Option<Self> {
        match next {
            Next::At(due_at) => Some(Self {
                due_at,
                attempt: self.attempt.saturating_add(1),
                ..self.clone()
            }),
            Next::Done(_) => None,
        }
    }
}
