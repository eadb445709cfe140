mod append;
mod batch;
mod error;
mod item;
mod key;
mod reads;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use rekey_audit::{
    Append, AppendError, Chain, Head, Link, Page, Partition, Place, Stored, Trail, TrailError,
};
use rekey_events::EventId;

use crate::connection::{Connection, client};

/// The end of a call.
const CALL: Duration = Duration::from_secs(4);

/// The audit trail in its table of DynamoDB: the keys are `pk` and `sk`, both texts, and each index has a
/// partition attribute of its own and sorts by `at`.
#[derive(Clone, Debug)]
pub struct AuditTable {
    client: Client,
    table: String,
}

impl AuditTable {
    /// Makes the client over the shared connection. `table` is the name of the table.
    pub fn new(connection: &Connection, table: String) -> Self {
        Self {
            client: client!(aws_sdk_dynamodb, connection, CALL),
            table,
        }
    }
}

impl Trail for AuditTable {
    async fn chains(&self) -> Result<Vec<Chain>, TrailError> {
        self.all_chains().await
    }

    async fn head(&self, chain: &Chain) -> Result<Option<Head>, TrailError> {
        self.head_of(chain).await
    }

    async fn links(
        &self,
        chain: &Chain,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, TrailError> {
        self.links_after(chain, after, limit).await
    }

    async fn recorded(&self, ids: &[EventId]) -> Result<Vec<Option<Place>>, TrailError> {
        self.places_of(ids).await
    }

    async fn fetch(&self, places: &[Place]) -> Result<Vec<Option<Stored>>, TrailError> {
        self.stored_at(places).await
    }

    async fn page(
        &self,
        partition: Partition<'_>,
        before: &str,
        limit: usize,
    ) -> Result<Page, TrailError> {
        self.filed_before(partition, before, limit).await
    }
}

impl Append for AuditTable {
    async fn append(
        &self,
        expected: Option<&Head>,
        links: &[Link],
        head: &Head,
    ) -> Result<(), AppendError> {
        self.append_links(expected, links, head).await
    }
}
