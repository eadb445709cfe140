use std::path::PathBuf;

use rekey_aws::{Credential, Settings};
use rekey_rotation::SecretId;
use rekey_rotators::postgres::{self, Bounds, Trust, TrustError};
use rekey_rotators::{PasswordPolicy, PolicyError};
use rekey_telemetry::Level;

/// The function's configuration, read once from the environment.
pub struct Config {
    /// `AWS_LAMBDA_FUNCTION_NAME`: the dimension of its metrics.
    pub function: String,
    /// `AWS_LAMBDA_LOG_LEVEL`.
    pub log_level: Level,
    /// `REKEY_BUS`: the name of the inner bus.
    pub bus: String,
    /// `REKEY_FINGERPRINT_KEY`: the secret with the key of fingerprints.
    pub fingerprint_key: SecretId,
    /// Where AWS is.
    pub aws: Settings,
    /// What the PostgreSQL rotator is told.
    pub postgres: postgres::Config,
}

/// A variable that is missing or cannot be used. What stands in it is not repeated.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// Not set, or empty.
    #[error("the environment variable {0} is not set; infra/rotation.yaml sets it")]
    Missing(&'static str),
    /// Set to something else.
    #[error("the environment variable {0} must be {1}")]
    Invalid(&'static str, &'static str),
    /// `REKEY_STRATEGY`.
    #[error("the environment variable REKEY_STRATEGY: {0}")]
    Strategy(#[from] postgres::UnknownStrategy),
    /// `PASSWORD_LENGTH`, `EXCLUDE_CHARACTERS` and so on.
    #[error(transparent)]
    Passwords(#[from] PolicyError),
    /// The certificates to trust.
    #[error("REKEY_CA_FILE: {0}")]
    Trust(#[from] TrustError),
    /// A file that cannot be read.
    #[error("the file that {0} names cannot be read: {1}")]
    File(&'static str, std::io::ErrorKind),
}

impl Config {
    /// Reads the environment of this process.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the environment is read"
    )]
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    fn read(var: &impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let optional = |name: &str| var(name).filter(|text| !text.is_empty());
        let required = |name| optional(name).ok_or(ConfigError::Missing(name));
        let file = |name| match optional(name) {
            Some(path) => std::fs::read(PathBuf::from(path))
                .map(Some)
                .map_err(|error| ConfigError::File(name, error.kind())),
            None => Ok(None),
        };
        let text_file = |name| {
            file(name)?
                .map(|bytes| {
                    String::from_utf8(bytes)
                        .map_err(|_| ConfigError::Invalid(name, "the path of a PEM file"))
                })
                .transpose()
        };
        let log_level = match optional("AWS_LAMBDA_LOG_LEVEL").as_deref().map(str::parse) {
            Some(Ok(level)) => level,
            None => Level::default(),
        };
        Ok(Self {
            function: required("AWS_LAMBDA_FUNCTION_NAME")?,
            log_level,
            bus: required("REKEY_BUS")?,
            fingerprint_key: SecretId::parse(&required("REKEY_FINGERPRINT_KEY")?).ok_or(
                ConfigError::Invalid("REKEY_FINGERPRINT_KEY", "the ARN of a secret"),
            )?,
            aws: Settings {
                region: required("AWS_REGION")?,
                access_key_id: required("AWS_ACCESS_KEY_ID")?,
                secret_access_key: Credential::from(required("AWS_SECRET_ACCESS_KEY")?),
                session_token: optional("AWS_SESSION_TOKEN").map(Credential::from),
                endpoint_url: optional("AWS_ENDPOINT_URL"),
                ca_bundle: text_file("AWS_CA_BUNDLE")?,
            },
            postgres: postgres::Config {
                strategy: optional("REKEY_STRATEGY")
                    .unwrap_or_else(|| "auto".into())
                    .parse()?,
                trust: match file("REKEY_CA_FILE")? {
                    Some(pem) => Trust::from_pem(&pem)?,
                    None => Trust::system(),
                },
                passwords: PasswordPolicy::from_settings(var)?,
                bounds: Bounds::default(),
            },
        })
    }
}
