use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{Diagnostic, LambdaEvent};
use rekey_aws::{
    Connection, EventBus, Queue, RegistryTable, RetireQueues, SecretsManager, SendError,
    SettingsError,
};
use rekey_events::Source;
use rekey_function::{batch, now, seconds};
use rekey_registry::request::{Desk, Request, Standing};
use rekey_registry::{Failed, Policy};
use rekey_telemetry::RoundMetric;
use serde_json::Value;

use crate::config::Config;
use crate::fate::{Fate, Parting, delay};
use crate::wire;

/// The function: everything that lives from one call to the next.
pub struct Reception {
    function: String,
    store: RegistryTable,
    secrets: SecretsManager,
    bus: EventBus,
    queue: Queue,
    dead_letters: Queue,
    orders: RetireQueues,
    policy: Policy,
}

/// A call that is no batch of the queue.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Not of a queue.
    #[error("the event is not a batch of the queue that infra/requests.yaml makes")]
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

/// A message that comes again by itself.
#[derive(Debug, thiserror::Error)]
enum Undone {
    /// It may succeed later.
    #[error(transparent)]
    Failed(#[from] Failed),
    /// It could be neither put aside nor sent back.
    #[error("the message could not be put where it belongs: {0}")]
    Unsent(#[from] SendError),
}

impl Undone {
    fn class(&self) -> rekey_events::ErrorClass {
        match self {
            Self::Failed(error) => error.class(),
            Self::Unsent(_) => rekey_events::ErrorClass::StoreUnavailable,
        }
    }
}

impl Reception {
    /// Makes the clients. No call is made yet.
    pub fn new(config: Config) -> Result<Self, SettingsError> {
        let connection = Connection::new(config.aws)?;
        Ok(Self {
            function: config.function,
            store: RegistryTable::new(&connection, config.table),
            secrets: SecretsManager::new(&connection),
            bus: EventBus::new(&connection, config.bus, Source::Request),
            queue: Queue::new(&connection, config.queue),
            dead_letters: Queue::new(&connection, config.dead_letters),
            orders: RetireQueues {
                database: Queue::new(&connection, config.orders),
                keys: Queue::new(&connection, config.keys_orders),
            },
            policy: config.policy,
        })
    }

    /// Answers a batch of requests, one after the other. What failed goes back to the queue, and nothing
    /// else.
    pub async fn batch(self: Arc<Self>, event: LambdaEvent<Value>) -> Result<Value, CallError> {
        let deadline = Duration::from_millis(event.context.deadline);
        let records = batch::of_queue(&event.payload).ok_or(CallError::NoBatch)?;
        let work = async |record: batch::Record<'_>| {
            let taken = self.take(record).await;
            taken.inspect_err(|error| {
                let (delivery, class) = (record.delivery, error.class());
                tracing::error!(record = record.id, delivery, %class, %error, "request not answered");
            })
        };
        let response = batch::each(&records, deadline, work).await;
        Ok(serde_json::to_value(response)?)
    }

    /// One message: it is answered, sent to the end of the queue, or put aside.
    async fn take(&self, record: batch::Record<'_>) -> Result<(), Undone> {
        let ask = match wire::ask(record.body) {
            Ok(ask) => ask,
            Err(broken) => return self.part_with(record, &broken.into()).await,
        };
        let handled = self.desk().handle(&ask, seconds(now())).await;
        match Fate::of(&ask, handled) {
            Fate::Done(request) => {
                tell(record, &request);
                Ok(())
            }
            Fate::Later { after, why, lag } => {
                let held = delay(after, record.id);
                self.queue.send_later(record.body.to_owned(), held).await?;
                if let Some(lag) = lag {
                    let at = i64::try_from(now().as_millis()).unwrap_or_default();
                    RoundMetric::RequestLag(lag).emit(&self.function, at, &mut std::io::stdout());
                }
                let (request, source) = (ask.token.as_str(), ask.source.as_str());
                tracing::info!(
                    record = record.id,
                    request,
                    source,
                    seconds = held.as_secs(),
                    waits_for = why,
                    "request comes again"
                );
                Ok(())
            }
            Fate::Aside(parting) => self.part_with(record, &parting).await,
            Fate::Back(error) => Err(error.into()),
        }
    }

    async fn part_with(&self, record: batch::Record<'_>, parting: &Parting) -> Result<(), Undone> {
        let at = seconds(now());
        parting.park(&self.dead_letters, record.body, at).await?;
        let (class, why) = (&parting.class, parting.reason.as_str());
        let delivery = record.delivery;
        tracing::error!(record = record.id, delivery, %class, why, "request put aside");
        Ok(())
    }

    fn desk(
        &self,
    ) -> Desk<'_, RegistryTable, SecretsManager, EventBus, SecretsManager, RetireQueues> {
        Desk {
            store: &self.store,
            secrets: &self.secrets,
            publisher: &self.bus,
            rotate: &self.secrets,
            orders: &self.orders,
            policy: &self.policy,
        }
    }
}

/// One line for a request that is answered: nothing that the message says but what was looked up.
fn tell(record: batch::Record<'_>, request: &Request) {
    let (token, source) = (request.token.as_str(), request.source.as_str());
    let (secret, actor) = (request.secret.as_deref(), request.actor.as_deref());
    let standing = request.standing.as_str();
    let class = match &request.standing {
        Standing::Refused(refusal) => Some(refusal.class.as_str()),
        _ => None,
    };
    tracing::info!(
        record = record.id,
        request = token,
        source,
        actor,
        secret,
        standing,
        class,
        "request answered"
    );
}

#[cfg(test)]
mod tests {
    use rekey_function::testing::{Call, StubAws};
    use rekey_telemetry::Level;
    use serde_json::json;

    use super::*;

    const QUEUE: &str = "http://sqs.test/1/request";
    const DEAD_LETTERS: &str = "http://sqs.test/1/dead-letters";

    fn reception(aws: &StubAws) -> Arc<Reception> {
        let config = Config {
            function: "rekey-test-request".to_owned(),
            log_level: Level::default(),
            bus: "rekey-test".to_owned(),
            table: "rekey-test-registry".to_owned(),
            queue: QUEUE.to_owned(),
            dead_letters: DEAD_LETTERS.to_owned(),
            orders: "http://sqs.test/1/retire".to_owned(),
            keys_orders: "http://sqs.test/1/retire-keys".to_owned(),
            policy: Policy::default(),
            aws: aws.settings(),
        };
        Arc::new(Reception::new(config).unwrap())
    }

    /// A request that keeps to the contract.
    fn good() -> String {
        let sample = include_str!("../../../events/samples/invoke/request.json");
        let batch: Value = serde_json::from_str(sample).unwrap();
        batch["Records"][0]["body"].as_str().unwrap().to_owned()
    }

    /// Hands over a batch; the places of the messages that are to come again.
    async fn comes_again(aws: &StubAws, bodies: &[&str]) -> Vec<String> {
        let record = |(place, body): (usize, &&str)| {
            json!({
                "messageId": place.to_string(), "body": body, "eventSource": "aws:sqs",
                "attributes": { "ApproximateReceiveCount": "1" }, "messageAttributes": {},
            })
        };
        let records: Vec<Value> = bodies.iter().enumerate().map(record).collect();
        let mut context = lambda_runtime::Context::default();
        let deadline = now() + Duration::from_secs(60);
        context.deadline = u64::try_from(deadline.as_millis()).unwrap();
        let event = LambdaEvent::new(json!({ "Records": records }), context);
        let answer = reception(aws).batch(event).await.unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap();
        let places = failures.iter().map(|one| one["itemIdentifier"].as_str());
        places.map(|place| place.unwrap().to_owned()).collect()
    }

    fn taken(_: &Call) -> (u16, Value) {
        (200, json!({ "MessageId": "m" }))
    }

    #[tokio::test]
    async fn poison_is_put_aside_as_it_came_with_its_reason_and_holds_up_nobody() {
        let mut forged: Value = serde_json::from_str(&good()).unwrap();
        forged["source"] = json!("rekey.observe");
        let mut pasted: Value = serde_json::from_str(&good()).unwrap();
        pasted["detail"]["metadata"]["force"] = json!("hunter2 canary");
        let (forged, pasted) = (forged.to_string(), pasted.to_string());
        let aws = StubAws::start(taken).unwrap();
        let bodies = ["hunter2 canary", forged.as_str(), pasted.as_str()];
        assert_eq!(comes_again(&aws, &bodies).await, [""; 0]);
        let calls = aws.calls();
        assert_eq!(calls.len(), 3);
        let reasons = ["is not JSON", "`source`", "`detail.metadata.force`"];
        for ((call, body), says) in calls.iter().zip(bodies).zip(reasons) {
            assert_eq!(call.operation, "SendMessage");
            assert_eq!(call.request["QueueUrl"], DEAD_LETTERS);
            assert_eq!(call.request["MessageBody"], body);
            let attribute = |name: &str| {
                let text = call.request["MessageAttributes"][name]["StringValue"].as_str();
                text.unwrap().to_owned()
            };
            assert_eq!(attribute("Class"), "invalid_request");
            assert!(attribute("ParkedAt").ends_with('Z'));
            let reason = attribute("Reason");
            assert!(reason.contains(says), "{reason}");
            assert!(
                !reason.contains("hunter2") && !reason.contains("canary"),
                "{reason}"
            );
        }
    }

    #[tokio::test]
    async fn what_cannot_be_put_aside_is_not_lost() {
        let refusing = |_: &Call| (403, json!({ "__type": "AccessDenied" }));
        let aws = StubAws::start(refusing).unwrap();
        assert_eq!(comes_again(&aws, &["not JSON"]).await, ["0"]);
    }

    #[tokio::test]
    async fn a_registry_that_is_away_is_waited_for_and_one_that_refuses_us_is_told() {
        let registry_says = |status: u16, code: &'static str| {
            StubAws::start(move |call: &Call| match call.operation.as_str() {
                "SendMessage" => taken(call),
                _ => (status, json!({ "__type": code })),
            })
            .unwrap()
        };
        let body = good();
        let away = registry_says(500, "InternalServerError");
        assert_eq!(comes_again(&away, &[&body]).await, ["0"]);
        assert!(!away.operations().contains(&"SendMessage".to_owned()));

        let closed = registry_says(400, "AccessDeniedException");
        assert_eq!(comes_again(&closed, &[&body]).await, [""; 0]);
        let parked = closed.calls().pop().unwrap();
        assert_eq!(parked.request["QueueUrl"], DEAD_LETTERS);
        let class = &parked.request["MessageAttributes"]["Class"]["StringValue"];
        assert_eq!(class, "permission");
    }

    #[tokio::test]
    async fn what_is_no_batch_of_the_queue_is_refused() {
        let aws = StubAws::start(taken).unwrap();
        for payload in [json!({}), serde_json::from_str(&good()).unwrap()] {
            let event = LambdaEvent::new(payload, lambda_runtime::Context::default());
            let refused = reception(&aws).batch(event).await;
            assert!(matches!(refused, Err(CallError::NoBatch)));
        }
        assert!(aws.calls().is_empty());
    }
}
