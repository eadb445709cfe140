use rekey_aws::Settings;
use rekey_function::{VariableError, Variables};
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
    /// Missing, or unusable.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// `REKEY_STRATEGY`.
    #[error("the environment variable REKEY_STRATEGY: {0}")]
    Strategy(#[from] postgres::UnknownStrategy),
    /// `PASSWORD_LENGTH`, `EXCLUDE_CHARACTERS` and so on.
    #[error(transparent)]
    Passwords(#[from] PolicyError),
    /// The certificates to trust.
    #[error("REKEY_CA_FILE: {0}")]
    Trust(#[from] TrustError),
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
        let variables = Variables::new(var);
        let key = "REKEY_FINGERPRINT_KEY";
        Ok(Self {
            function: variables.function()?,
            log_level: variables.log_level(),
            bus: variables.required("REKEY_BUS")?,
            fingerprint_key: SecretId::parse(&variables.required(key)?)
                .ok_or(VariableError::Invalid(key, "the ARN of a secret"))?,
            aws: variables.aws()?,
            postgres: postgres::Config {
                strategy: variables
                    .optional("REKEY_STRATEGY")
                    .unwrap_or_else(|| "auto".into())
                    .parse()?,
                trust: match variables.file("REKEY_CA_FILE")? {
                    Some(pem) => Trust::from_pem(&pem)?,
                    None => Trust::system(),
                },
                passwords: PasswordPolicy::from_settings(var)?,
                bounds: Bounds::default(),
            },
        })
    }
}
