use rekey_audit::{Chain, Head, Stored};

use super::checkpoints::{Checkpoints, Which};
use crate::error::Error;

/// Where a trail is read from.
pub trait Source {
    /// The names of its chains, in order.
    ///
    /// # Errors
    /// [`Error`] of the reading.
    async fn chains(&self) -> Result<Vec<Chain>, Error>;

    /// Whether there is anything of a chain, though its name may be gone: its end, or a record.
    ///
    /// # Errors
    /// [`Error`] of the reading.
    async fn has(&self, chain: &Chain) -> Result<bool, Error>;

    /// Its checkpoints, in the order of their numbers.
    ///
    /// # Errors
    /// [`Error`] of the reading.
    async fn checkpoints(&self, which: Which) -> Result<Checkpoints, Error>;

    /// Hands every record of a chain over, in order, and answers with the end of the chain as it stood with the
    /// last of them.
    ///
    /// # Errors
    /// [`Error`] of the reading, or of `each`.
    async fn walk(
        &self,
        chain: &Chain,
        each: &mut dyn FnMut(&Stored) -> Result<(), Error>,
    ) -> Result<Option<Head>, Error>;

    /// Whether the store files records under what they say, so that a search can miss one.
    fn has_indexes(&self) -> bool;
}
