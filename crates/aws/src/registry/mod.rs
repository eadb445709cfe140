mod actors;
mod commit;
mod correlation;
mod cursor;
mod due;
mod error;
mod item;
mod key;
mod names;
mod outcomes;
mod reads;
mod requests;
mod slots;
mod state;
mod turns;
mod update;
mod usage;
mod write;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ConsumedCapacity;
use rekey_events::EventId;
use rekey_registry::request::{Actor, Request, RequestPage, Requests, Settlement, Turn};
use rekey_registry::{
    Bucket, Changes, Consumer, Due, DuePage, Next, Noted, Read, Secret, SecretState, Store,
    StoreError, Taken, VersionId,
};

use crate::connection::{Connection, client};

use slots::Seconds;
pub use usage::Usage;

/// The end of a call.
const CALL: Duration = Duration::from_secs(4);

/// How often a call is made again that met somebody else's write of the same items.
const ATTEMPTS: usize = 5;

/// The registry in its table of DynamoDB: the keys are `pk` and `sk`, both texts, and the TTL attribute
/// is `expires_at`. Clones share one count of what they used, and what they know of slots.
#[derive(Clone, Debug)]
pub struct RegistryTable {
    client: Client,
    table: String,
    usage: Arc<Mutex<Usage>>,
    seconds: Arc<Mutex<Seconds>>,
}

impl RegistryTable {
    /// Makes the client over the shared connection. `table` is the name of the table.
    pub fn new(connection: &Connection, table: String) -> Self {
        Self {
            client: client!(aws_sdk_dynamodb, connection, CALL),
            table,
            usage: Arc::default(),
            seconds: Arc::default(),
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

    async fn note_turn(&self, turn: &Turn) -> Result<(), StoreError> {
        self.note_change_of_service(turn).await
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

impl Requests for RegistryTable {
    async fn request(&self, token: &VersionId) -> Result<Option<Request>, StoreError> {
        self.request_alone(token).await
    }

    async fn settle(&self, settlement: &Settlement) -> Result<(), StoreError> {
        self.settle_request(settlement).await
    }

    async fn requests_of(
        &self,
        day: i64,
        before: Option<&str>,
        limit: usize,
    ) -> Result<RequestPage, StoreError> {
        self.requests_of_day(day, before, limit).await
    }

    async fn actor(&self, source: &str) -> Result<Option<Actor>, StoreError> {
        self.actor_of(source).await
    }

    async fn actors(&self) -> Result<Vec<Actor>, StoreError> {
        self.all_actors().await
    }

    async fn put_actor(&self, actor: &Actor) -> Result<(), StoreError> {
        self.record_actor(actor).await
    }

    async fn remove_actor(&self, source: &str) -> Result<bool, StoreError> {
        self.forget_actor(source).await
    }

    async fn turn(&self, service: &str) -> Result<Option<Turn>, StoreError> {
        self.turn_of(service).await
    }

    async fn take_slot(&self, second: i64, tenant: &str, most: u32) -> Result<bool, StoreError> {
        self.slot(second, tenant, most).await
    }
}
