use std::time::{Duration, Instant};

use getrandom::SysRng;
use lambda_runtime::LambdaEvent;
use rekey_aws::{Connection, EventBus, SecretsManager, SettingsError};
use rekey_events::Source;
use rekey_families::Family;
use rekey_function::{budget, now, seconds, within};
use rekey_rotation::{
    Announcer as _, Outcome, Pause, Rotation, SecretStore as _, Selector, StagingLabel, StepFailed,
    StepRequest, StoreError,
};
use rekey_telemetry::StepMetric;
use serde_json::Value;

use crate::config::Config;
use crate::fingerprint::{KeyTooShort, KeyedFingerprints};
use crate::outcome::StepError;
use crate::wire::{InnerBus, step_request};

/// The function: everything that lives from one call to the next.
pub struct Hook<F: Family> {
    function: String,
    rotation: Rotation<SecretsManager, F::Kinds, InnerBus, Sleep, KeyedFingerprints>,
}

/// Why the function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// No client for AWS.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The key of fingerprints cannot be read.
    #[error("the secret that REKEY_FINGERPRINT_KEY names: {0}")]
    FingerprintKey(#[source] StoreError),
    /// The key of fingerprints cannot be used.
    #[error(transparent)]
    KeyTooShort(#[from] KeyTooShort),
}

impl<F: Family> Hook<F> {
    /// Makes the clients, and reads the key of fingerprints: the one call of the init, which also opens
    /// the connection that the first step then finds open.
    pub async fn new(config: Config<F>) -> Result<Self, InitError> {
        let connection = Connection::new(config.aws)?;
        let store = SecretsManager::new(&connection);
        let current = Selector::Label(&StagingLabel::Current);
        let key = store
            .value(&config.fingerprint_key, current)
            .await
            .map_err(InitError::FingerprintKey)?;
        let bus = EventBus::new(&connection, config.bus, Source::Rotate);
        Ok(Self {
            function: config.function,
            rotation: Rotation::new(
                store,
                F::kinds(config.family, &connection),
                InnerBus(bus),
                Sleep,
                KeyedFingerprints::new(&key.value)?,
            ),
        })
    }

    /// Does one step, and writes one log line and one metric record about it.
    pub async fn step(&self, event: LambdaEvent<Value>) -> Result<(), StepError> {
        let started = Instant::now();
        let now = now();
        let (payload, context) = event.into_parts();
        let request_id = context.request_id.clone();
        let request = match step_request(payload, context.request_id) {
            Ok(request) => request,
            Err(error) => {
                let error = StepError::from(error);
                tracing::error!(request_id, class = %error.class(), %error, "event refused");
                self.measure("unknown", started, now, true);
                return Err(error);
            }
        };
        let at = seconds(now);
        let time = budget(Duration::from_millis(context.deadline), now);
        let result = match within(time, self.rotation.run(&request, at, &mut SysRng)).await {
            Ok(result) => result.map_err(StepError::from),
            Err(unended) => Err(unended.into()),
        };
        if let Err(error @ StepError::Unended(_)) = &result {
            self.announce(&request, at, error).await;
        }
        let (step, kind) = (request.step.as_str(), self.rotation.kind());
        match &result {
            Ok(outcome) => tracing::info!(
                request_id,
                step,
                secret = %request.secret,
                version = %request.token,
                kind,
                outcome = outcome_name(*outcome),
                "step done"
            ),
            Err(error) => tracing::error!(
                request_id,
                step,
                secret = %request.secret,
                version = %request.token,
                kind,
                class = %error.class(),
                retryable = error.class().retryable(),
                %error,
                "step failed"
            ),
        }
        self.measure(step, started, now, result.is_err());
        result?;
        Ok(())
    }

    /// A step that was cut off could not announce its own failure.
    async fn announce(&self, request: &StepRequest, at: i64, error: &StepError) {
        let failure = StepFailed {
            at,
            invocation: request.invocation.as_deref(),
            secret: &request.secret,
            version: &request.token,
            step: request.step,
            kind: self.rotation.kind(),
            class: error.class(),
            message: error.to_string(),
        };
        // Bounded by the bus's own time-outs; the log and the metric say the same.
        let _unheard = self.rotation.announcer.failed(&failure).await;
    }

    fn measure(&self, step: &str, started: Instant, now: Duration, failed: bool) {
        StepMetric {
            function: &self.function,
            kind: self.rotation.kind(),
            step,
            duration: started.elapsed(),
            failed,
            at: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
        }
        .emit(&mut std::io::stdout());
    }
}

const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::AlreadyDone => "already_done",
        Outcome::Probed => "probed",
    }
}

/// Waiting for real.
pub struct Sleep;

impl Pause for Sleep {
    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
