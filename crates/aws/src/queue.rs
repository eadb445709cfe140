use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::MessageAttributeValue;

use crate::connection::{Connection, client};

/// The end of a call.
const CALL: Duration = Duration::from_secs(6);

/// The longest that a message may be held back
/// ([SendMessage](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)).
const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);

/// One queue of SQS.
#[derive(Clone, Debug)]
pub struct Queue {
    pub(crate) client: Client,
    pub(crate) url: String,
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
        self.put(body, Duration::ZERO, BTreeMap::new()).await
    }

    /// Puts one message into the queue that nobody gets before `delay` is over: whole seconds, begun ones
    /// count, and 900 at most.
    ///
    /// # Errors
    /// As for [`Queue::send`].
    pub async fn send_later(&self, body: String, delay: Duration) -> Result<(), SendError> {
        self.put(body, delay, BTreeMap::new()).await
    }

    /// Puts one message aside, with what is to be known of it: at most ten names, each with a text. A text
    /// without a character is left out, because SQS takes none.
    ///
    /// # Errors
    /// As for [`Queue::send`].
    pub async fn park(&self, body: String, attributes: &[(&str, &str)]) -> Result<(), SendError> {
        let attributes = attributes.iter().filter(|(_, text)| !text.is_empty());
        let attributes = attributes.map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        self.put(body, Duration::ZERO, attributes.collect()).await
    }

    async fn put(
        &self,
        body: String,
        delay: Duration,
        attributes: BTreeMap<String, String>,
    ) -> Result<(), SendError> {
        const CALL: &str = "SendMessage";
        let mut call = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body);
        if !delay.is_zero() {
            call = call.delay_seconds(seconds(delay));
        }
        for (name, text) in attributes {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(text)
                .build()
                .map_err(|_| SendError::Unavailable(CALL))?;
            call = call.message_attributes(name, value);
        }
        let sent = call.send().await;
        sent.map(|_| ()).map_err(|error| send_error(CALL, &error))
    }
}

fn seconds(delay: Duration) -> i32 {
    let delay = delay.min(LONGEST_DELAY);
    let begun = u64::from(delay.subsec_nanos() > 0);
    i32::try_from(delay.as_secs().saturating_add(begun)).unwrap_or_default()
}

/// A call that the queue did not do, or that nobody knows of: then a message may be in the queue or not.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SendError {
    /// The service refused the call: its name, and the service's code.
    #[error("{0}")]
    Refused(String),
    /// No usable answer to this call.
    #[error("{0}: no usable answer")]
    Unavailable(&'static str),
}

pub(crate) fn send_error<E, R>(call: &'static str, error: &SdkError<E, R>) -> SendError
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("no code");
            SendError::Refused(format!("{call}: {code}"))
        }
        _ => SendError::Unavailable(call),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Canned, refusal};

    fn queue(aws: &Canned) -> Queue {
        Queue::new(&aws.connection(), "http://canned/1/request".into())
    }

    /// The one request that `send` makes.
    async fn sent<F>(send: impl FnOnce(Queue) -> F) -> Value
    where
        F: Future<Output = Result<(), SendError>>,
    {
        let seen = Arc::new(Mutex::new(Value::Null));
        let requests = seen.clone();
        let aws = Canned::new(move |operation, request, _| {
            assert_eq!(operation, "SendMessage");
            *requests.lock().unwrap() = request.clone();
            (200, json!({ "MessageId": "m" }))
        });
        send(queue(&aws)).await.unwrap();
        assert_eq!(aws.calls(), ["SendMessage"]);
        seen.lock().unwrap().take()
    }

    #[tokio::test]
    async fn a_message_is_held_back_for_whole_seconds_and_no_longer_than_the_service_can() {
        for (delay, expected) in [
            (Duration::ZERO, Value::Null),
            (Duration::from_millis(1), json!(1)),
            (Duration::from_secs(7), json!(7)),
            (Duration::from_secs(900), json!(900)),
            (Duration::from_secs(86_400), json!(900)),
        ] {
            let request = sent(async |queue| queue.send_later("{}".into(), delay).await).await;
            assert_eq!(request["DelaySeconds"], expected, "{delay:?}");
        }
    }

    #[tokio::test]
    async fn a_parked_message_keeps_its_body_and_says_why() {
        let attributes = [("Class", "invalid_request"), ("Reason", "")];
        let request = sent(async |queue| queue.park("not JSON".into(), &attributes).await).await;
        assert_eq!(request["MessageBody"], "not JSON");
        let class = json!({ "DataType": "String", "StringValue": "invalid_request" });
        assert_eq!(request["MessageAttributes"], json!({ "Class": class }));
    }

    #[tokio::test]
    async fn a_message_that_may_not_be_there_is_an_error() {
        let refused = Canned::new(|_, _, _| refusal("AccessDenied"));
        let error = queue(&refused).send("{}".into()).await;
        let expected = SendError::Refused("SendMessage: AccessDenied".into());
        assert_eq!(error, Err(expected));
    }
}
