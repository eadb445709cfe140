use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};

use crate::queue::{Queue, SendError, send_error};

/// The most messages of one call, and how long it waits for one in seconds. Only a call that waits asks
/// every server of the queue
/// ([Amazon SQS short and long polling](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html)).
const PAGE: usize = 10;
const WAIT: i32 = 1;

/// For how long nobody else gets what was looked at, in seconds.
const HIDDEN: i32 = 60;

/// A message that was put aside.
#[derive(Clone, Debug, PartialEq)]
pub struct Parked {
    /// The id that SQS gave it.
    pub id: String,
    /// When it was sent, in seconds since 1970.
    pub sent_at: i64,
    /// How often it was looked at, this time included.
    pub received: u32,
    /// What was written beside it.
    pub attributes: BTreeMap<String, String>,
    /// What it says.
    pub body: String,
    /// What it is let go or removed by. It holds for this look.
    pub receipt: String,
}

impl Queue {
    /// Looks at the messages of a small queue, `most` at most. For a minute nobody else gets them; whoever
    /// only looked [releases](Queue::release) them. The last call waits a second for more.
    ///
    /// # Errors
    /// [`SendError`]. What was looked at by then comes back by itself.
    pub async fn parked(&self, most: usize) -> Result<Vec<Parked>, SendError> {
        let mut seen = BTreeSet::new();
        let mut parked = Vec::new();
        while parked.len() < most {
            let wanted = most.saturating_sub(parked.len()).min(PAGE);
            let messages = self.receive(wanted).await?;
            if messages.is_empty() {
                break;
            }
            // Nothing that is hidden comes again, but for the rare repetition that SQS reserves for itself.
            let new = messages.into_iter().map(of_message);
            parked.extend(new.filter(|one| seen.insert(one.id.clone())));
        }
        Ok(parked)
    }

    async fn receive(&self, wanted: usize) -> Result<Vec<Message>, SendError> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(wanted).unwrap_or(1))
            .wait_time_seconds(WAIT)
            .visibility_timeout(HIDDEN)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_attribute_names("All")
            .send()
            .await
            .map_err(|error| send_error("ReceiveMessage", &error))?;
        Ok(answer.messages.unwrap_or_default())
    }

    /// Lets a message go that was looked at: others get it at once.
    ///
    /// # Errors
    /// [`SendError`]; it comes back by itself then, within the minute.
    pub async fn release(&self, receipt: &str) -> Result<(), SendError> {
        let released = self
            .client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .visibility_timeout(0)
            .send()
            .await;
        released
            .map(|_| ())
            .map_err(|error| send_error("ChangeMessageVisibility", &error))
    }

    /// Takes a message out of the queue for good.
    ///
    /// # Errors
    /// [`SendError`] when it is there still, or nobody knows.
    pub async fn remove(&self, receipt: &str) -> Result<(), SendError> {
        let removed = self
            .client
            .delete_message()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .send()
            .await;
        removed
            .map(|_| ())
            .map_err(|error| send_error("DeleteMessage", &error))
    }
}

fn of_message(message: Message) -> Parked {
    let system = message.attributes.unwrap_or_default();
    let number = |name: MessageSystemAttributeName| -> i64 {
        let text = system.get(&name).map(String::as_str).unwrap_or_default();
        text.parse().unwrap_or_default()
    };
    let sent_ms = number(MessageSystemAttributeName::SentTimestamp);
    let received = number(MessageSystemAttributeName::ApproximateReceiveCount);
    let attributes = message.message_attributes.unwrap_or_default().into_iter();
    Parked {
        sent_at: sent_ms.div_euclid(1000),
        received: u32::try_from(received).unwrap_or_default(),
        attributes: attributes
            .filter_map(|(name, value)| Some((name, value.string_value?)))
            .collect(),
        id: message.message_id.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::Canned;

    fn message(number: usize) -> Value {
        json!({
            "MessageId": format!("m{number}"), "ReceiptHandle": format!("r{number}"), "Body": "{}",
            "Attributes": { "SentTimestamp": "1795312800999", "ApproximateReceiveCount": "3" },
            "MessageAttributes": { "Class": { "DataType": "String", "StringValue": "invalid_request" } },
        })
    }

    /// A queue that gives these messages, one call's after the other's.
    fn giving(calls: Vec<Vec<usize>>) -> Canned {
        Canned::new(move |operation, request, before| {
            assert_eq!(operation, "ReceiveMessage");
            assert_eq!(request["VisibilityTimeout"], 60);
            assert_eq!(request["WaitTimeSeconds"], 1);
            let numbers = calls.get(before).cloned().unwrap_or_default();
            let wanted = request["MaxNumberOfMessages"].as_u64().unwrap();
            assert!(wanted <= 10 && numbers.len() as u64 <= wanted);
            let messages: Vec<_> = numbers.into_iter().map(message).collect();
            (200, json!({ "Messages": messages }))
        })
    }

    async fn seen(aws: &Canned, most: usize) -> Vec<Parked> {
        let queue = Queue::new(&aws.connection(), "http://canned/1/parked".into());
        queue.parked(most).await.unwrap()
    }

    fn ids(parked: &[Parked]) -> Vec<&str> {
        parked.iter().map(|one| one.id.as_str()).collect()
    }

    #[tokio::test]
    async fn a_small_queue_is_looked_at_until_a_call_that_waits_finds_nothing() {
        let aws = giving(vec![vec![1], vec![2, 3], vec![2], vec![]]);
        let parked = seen(&aws, 50).await;
        assert_eq!(ids(&parked), ["m1", "m2", "m3"]);
        assert_eq!(aws.calls().len(), 4);
        let expected = Parked {
            id: "m1".into(),
            sent_at: 1_795_312_800,
            received: 3,
            attributes: BTreeMap::from([("Class".into(), "invalid_request".into())]),
            body: "{}".into(),
            receipt: "r1".into(),
        };
        assert_eq!(parked[0], expected);
    }

    #[tokio::test]
    async fn no_more_is_looked_at_than_was_asked_for() {
        let aws = giving(vec![(0..10).collect(), vec![10, 11]]);
        assert_eq!(seen(&aws, 12).await.len(), 12);
        assert_eq!(aws.calls().len(), 2);
        assert!(seen(&giving(Vec::new()), 0).await.is_empty());
    }
}
