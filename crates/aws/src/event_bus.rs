use std::time::Duration;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use rekey_events::{Detail, Source};

use crate::connection::{Connection, client};

/// The end of a call. Short: an intent is published while the target's lock is held, and a failure at the
/// end of a step.
const CALL: Duration = Duration::from_secs(3);

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
        let detail = serde_json::to_string(detail).map_err(|_| PublishError::Unwritable)?;
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(self.source.as_str())
            .detail_type(D::DETAIL_TYPE.as_str())
            .resources(resource)
            .detail(detail)
            .build();
        let answer = self
            .client
            .put_events()
            .entries(entry)
            .send()
            .await
            .map_err(publish_error)?;
        if answer.failed_entry_count() == 0 {
            return Ok(());
        }
        let code = answer
            .entries()
            .first()
            .and_then(|entry| entry.error_code())
            .unwrap_or("no code");
        Err(PublishError::NotTaken(code.to_owned()))
    }
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
