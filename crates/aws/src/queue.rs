use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

use crate::connection::{Connection, client};

/// The end of a call.
const CALL: Duration = Duration::from_secs(6);

/// One queue of SQS.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// Makes the client over the shared connection. `url` is the URL of the queue.
    pub fn new(connection: &Connection, url: String) -> Self {
        Self {
            client: client!(aws_sdk_sqs, connection, CALL),
            url,
        }
    }

    /// Puts one message into the queue, and answers only when the queue has it.
    ///
    /// # Errors
    /// [`SendError`] when the queue does not have it, or nobody knows.
    pub async fn send(&self, body: String) -> Result<(), SendError> {
        let sent = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .send()
            .await;
        sent.map(|_| ()).map_err(send_error)
    }
}

/// A message that is not, or may not be, in the queue.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SendError {
    /// The service refused the call.
    #[error("SendMessage: {0}")]
    Refused(String),
    /// No usable answer.
    #[error("SendMessage: no usable answer")]
    Unavailable,
}

fn send_error<E, R>(error: SdkError<E, R>) -> SendError
where
    E: ProvideErrorMetadata,
{
    match &error {
        SdkError::ServiceError(service) => {
            SendError::Refused(service.err().code().unwrap_or("no code").to_owned())
        }
        _ => SendError::Unavailable,
    }
}
