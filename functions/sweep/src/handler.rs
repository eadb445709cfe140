use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{Diagnostic, LambdaEvent};
use rekey_aws::{
    Connection, EventBus, Queue, RegistryTable, RequestsBus, RetireQueues, SecretsManager,
    SendError, SettingsError,
};
use rekey_events::{ErrorClass, SCHEDULE_SOURCE, Source};
use rekey_function::{CountedBus, Unended, budget, now, seconds, within};
use rekey_registry::{Examined, Failed, Policy, Practice, Round, Swept, Treatment, sweep};
use rekey_telemetry::RoundMetric;
use serde_json::{Value, json};

use crate::config::Config;
use crate::replay::{Chosen, Replay, Stopped};

/// How many secrets one round of the doctor looks at. A look takes two calls to Secrets Manager and two to
/// the registry; the round goes on where it stopped.
const MOST: usize = 500;

/// What it can be asked to do.
const JOBS: [&str; 4] = ["sweep", "doctor", "parked", "replay"];

/// The function: everything that lives from one call to the next.
pub struct Sweep {
    function: String,
    policy: Policy,
    store: RegistryTable,
    secrets: SecretsManager,
    bus: CountedBus,
    queue: RetireQueues,
    requests_bus: RequestsBus,
    requests: Queue,
    parked: Queue,
}

/// A job that was not done.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Not a job.
    #[error(
        "the event must name a job: {{\"job\": \"sweep\"}}, {{\"job\": \"doctor\"}} (which may be given a \"secret\"), {{\"job\": \"parked\"}}, or {{\"job\": \"replay\"}} with \"ids\" (at most 100) or \"all\": true"
    )]
    Unknown,
    /// It failed.
    #[error(transparent)]
    Failed(#[from] Failed),
    /// It came to no end.
    #[error(transparent)]
    Unended(#[from] Unended),
    /// What was put aside cannot be seen.
    #[error("what was put aside cannot be looked at: {0}")]
    Unseen(#[from] SendError),
    /// Not all was sent back.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Something in it failed, and the rest was done.
    #[error(
        "{count} of the round failed, the first for {secret}: {error}; the rest was done, and this is tried again"
    )]
    Partly {
        /// How many.
        count: usize,
        /// The first.
        secret: String,
        /// Why.
        error: Failed,
    },
}

impl JobError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Unknown => ErrorClass::InvalidRequest,
            Self::Failed(error) | Self::Partly { error, .. } => error.class(),
            Self::Unseen(_) | Self::Stopped(_) | Self::Unended(Unended::OutOfTime { .. }) => {
                ErrorClass::StoreUnavailable
            }
            Self::Unended(Unended::Bug) => ErrorClass::Internal,
        }
    }
}

impl From<JobError> for Diagnostic {
    fn from(error: JobError) -> Self {
        Self {
            error_type: error.class().as_str().to_owned(),
            error_message: error.to_string(),
        }
    }
}

impl Sweep {
    /// Makes the clients. No call is made yet.
    pub fn new(config: Config) -> Result<Self, SettingsError> {
        let connection = Connection::new(config.aws)?;
        let bus = EventBus::new(&connection, config.bus, Source::Sweep);
        Ok(Self {
            bus: CountedBus::new(bus, config.function.clone(), config.stage),
            function: config.function,
            policy: config.policy,
            store: RegistryTable::new(&connection, config.table),
            secrets: SecretsManager::new(&connection),
            queue: RetireQueues {
                database: Queue::new(&connection, config.queue),
                keys: Queue::new(&connection, config.keys_queue),
            },
            requests_bus: RequestsBus::new(
                &connection,
                config.requests_bus,
                SCHEDULE_SOURCE.to_owned(),
            ),
            requests: Queue::new(&connection, config.requests),
            parked: Queue::new(&connection, config.parked),
        })
    }

    /// Does one job, and says what it did.
    pub async fn call(self: Arc<Self>, event: LambdaEvent<Value>) -> Result<Value, JobError> {
        let begun = now();
        let time = budget(Duration::from_millis(event.context.deadline), begun);
        let at = seconds(begun);
        let job = event.payload.get("job").and_then(Value::as_str);
        let secret = event.payload.get("secret").and_then(Value::as_str);
        let done = match (job, secret) {
            (Some("sweep"), _) => within(time, self.sweep(at)).await,
            (Some("doctor"), None) => within(time, self.round(at)).await,
            (Some("doctor"), Some(name)) => within(time, self.examine(name, at)).await,
            (Some("parked"), _) => within(time, self.parked()).await,
            (Some("replay"), _) => within(time, self.replay(&event.payload)).await,
            _ => Ok(Err(JobError::Unknown)),
        };
        let done = done.unwrap_or_else(|unended| Err(unended.into()));
        if let Err(error) = &done {
            // What is no job is not repeated.
            let job = job.filter(|job| JOBS.contains(job));
            tracing::error!(job, class = %error.class(), %error, "job failed");
        }
        done
    }

    async fn sweep(&self, at: i64) -> Result<Value, JobError> {
        let swept = sweep(
            &self.store,
            &self.bus,
            &self.queue,
            &self.requests_bus,
            &self.policy,
            at,
        )
        .await;
        let Swept {
            buckets,
            due,
            gone,
            announced,
            ordered,
            asked,
            put_off,
            lag,
            failed,
        } = swept.map_err(Failed::from)?;
        RoundMetric::DueLag(lag).emit(&self.function, millis(at), &mut std::io::stdout());
        let usage = self.store.usage();
        tracing::info!(
            job = "sweep",
            buckets,
            due,
            gone,
            announced,
            ordered,
            asked,
            put_off,
            lag,
            failed = failed.len(),
            read_units_so_far = usage.read_units,
            "swept"
        );
        let count = failed.len();
        if let Some((secret, what, error)) = failed.into_iter().next() {
            let secret = format!("{secret} ({what})");
            return Err(JobError::Partly {
                count,
                secret,
                error,
            });
        }
        Ok(json!({
            "buckets": buckets, "due": due, "gone": gone, "announced": announced, "ordered": ordered,
            "asked": asked, "put_off": put_off, "lag_seconds": lag,
        }))
    }

    const fn replaying(&self) -> Replay<'_> {
        Replay {
            parked: &self.parked,
            requests: &self.requests,
        }
    }

    async fn parked(&self) -> Result<Value, JobError> {
        let shown = self.replaying().list().await?;
        let count = shown
            .get("messages")
            .and_then(Value::as_array)
            .map(Vec::len);
        tracing::info!(job = "parked", count, "shown");
        Ok(shown)
    }

    async fn replay(&self, event: &Value) -> Result<Value, JobError> {
        let chosen = Chosen::of(event).ok_or(JobError::Unknown)?;
        let done = self.replaying().send(&chosen).await?;
        let count = done.get("sent").and_then(Value::as_array).map(Vec::len);
        tracing::info!(job = "replay", count, "sent back");
        Ok(done)
    }

    fn practice(
        &self,
    ) -> Practice<'_, RegistryTable, SecretsManager, CountedBus, SecretsManager, RetireQueues> {
        Practice {
            store: &self.store,
            secrets: &self.secrets,
            publisher: &self.bus,
            resume: &self.secrets,
            orders: &self.queue,
            policy: &self.policy,
        }
    }

    async fn round(&self, at: i64) -> Result<Value, JobError> {
        let Round {
            looked_at,
            registered,
            resumed,
            given_up,
            clearing,
            stuck,
            overdue,
            complete,
            failed,
        } = self.practice().round(at, MOST).await?;
        for metric in [
            RoundMetric::StuckPending(stuck),
            RoundMetric::RotationsOverdue(overdue),
        ] {
            metric.emit(&self.function, millis(at), &mut std::io::stdout());
        }
        tracing::info!(
            job = "doctor",
            looked_at,
            registered,
            resumed,
            given_up,
            clearing,
            stuck,
            overdue,
            complete,
            failed = failed.len(),
            "round made"
        );
        let count = failed.len();
        if let Some((secret, error)) = failed.into_iter().next() {
            return Err(JobError::Partly {
                count,
                secret,
                error,
            });
        }
        Ok(json!({
            "looked_at": looked_at, "registered": registered, "resumed": resumed, "given_up": given_up,
            "clearing": clearing, "stuck": stuck, "overdue": overdue, "complete": complete,
        }))
    }

    async fn examine(&self, name: &str, at: i64) -> Result<Value, JobError> {
        let Examined {
            treatment,
            is_stuck,
            is_overdue,
        } = self.practice().examine(name, at).await?;
        let treatment = in_a_word(&treatment);
        tracing::info!(
            job = "doctor",
            secret = name,
            treatment,
            is_stuck,
            is_overdue,
            "examined"
        );
        Ok(
            json!({ "secret": name, "treatment": treatment, "stuck": is_stuck, "overdue": is_overdue }),
        )
    }
}

const fn in_a_word(treatment: &Treatment) -> &'static str {
    match treatment {
        Treatment::Leave => "left",
        Treatment::Resume(_) => "resumed",
        Treatment::GiveUp(_) => "given_up",
        Treatment::Clear(_) => "clearing",
    }
}

fn millis(seconds: i64) -> i64 {
    seconds.saturating_mul(1_000)
}
