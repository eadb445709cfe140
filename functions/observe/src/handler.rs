use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::LambdaEvent;
use rekey_aws::{Connection, EventBus, RegistryTable, SecretsManager, SettingsError};
use rekey_events::Source;
use rekey_function::batch::CallError;
use rekey_function::{CountedBus, batch, budget, now, seconds, within};
use rekey_registry::{Failed, Observation, Policy, PublishError, Store as _, observe};
use serde_json::Value;

use crate::config::Config;
use crate::ours::Ours;
use crate::read::SeenRead;
use crate::wire::{Notice, notice};

/// The function: everything that lives from one call to the next.
pub struct Observe {
    store: RegistryTable,
    secrets: SecretsManager,
    bus: EventBus,
    counted: CountedBus,
    policy: Policy,
    ours: Ours,
}

/// What a batch says of one secret: the records, and what each of them says.
struct OfSecret<'a> {
    name: String,
    records: Vec<&'a str>,
    observations: Vec<Observation>,
}

impl Observe {
    /// Makes the clients. No call is made yet.
    pub fn new(config: Config) -> Result<Self, SettingsError> {
        let connection = Connection::new(config.aws)?;
        let bus = EventBus::new(&connection, config.bus, Source::Observe);
        Ok(Self {
            store: RegistryTable::new(&connection, config.table),
            secrets: SecretsManager::new(&connection),
            counted: CountedBus::new(bus.clone(), config.function, config.stage),
            bus,
            policy: config.policy,
            ours: config.ours,
        })
    }

    /// Records what a batch of events says. What failed goes back to the queue, and nothing else.
    pub async fn batch(self: Arc<Self>, event: LambdaEvent<Value>) -> Result<Value, CallError> {
        let deadline = Duration::from_millis(event.context.deadline);
        let records = batch::of_queue(&event.payload).ok_or(CallError::NoBatch)?;
        let mut failed = BTreeSet::new();
        let mut secrets: Vec<OfSecret<'_>> = Vec::new();
        let mut reads = Vec::new();
        for record in batch::records(&records) {
            match self.parse(record) {
                Ok(Notice::Seen(name, observation)) => {
                    let known = secrets.iter_mut().find(|one| one.name == name);
                    match known {
                        Some(known) => known.add(record.id, *observation),
                        None => {
                            let mut new = OfSecret::new(name);
                            new.add(record.id, *observation);
                            secrets.push(new);
                        }
                    }
                }
                Ok(Notice::Read(read)) => reads.push((record.id, read)),
                Ok(Notice::Nothing(why)) => tracing::debug!(record = record.id, why, "ignored"),
                Err(()) => {
                    failed.insert(record.id);
                }
            }
        }
        for secret in &secrets {
            failed.extend(self.see(secret, deadline).await);
        }
        for (record, read) in &reads {
            if !self.hear_of(read, deadline).await {
                failed.insert(*record);
            }
        }
        Ok(serde_json::to_value(batch::response(failed))?)
    }

    fn parse(&self, record: batch::Record<'_>) -> Result<Notice, ()> {
        let event = rekey_events::parse::<AnyEvent>(record.body.as_bytes());
        let notice = event
            .map_err(Into::into)
            .and_then(|event| notice(event.0, &self.ours));
        notice.map_err(|error| {
            let (class, delivery) = ("invalid_request", record.delivery);
            tracing::error!(record = record.id, delivery, class, %error, "event refused");
        })
    }

    /// Hands on what was said of one secret; which records are to come again.
    async fn see<'a>(&self, secret: &OfSecret<'a>, deadline: Duration) -> Vec<&'a str> {
        let (name, at) = (secret.name.as_str(), now());
        let observing = observe(
            &self.store,
            &self.secrets,
            &self.counted,
            &self.policy,
            name,
            seconds(at),
            &secret.observations,
        );
        let observed = match within(budget(deadline, at), observing).await {
            Ok(Ok(observed)) => observed,
            Ok(Err(error)) => {
                let (class, passing) = (error.class(), error.is_passing());
                tracing::error!(secret = name, %class, passing, %error, "not observed");
                return secret.records.clone();
            }
            Err(error) => {
                tracing::error!(secret = name, %error, "not observed");
                return secret.records.clone();
            }
        };
        let unlisted = observed.unlisted.len();
        if unlisted > 0 {
            tracing::warn!(
                secret = name,
                unlisted,
                "Secrets Manager lists no such version; the event comes again, and is parked when it never fits"
            );
        }
        tracing::info!(
            secret = name,
            registered = observed.registered,
            events = secret.records.len(),
            unlisted,
            "observed"
        );
        let places = observed.unlisted.iter();
        places
            .filter_map(|place| secret.records.get(*place).copied())
            .collect()
    }

    /// Announces one read, and records its reader; whether that is done.
    async fn hear_of(&self, read: &SeenRead, deadline: Duration) -> bool {
        let secret = read.accessed.secret.name.as_str();
        match within(budget(deadline, now()), self.read(read)).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(secret, class = %error.class(), %error, "read not recorded");
                false
            }
            Err(error) => {
                tracing::error!(secret, %error, "read not recorded");
                false
            }
        }
    }

    async fn read(&self, seen: &SeenRead) -> Result<(), Failed> {
        let SeenRead {
            accessed,
            read,
            always_told,
        } = seen;
        let is_told = *always_told || self.store.secret(&read.name).await?.is_some();
        if !is_told || self.store.was_read(&read.event_id).await? {
            return Ok(());
        }
        // Told before it is noted: a repetition tells it again under the same id, and nothing is left untold.
        let told = self.bus.publish(accessed, accessed.secret.identity()).await;
        told.map_err(|error| PublishError(error.to_string()))?;
        self.store.note_read(read).await?;
        Ok(())
    }
}

impl<'a> OfSecret<'a> {
    fn new(name: String) -> Self {
        Self {
            name,
            records: Vec::new(),
            observations: Vec::new(),
        }
    }

    fn add(&mut self, record: &'a str, observation: Observation) {
        self.records.push(record);
        self.observations.push(observation);
    }
}

/// An event whose type is not known yet.
struct AnyEvent(Value);

impl TryFrom<Value> for AnyEvent {
    type Error = rekey_events::PayloadError;

    fn try_from(event: Value) -> Result<Self, rekey_events::PayloadError> {
        Ok(Self(event))
    }
}

#[cfg(test)]
mod tests {
    use rekey_function::testing::{Call, StubAws};
    use rekey_telemetry::Level;
    use serde_json::json;

    use super::*;

    /// An AWS that has no item in any table, and whose bus takes everything.
    fn aws() -> StubAws {
        StubAws::start(|call: &Call| match call.operation.as_str() {
            "PutEvents" => {
                let taken = json!({ "FailedEntryCount": 0, "Entries": [{ "EventId": "e" }] });
                (200, taken)
            }
            _ => (200, json!({})),
        })
        .unwrap()
    }

    fn observe(aws: &StubAws) -> Arc<Observe> {
        let config = Config {
            function: "rekey-prod-observe".to_owned(),
            log_level: Level::default(),
            stage: "prod".to_owned(),
            bus: "rekey-prod".to_owned(),
            table: "rekey-prod-registry".to_owned(),
            ours: Ours {
                roles: ":role/rekey/prod/eu-west-1/".to_owned(),
                keys: Some("rekey/prod/audit-keys".to_owned()),
            },
            policy: Policy::default(),
            aws: aws.settings(),
        };
        Arc::new(Observe::new(config).unwrap())
    }

    /// CloudTrail tells of a read of a secret, by somebody of a role.
    async fn told_of(aws: &StubAws, secret: &str, role: &str) -> Vec<Value> {
        let sample = include_str!("../../../events/samples/cloudtrail/get-secret-value.json");
        let mut event: Value = serde_json::from_str(sample).unwrap();
        event["detail"]["requestParameters"]["secretId"] = json!(secret);
        event["detail"]["userIdentity"]["sessionContext"] =
            json!({ "sessionIssuer": { "type": "Role", "arn": role } });
        let record = json!({
            "messageId": "m", "body": event.to_string(), "eventSource": "aws:sqs",
            "attributes": { "ApproximateReceiveCount": "1" }, "messageAttributes": {},
        });
        let mut context = lambda_runtime::Context::default();
        let deadline = now() + Duration::from_secs(60);
        context.deadline = u64::try_from(deadline.as_millis()).unwrap();
        let event = LambdaEvent::new(json!({ "Records": [record] }), context);
        let answer = observe(aws).batch(event).await.unwrap();
        assert_eq!(answer["batchItemFailures"], json!([]));
        let calls = aws.calls().into_iter();
        let put = calls.filter(|call| call.operation == "PutEvents");
        put.map(|call| call.request["Entries"][0].clone()).collect()
    }

    #[tokio::test]
    async fn a_foreign_read_of_the_keys_is_told_though_nobody_registered_them_and_ours_is_not() {
        let admin = "arn:aws:iam::123456789012:role/admin";
        let writer = "arn:aws:iam::123456789012:role/rekey/prod/eu-west-1/rekey-prod-audit";
        let keys = "rekey/prod/audit-keys";
        for (secret, role, times) in [
            (keys, admin, 1),
            (keys, writer, 0),
            ("prod/db/unregistered", admin, 0),
        ] {
            let told = told_of(&aws(), secret, role).await;
            assert_eq!(told.len(), times, "{secret} by {role}");
            for entry in told {
                assert_eq!(entry["DetailType"], "rekey.secret.accessed");
                let detail: Value =
                    serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
                assert_eq!(detail["secret"]["name"], keys);
                assert_eq!(detail["reader"]["own"], false);
            }
        }
    }
}
