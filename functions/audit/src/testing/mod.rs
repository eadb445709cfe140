//! What the function is tried with, and what it promises.

mod onward;
mod promises;

use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::LambdaEvent;
use rekey_audit::testing::MemoryTrail;
use rekey_audit::{Chain, Keyring, Trail as _};
use rekey_function::testing::HeldKeys;
use rekey_function::{SealKeys, now};
use rekey_rotation::SecretId;
use serde_json::{Value, json};

use crate::writer::Writer;
pub use onward::Sent;

/// A function over a trail in memory.
pub type Tried = Writer<MemoryTrail, Sent, HeldKeys>;

/// One that has read its keys.
pub async fn writer(keys: &HeldKeys) -> Arc<Tried> {
    let secret = SecretId::parse("rekey/test/audit-keys").unwrap();
    Arc::new(Writer {
        function: "rekey-test-audit".to_owned(),
        trail: MemoryTrail::default(),
        onward: Sent::default(),
        keys: SealKeys::read(keys.clone(), secret).await.unwrap(),
    })
}

/// An event as the bus delivers it: the value of this tenant's secret was read.
pub fn read_of(tenant: &str, number: u32) -> String {
    let sample = include_str!("../../../../events/samples/secret-accessed.json");
    let mut event: Value = serde_json::from_str(sample).unwrap();
    let id = format!("00000000-0000-4000-8000-{:012}", number);
    event["detail"]["event_id"] = json!(id);
    let name = format!("tenant.{tenant}.stripe.key");
    let arn = format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-Qx3vLb");
    event["detail"]["secret"] = json!({ "name": name, "arn": arn });
    event.to_string()
}

/// Hands a batch over; the places of the messages that are to come again.
pub async fn comes_again(writer: &Arc<Tried>, bodies: &[String]) -> Vec<usize> {
    let record = |(place, body): (usize, &String)| {
        json!({
            "messageId": place.to_string(), "body": body, "eventSource": "aws:sqs",
            "attributes": { "ApproximateReceiveCount": "1" }, "messageAttributes": {},
        })
    };
    let records: Vec<Value> = bodies.iter().enumerate().map(record).collect();
    let mut context = lambda_runtime::Context::default();
    // The least that a piece of work gets is a second, however near the end is.
    let deadline = now() + Duration::from_secs(5);
    context.deadline = u64::try_from(deadline.as_millis()).unwrap();
    let event = LambdaEvent::new(json!({ "Records": records }), context);
    let answer = Arc::clone(writer).batch(event).await.unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap();
    let places = failures.iter().map(|one| one["itemIdentifier"].as_str());
    places
        .map(|place| place.unwrap().parse().unwrap())
        .collect()
}

/// How many records a chain has, by its end.
pub async fn count(writer: &Tried, chain: &str) -> u64 {
    let head = writer
        .trail
        .head(&Chain::parse(chain).unwrap())
        .await
        .unwrap();
    head.map_or(0, |head| head.seq)
}

/// A key ring that is as long as ours and holds other keys.
pub fn of_somebody_else() -> Keyring {
    let ring = json!({ "current": "1", "1": "x".repeat(64) });
    Keyring::parse(&ring.to_string()).unwrap()
}
