mod commit;
mod cursor;
mod due;
mod error;
mod item;
mod key;
mod names;
mod reads;
mod state;
mod update;
mod usage;
mod write;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ConsumedCapacity;
use rekey_events::EventId;
use rekey_registry::{
    Bucket, Changes, Consumer, Due, DuePage, Next, Noted, Read, Secret, SecretState, Store,
    StoreError, Taken,
};

use crate::connection::{Connection, client};

pub use usage::Usage;

/// The end of a call.
const CALL: Duration = Duration::from_secs(4);

/// How often a call is made again that met somebody else's write of the same items.
const ATTEMPTS: usize = 5;

/// The registry in its table of DynamoDB: the keys are `pk` and `sk`, both texts, and the TTL attribute
/// is `expires_at`. Clones share one count of what they used.
#[derive(Clone, Debug)]
pub struct RegistryTable {
    client: Client,
    table: String,
    usage: Arc<Mutex<Usage>>,
}

impl RegistryTable {
    /// Makes the client over the shared connection. `table` is the name of the table.
    pub fn new(connection: &Connection, table: String) -> Self {
        Self {
            client: client!(aws_sdk_dynamodb, connection, CALL),
            table,
            usage: Arc::default(),
        }
    }

    /// What was used of the table so far, by this store and its clones.
    pub fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a read of `scanned` items.
    fn has_read(&self, capacity: Option<&ConsumedCapacity>, scanned: usize) {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        usage.add_read(capacity, scanned);
    }

    /// Counts a write.
    fn has_written<'a>(&self, capacity: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        usage.add_write(capacity);
    }
}

impl Store for RegistryTable {
    async fn load(&self, name: &str) -> Result<Option<SecretState>, StoreError> {
        self.whole_state(name).await
    }

    async fn secret(&self, name: &str) -> Result<Option<Secret>, StoreError> {
        self.secret_alone(name).await
    }

    async fn consumers(&self, name: &str) -> Result<Vec<Consumer>, StoreError> {
        self.consumers_alone(name).await
    }

    async fn commit(&self, changes: &Changes) -> Result<(), StoreError> {
        self.commit_changes(changes).await
    }

    async fn sent(&self, name: &str, ids: &[EventId]) -> Result<(), StoreError> {
        self.take_out(name, ids).await
    }

    async fn due(
        &self,
        bucket: Bucket,
        until: i64,
        after: Option<&str>,
    ) -> Result<DuePage, StoreError> {
        self.due_page(bucket, until, after).await
    }

    async fn take(&self, due: &Due, next: Next) -> Result<Taken, StoreError> {
        self.take_due(due, next).await
    }

    async fn note_read(&self, read: &Read) -> Result<Noted, StoreError> {
        self.record_read(read).await
    }

    async fn was_read(&self, id: &EventId) -> Result<bool, StoreError> {
        self.is_recorded(id).await
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        self.names_after(after, limit).await
    }

    async fn cursor(&self, job: &str) -> Result<Option<String>, StoreError> {
        self.place_of(job).await
    }

    async fn move_cursor(
        &self,
        job: &str,
        expected: Option<&str>,
        new: &str,
    ) -> Result<bool, StoreError> {
        self.move_on(job, expected, new).await
    }
}
