use std::future::Future;

use rekey_events::EventId;

use crate::chain::Chain;
use crate::head::Head;
use crate::index::{Indexed, Partition};
use crate::link::{Link, NoLink};

/// The most records that are appended at once. DynamoDB takes 100 actions in a transaction; each record is
/// two of them, the head is one, and the name of the chain another.
pub const MOST_AT_ONCE: usize = 49;

/// Where a record stands.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// The chain.
    pub chain: Chain,
    /// Its place there, from 1.
    pub seq: u64,
}

/// What stands at one place of the store, sound or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The place that it was found at.
    pub seq: u64,
    /// The link, when it is one.
    pub link: Result<Link, NoLink>,
    /// Where it is filed, when the store has indexes; an export has none.
    pub indexed: Option<Indexed>,
}

/// A page of an index, the newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The order of each entry ([`Indexed::at`]), and where it stands.
    pub entries: Vec<(String, Place)>,
    /// Whether there may be more behind it.
    pub more: bool,
}

/// Why the trail could not be read or written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TrailError {
    /// Not allowed; what was.
    #[error("not allowed: {0}")]
    Denied(String),
    /// Too many calls for the moment.
    #[error("the audit table is throttled")]
    Throttled,
    /// No usable answer.
    #[error("the audit table gave no usable answer: {0}")]
    Unavailable(String),
    /// An item that is not what it should be, by its key.
    #[error("the item {0} of the audit table cannot be read")]
    Corrupt(String),
}

/// Why nothing was appended.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AppendError {
    /// The chain has another end, or one of the records is there already.
    #[error("somebody else wrote into the chain")]
    Conflict,
    /// Anything else. It may have been written all the same.
    #[error(transparent)]
    Failed(#[from] TrailError),
}

/// Reads of the trail. All but [`Trail::page`] see every write that was acknowledged before.
pub trait Trail: Sync {
    /// The names of all chains, in order.
    ///
    /// # Errors
    /// [`TrailError`].
    fn chains(&self) -> impl Future<Output = Result<Vec<Chain>, TrailError>> + Send;

    /// The end of a chain; none when it has no record.
    ///
    /// # Errors
    /// [`TrailError`].
    fn head(&self, chain: &Chain) -> impl Future<Output = Result<Option<Head>, TrailError>> + Send;

    /// What stands in a chain after a place, in order, at most `limit`. Fewer than that are the last.
    ///
    /// # Errors
    /// [`TrailError`].
    fn links(
        &self,
        chain: &Chain,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Stored>, TrailError>> + Send;

    /// Where the records with these ids stand, in their order; none for one that is not recorded.
    ///
    /// # Errors
    /// [`TrailError`].
    fn recorded(
        &self,
        ids: &[EventId],
    ) -> impl Future<Output = Result<Vec<Option<Place>>, TrailError>> + Send;

    /// What stands at these places, in their order; none where there is nothing.
    ///
    /// # Errors
    /// [`TrailError`].
    fn fetch(
        &self,
        places: &[Place],
    ) -> impl Future<Output = Result<Vec<Option<Stored>>, TrailError>> + Send;

    /// What is filed in a partition before an order (exclusive), the newest first, at most `limit`. May be a
    /// second behind.
    ///
    /// # Errors
    /// [`TrailError`].
    fn page(
        &self,
        partition: Partition<'_>,
        before: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Page, TrailError>> + Send;
}

/// Writes of the trail.
pub trait Append: Trail {
    /// Writes links behind the end of their chain, all of them or none: only while the end is still
    /// `expected`, and only when none of their records is there. At most [`MOST_AT_ONCE`], of one chain, in
    /// order.
    ///
    /// # Errors
    /// [`AppendError`].
    fn append(
        &self,
        expected: Option<&Head>,
        links: &[Link],
        head: &Head,
    ) -> impl Future<Output = Result<(), AppendError>> + Send;
}

/// Where records go besides: a SIEM.
pub trait Onward: Sync {
    /// Sends links on, each as a line of JSON. What is sent twice arrives twice.
    ///
    /// # Errors
    /// [`OnwardError`]; some may have arrived.
    fn send(&self, links: &[Link]) -> impl Future<Output = Result<(), OnwardError>> + Send;
}

/// Records could not be sent on.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the records were written, but the stream to the SIEM did not take them: {0}")]
pub struct OnwardError(pub String);
