//! `PutEvents`, as whoever calls it.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use rekey_events::{Announcement, Detail};

use crate::fault::{Fault, fault};

/// The limits of one call: [PutEvents](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).
const MOST_ENTRIES: usize = 10;
const MOST_BYTES: usize = 256 * 1024;

/// One call; which entries were not taken, and why.
pub(crate) async fn put(
    client: &Client,
    bus: &str,
    source: &str,
    entries: &[&Entry<'_>],
) -> Result<Vec<(usize, String)>, PublishError> {
    let entries = entries.iter().map(|entry| {
        PutEventsRequestEntry::builder()
            .event_bus_name(bus)
            .source(source)
            .detail_type(entry.detail_type)
            .resources(entry.resource)
            .detail(&entry.detail)
            .build()
    });
    let answer = client
        .put_events()
        .set_entries(Some(entries.collect()))
        .send()
        .await
        .map_err(|error| publish_error(&error))?;
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

/// What is written of an event.
pub(crate) struct Entry<'a> {
    detail_type: &'a str,
    resource: &'a str,
    detail: String,
}

impl<'a> Entry<'a> {
    pub(crate) fn about<D>(resource: &'a str, detail: &D) -> Result<Self, PublishError>
    where
        D: Detail + serde::Serialize,
    {
        Ok(Self {
            detail_type: D::DETAIL_TYPE.as_str(),
            resource,
            detail: serde_json::to_string(detail).map_err(|_| PublishError::Unwritable)?,
        })
    }

    pub(crate) fn of(announcement: &'a Announcement) -> Result<Self, PublishError> {
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
pub(crate) fn batches<'e, 'a>(entries: &'e [&'a Entry<'a>]) -> Vec<&'e [&'a Entry<'a>]> {
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
    /// The caller may not, or not as this source: the whole call or the entry was refused.
    #[error("PutEvents: {0}")]
    Denied(String),
    /// The service refused the call.
    #[error("PutEvents: {0}")]
    Refused(String),
    /// No usable answer.
    #[error("PutEvents: no usable answer")]
    Unavailable,
}

impl PublishError {
    /// Why one entry was not taken, by its `ErrorCode`
    /// ([PutEventsResultEntry](https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html)).
    pub(crate) fn of_entry(code: String) -> Self {
        match code.as_str() {
            "AccessDeniedException"
            | "NotAuthorizedForSourceException"
            | "NotAuthorizedForDetailTypeException" => Self::Denied(code),
            _ => Self::NotTaken(code),
        }
    }
}

fn publish_error<E>(error: &SdkError<E, HttpResponse>) -> PublishError
where
    E: ProvideErrorMetadata,
{
    let code = error.as_service_error().and_then(|error| error.code());
    match fault("EventBridge", error) {
        Fault::Denied(text) => PublishError::Denied(text),
        _ => match (error, code) {
            (SdkError::ServiceError(_), code) => {
                PublishError::Refused(code.unwrap_or("no code").to_owned())
            }
            _ => PublishError::Unavailable,
        },
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
