//! The records of a queue. Lambda hands over several at once; each succeeds or fails by itself, and only
//! what failed comes back, up to the queue's `maxReceiveCount`, and is then parked.
//!
//! Source: [Handling errors for an SQS event source](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html),
//! `ReportBatchItemFailures`.

use std::future::Future;
use std::time::Duration;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::Diagnostic;
use serde_json::Value;

use crate::{Unended, budget, is_late, now, within};

/// One record: its text, and how often it was handed over (from 1).
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The id that the queue gave it.
    pub id: &'a str,
    /// What was sent.
    pub body: &'a str,
    /// `ApproximateReceiveCount`.
    pub delivery: u32,
}

/// A call that is no batch of a queue, or has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Not of a queue.
    #[error("the event is not a batch of the queue that the function's template in infra/ makes")]
    NoBatch,
    /// An answer that is not JSON.
    #[error("the answer cannot be written")]
    Unwritable(#[from] serde_json::Error),
}

impl From<CallError> for Diagnostic {
    fn from(error: CallError) -> Self {
        let class = match &error {
            CallError::NoBatch => "invalid_request",
            CallError::Unwritable(_) => "internal",
        };
        Self {
            error_type: class.to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// The records of an event, if it is one of a queue.
pub fn of_queue(event: &Value) -> Option<SqsEvent> {
    let source = event.pointer("/Records/0/eventSource")?.as_str()?;
    if source != "aws:sqs" {
        return None;
    }
    serde_json::from_value(event.clone()).ok()
}

/// The records of an event, in the order of their delivery. One without an id could not be given back, and
/// there is none.
pub fn records(event: &SqsEvent) -> impl Iterator<Item = Record<'_>> {
    event.records.iter().filter_map(|message| {
        Some(Record {
            id: message.message_id.as_deref()?,
            body: message.body.as_deref().unwrap_or_default(),
            delivery: delivery(message),
        })
    })
}

/// The answer that gives these records back to the queue, and no other.
pub fn response<'a>(failed: impl IntoIterator<Item = &'a str>) -> SqsBatchResponse {
    let failures = failed.into_iter().map(|id| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id.to_owned();
        failure
    });
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures.collect();
    response
}

/// Does `work` for each record, one after the other, each within the time that is left, and gives back to
/// the queue what failed. `work` writes its own log line.
pub async fn each<'a, W, R, E>(event: &'a SqsEvent, deadline: Duration, work: W) -> SqsBatchResponse
where
    W: Fn(Record<'a>) -> R,
    R: Future<Output = Result<(), E>>,
{
    let mut failed = Vec::new();
    let mut left = 0_usize;
    for record in records(event) {
        let at = now();
        // What there is no time for is as good as failed: it comes again.
        if is_late(deadline, at) {
            failed.push(record.id);
            left += 1;
            continue;
        }
        let time = budget(deadline, at);
        let done = match within(time, work(record)).await {
            Ok(done) => done.is_ok(),
            Err(error @ (Unended::OutOfTime { .. } | Unended::Bug)) => {
                tracing::error!(record = record.id, %error, "record not done");
                false
            }
        };
        if !done {
            failed.push(record.id);
        }
    }
    if left > 0 {
        tracing::warn!(left, "no time for the rest of the batch; it comes again");
    }
    response(failed)
}

fn delivery(message: &SqsMessage) -> u32 {
    message
        .attributes
        .get("ApproximateReceiveCount")
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(bodies: &[&str]) -> Value {
        let record = |body: &&str| {
            json!({
                "messageId": format!("id-{body}"), "body": body, "eventSource": "aws:sqs",
                "attributes": { "ApproximateReceiveCount": "3" },
                "messageAttributes": {}, "receiptHandle": "r", "md5OfBody": "m",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:q", "awsRegion": "eu-west-1",
            })
        };
        json!({ "Records": bodies.iter().map(record).collect::<Vec<_>>() })
    }

    async fn failed(bodies: &[&str]) -> Vec<String> {
        let event = of_queue(&event(bodies)).unwrap();
        let far = now() + Duration::from_secs(60);
        let response = each(&event, far, async |record: Record<'_>| match record.body {
            "bad" => Err(()),
            "bug" => panic!("canary"),
            _ => Ok(()),
        })
        .await;
        let failures = response.batch_item_failures.into_iter();
        failures.map(|failure| failure.item_identifier).collect()
    }

    #[tokio::test]
    async fn only_what_failed_comes_back() {
        assert_eq!(failed(&["a", "b"]).await, [""; 0]);
        assert_eq!(
            failed(&["a", "bad", "b", "bug"]).await,
            ["id-bad", "id-bug"]
        );
    }

    #[tokio::test]
    async fn what_there_is_no_time_for_is_not_begun_and_comes_back() {
        let event = of_queue(&event(&["a", "b"])).unwrap();
        let over = now();
        let begun = std::cell::Cell::new(0);
        let response = each(&event, over, async |_: Record<'_>| {
            begun.set(begun.get() + 1);
            Ok::<(), ()>(())
        });
        assert_eq!(response.await.batch_item_failures.len(), 2);
        assert_eq!(begun.get(), 0);
    }

    #[test]
    fn an_event_that_is_of_no_queue_is_told_apart() {
        assert!(of_queue(&json!({ "operation": "retire" })).is_none());
        assert!(of_queue(&json!({ "Records": [] })).is_none());
        let deliveries = of_queue(&event(&["a"])).unwrap();
        assert_eq!(delivery(&deliveries.records[0]), 3);
    }
}
