use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{Diagnostic, LambdaEvent};
use rekey_audit::{
    Chain, CheckpointError, Finding, Keyring, Made, Signer, Trail, Vault, VaultError, checkpoint,
};
use rekey_events::ErrorClass;
use rekey_function::{SealKeys, Unended, budget, milliseconds, now, seconds, within};
use rekey_rotation::SecretStore;
use rekey_telemetry::CheckpointMetric;
use serde_json::{Value, json};

/// How many records one run looks at: a hundred pages, which take a few seconds. What is left the next run
/// looks at.
const MOST: usize = 20_000;
/// How often a run looks that others overtake: what they kept is behind what it read.
const LOOKS: usize = 2;

/// The function: everything that lives from one call to the next.
pub struct Notary<T, V, G, S> {
    /// Its name, the dimension of its metric.
    pub function: String,
    /// The stage whose trail it is.
    pub stage: String,
    /// The audit trail.
    pub trail: T,
    /// Where checkpoints are kept.
    pub vault: V,
    /// The key that signs.
    pub signer: G,
    /// The keys of the seals.
    pub keys: SealKeys<S>,
}

/// A job that was not done. Nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Not a job.
    #[error("the event must name the job: {{\"job\": \"checkpoint\"}}")]
    Unknown,
    /// It failed.
    #[error(transparent)]
    Failed(#[from] CheckpointError),
    /// It came to no end.
    #[error(transparent)]
    Unended(#[from] Unended),
}

impl JobError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Unknown => ErrorClass::InvalidRequest,
            Self::Failed(error) => error.class(),
            Self::Unended(Unended::OutOfTime { .. }) => ErrorClass::AuditUnavailable,
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

impl<T: Trail, V: Vault, G: Signer, S: SecretStore> Notary<T, V, G, S> {
    /// Makes a checkpoint, and says of what. A chain that something is wrong with does not keep the others
    /// from being signed.
    pub async fn call(self: Arc<Self>, event: LambdaEvent<Value>) -> Result<Value, JobError> {
        let begun = now();
        let time = budget(Duration::from_millis(event.context.deadline), begun);
        let done = match event.payload.get("job").and_then(Value::as_str) {
            Some("checkpoint") => within(time, self.run(seconds(begun))).await,
            _ => Ok(Err(JobError::Unknown)),
        };
        let done = done.unwrap_or_else(|unended| Err(unended.into()));
        let made = done.inspect_err(|error| {
            tracing::error!(class = %error.class(), %error, "job failed");
        })?;
        let broken = made.as_ref().map_or(&[][..], |made| &made.broken);
        CheckpointMetric {
            function: &self.function,
            broken: broken.len(),
            made: made.is_some(),
            at: milliseconds(begun),
        }
        .emit(&mut std::io::stdout());
        for (chain, findings) in broken {
            tell(chain, findings);
        }
        Ok(answer(made.as_ref()))
    }

    /// The checkpoint; none when other runs were faster. A seal whose key is not known may have been made
    /// with a newer one, so the keys are read again then, once, and with new ones the next checkpoint is made
    /// at once. When that comes to nothing, the first one was made all the same, and what it found is told.
    async fn run(&self, at: i64) -> Result<Option<Made>, JobError> {
        let ring = self.keys.ring();
        let Some(made) = self.sign(&ring, at).await? else {
            return Ok(None);
        };
        let mut findings = made.broken.iter().flat_map(|(_, findings)| findings);
        if !findings.any(is_of_the_ring) {
            return Ok(Some(made));
        }
        let newer = match self.keys.again().await {
            // A key that is added becomes the current one, so there is no other.
            Ok(newer) if newer.current() == ring.current() => return Ok(Some(made)),
            Ok(newer) => newer,
            Err(error) => {
                tracing::error!(class = %error.class(), %error, "keys not read");
                return Ok(Some(made));
            }
        };
        match self.sign(&newer, at).await {
            Ok(Some(made)) => Ok(Some(made)),
            Ok(None) => Ok(Some(with_newer(made))),
            Err(error) => {
                tracing::error!(class = %error.class(), %error, "not looked at with the new keys");
                Ok(Some(with_newer(made)))
            }
        }
    }

    async fn sign(&self, keyring: &Keyring, at: i64) -> Result<Option<Made>, JobError> {
        for _ in 0..LOOKS {
            if let Some(made) = self.look_and_sign(keyring, at).await? {
                return Ok(Some(made));
            }
        }
        Ok(None)
    }

    async fn look_and_sign(&self, keyring: &Keyring, at: i64) -> Result<Option<Made>, JobError> {
        let Self {
            trail,
            vault,
            signer,
            stage,
            ..
        } = self;
        match checkpoint(trail, vault, signer, keyring, stage, at, MOST).await {
            Ok(made) => {
                let Made {
                    number,
                    name,
                    chains,
                    records,
                    behind,
                    broken,
                } = &made;
                let broken = broken.len();
                tracing::info!(
                    number,
                    name,
                    chains,
                    records,
                    behind,
                    broken,
                    "checkpoint made"
                );
                Ok(Some(made))
            }
            Err(CheckpointError::Vault(VaultError::Taken)) => {
                tracing::info!("another run was faster");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether it says more of the keys that were looked with than of the record.
fn is_of_the_ring(finding: &Finding) -> bool {
    matches!(finding, Finding::UnknownKey { .. })
}

/// What was found with an old ring, after a newer one was read: that the old one lacks a key is no finding.
/// The next run looks at those chains with the newer one.
fn with_newer(mut made: Made) -> Made {
    for (_, findings) in &mut made.broken {
        findings.retain(|finding| !is_of_the_ring(finding));
    }
    made.broken.retain(|(_, findings)| !findings.is_empty());
    made
}

fn tell(chain: &Chain, findings: &[Finding]) {
    let count = findings.len();
    let sentences: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let findings = sentences.join("; ");
    tracing::error!(%chain, count, findings, class = "forbidden", "chain broken");
}

fn answer(made: Option<&Made>) -> Value {
    let Some(made) = made else {
        return json!({ "made": false, "why": "another run was faster" });
    };
    let broken = made.broken.iter();
    let broken: Vec<Value> = broken
        .map(|(chain, findings)| json!({ "chain": chain, "findings": findings }))
        .collect();
    json!({
        "made": true, "number": made.number, "name": made.name, "chains": made.chains,
        "records": made.records, "behind": made.behind, "broken": broken,
    })
}
