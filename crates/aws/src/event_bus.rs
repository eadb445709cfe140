use std::time::Duration;

use aws_sdk_eventbridge::Client;
use rekey_events::{Announcement, Detail, Source};

use crate::connection::{Connection, client};
use crate::put_events::{Entry, PublishError, batches, put};

/// The end of a call. Short: an intent is published while the target's lock is held, and a failure at the
/// end of a step.
const CALL: Duration = Duration::from_secs(3);

/// How often an entry is offered before the caller is told.
const OFFERS: usize = 3;

/// One event bus, for one source.
#[derive(Clone, Debug)]
pub struct EventBus {
    client: Client,
    name: String,
    source: Source,
}

impl EventBus {
    /// Makes the client over the shared connection. `name` is the name or ARN of the bus.
    pub fn new(connection: &Connection, name: String, source: Source) -> Self {
        Self {
            client: client!(aws_sdk_eventbridge, connection, CALL),
            name,
            source,
        }
    }

    /// As whom it publishes.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Publishes one event about `resource`, and answers only when the bus has taken it: `PutEvents`
    /// succeeds as a call even when it takes no entry, so `FailedEntryCount` is looked at
    /// ([PutEvents](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html)).
    ///
    /// # Errors
    /// [`PublishError`] when the event was not taken, or nobody knows.
    pub async fn publish<D>(&self, detail: &D, resource: &str) -> Result<(), PublishError>
    where
        D: Detail + serde::Serialize,
    {
        let entry = Entry::about(resource, detail)?;
        match self.put(&[&entry]).await?.pop() {
            None => Ok(()),
            Some((_, code)) => Err(PublishError::of_entry(code)),
        }
    }

    /// Publishes events in as few calls as their number and size allow, and offers again what was not
    /// taken. An error says that some may be on the bus and some not: all of them may be offered again,
    /// because each has an id of its own.
    ///
    /// # Errors
    /// [`PublishError`] when some were not taken, or nobody knows.
    pub async fn publish_all(&self, announcements: &[Announcement]) -> Result<(), PublishError> {
        let written: Result<Vec<Entry<'_>>, PublishError> =
            announcements.iter().map(Entry::of).collect();
        let written = written?;
        let mut open: Vec<&Entry<'_>> = written.iter().collect();
        let mut code = String::new();
        for _ in 0..OFFERS {
            let mut left = Vec::new();
            for batch in batches(&open) {
                for (place, refusal) in self.put(batch).await? {
                    left.extend(batch.get(place).copied());
                    code = refusal;
                }
            }
            if left.is_empty() {
                return Ok(());
            }
            open = left;
        }
        Err(PublishError::of_entry(code))
    }

    async fn put(&self, entries: &[&Entry<'_>]) -> Result<Vec<(usize, String)>, PublishError> {
        put(&self.client, &self.name, self.source.as_str(), entries).await
    }
}
