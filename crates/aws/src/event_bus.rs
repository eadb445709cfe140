use std::time::Duration;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use rekey_events::{Announcement, Detail, Source};

use crate::connection::{Connection, client};

/// The end of a call. Short: an intent is published while the target's lock is held, and a failure at the
/// end of a step.
const CALL: Duration = Duration::from_secs(3);

/// The limits of one call: [PutEvents](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).
const MOST_ENTRIES: usize = 10;
const MOST_BYTES: usize = 256 * 1024;
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
        let entry = Entry {
            detail_type: D::DETAIL_TYPE.as_str(),
            resource,
            detail: serde_json::to_string(detail).map_err(|_| PublishError::Unwritable)?,
        };
        match self.put(&[&entry]).await?.first() {
            None => Ok(()),
            Some((_, code)) => Err(PublishError::NotTaken(code.clone())),
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
        Err(PublishError::NotTaken(code))
    }

    /// One call; which entries were not taken, and why.
    async fn put(&self, entries: &[&Entry<'_>]) -> Result<Vec<(usize, String)>, PublishError> {
        let entries = entries.iter().map(|entry| {
            PutEventsRequestEntry::builder()
                .event_bus_name(&self.name)
                .source(self.source.as_str())
                .detail_type(entry.detail_type)
                .resources(entry.resource)
                .detail(&entry.detail)
                .build()
        });
        let answer = self
            .client
            .put_events()
            .set_entries(Some(entries.collect()))
            .send()
            .await
            .map_err(publish_error)?;
        if answer.failed_entry_count() == 0 {
            return Ok(Vec::new());
        }
        let codes = answer.entries().iter().enumerate();
        let refused: Vec<(usize, String)> = codes
            .filter_map(|(place, entry)| Some((place, entry.error_code()?.to_owned())))
            .collect();
        if refused.is_empty() {
            return Err(PublishError::NotTaken("no code".to_owned()));
        }
        Ok(refused)
    }
}

/// What is written of an event.
struct Entry<'a> {
    detail_type: &'a str,
    resource: &'a str,
    detail: String,
}

impl<'a> Entry<'a> {
    fn of(announcement: &'a Announcement) -> Result<Self, PublishError> {
        Ok(Self {
            detail_type: announcement.detail_type.as_str(),
            resource: &announcement.resource,
            detail: serde_json::to_string(&announcement.detail)
                .map_err(|_| PublishError::Unwritable)?,
        })
    }

    /// An upper bound of what counts against the limit of a call: the text, and what stands around it.
    fn size(&self) -> usize {
        self.detail.len() + self.detail_type.len() + self.resource.len() + 256
    }
}

/// Cuts entries into calls: at most [`MOST_ENTRIES`] and [`MOST_BYTES`] in each.
fn batches<'e, 'a>(entries: &'e [&'a Entry<'a>]) -> Vec<&'e [&'a Entry<'a>]> {
    let mut batches = Vec::new();
    let mut rest = entries;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take(MOST_ENTRIES).take_while(|entry| {
            bytes += entry.size();
            bytes <= MOST_BYTES
        });
        // An entry that is too large by itself goes alone, for the service to refuse.
        let (batch, after) = rest.split_at(fitting.count().max(1));
        batches.push(batch);
        rest = after;
    }
    batches
}

/// An event that is not, or may not be, on the bus.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PublishError {
    /// The payload has no JSON form.
    #[error("the payload cannot be written as JSON")]
    Unwritable,
    /// `FailedEntryCount` was not 0.
    #[error("the entry was not taken: {0}")]
    NotTaken(String),
    /// The service refused the call.
    #[error("PutEvents: {0}")]
    Refused(String),
    /// No usable answer.
    #[error("PutEvents: no usable answer")]
    Unavailable,
}

fn publish_error<E, R>(error: SdkError<E, R>) -> PublishError
where
    E: ProvideErrorMetadata,
{
    match &error {
        SdkError::ServiceError(service) => {
            PublishError::Refused(service.err().code().unwrap_or("no code").to_owned())
        }
        _ => PublishError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(bytes: usize) -> Entry<'static> {
        Entry {
            detail_type: "t",
            resource: "r",
            detail: "x".repeat(bytes),
        }
    }

    fn lengths(entries: &[Entry<'_>]) -> Vec<usize> {
        let entries: Vec<&Entry<'_>> = entries.iter().collect();
        batches(&entries).iter().map(|batch| batch.len()).collect()
    }

    #[test]
    fn a_call_keeps_to_the_number_and_the_size_that_the_service_takes() {
        let small: Vec<_> = (0..23).map(|_| entry(10)).collect();
        assert_eq!(lengths(&small), [10, 10, 3]);
        let large: Vec<_> = (0..3).map(|_| entry(100 * 1024)).collect();
        assert_eq!(lengths(&large), [2, 1]);
        assert_eq!(
            lengths(&[entry(10), entry(300 * 1024), entry(10)]),
            [1, 1, 1]
        );
        assert_eq!(lengths(&[]), [0; 0]);
    }
}
