use rekey_aws::Settings;
use rekey_function::{VariableError, Variables};
use rekey_registry::Policy;
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
    /// `REKEY_REGISTRY_TABLE`.
    pub table: String,
    /// The numbers that decisions go by.
    pub policy: Policy,
    /// The PEM file of `REKEY_CA_FILE`, for health checks.
    pub ca: Option<Vec<u8>>,
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
    /// The rotator's own policy, which is not used here.
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
        Self::read(&Variables::new(|name: &str| std::env::var(name).ok()))
    }

    fn read<F>(variables: &Variables<F>) -> Result<Self, ConfigError>
    where
        F: Fn(&str) -> Option<String>,
    {
        let ca = variables.file("REKEY_CA_FILE")?;
        let policy = Policy {
            grace: variables.seconds("REKEY_GRACE_SECONDS")?.into(),
            warning: variables.seconds("REKEY_WARNING_SECONDS")?.into(),
            retry: variables.seconds("REKEY_RETRY_SECONDS")?.into(),
            hold_bound: variables.seconds("REKEY_HOLD_SECONDS")?.into(),
            environment: Some(variables.required("REKEY_STAGE")?),
            ..Policy::default()
        };
        Ok(Self {
            function: variables.function()?,
            log_level: variables.log_level(),
            bus: variables.required("REKEY_BUS")?,
            table: variables.required("REKEY_REGISTRY_TABLE")?,
            policy,
            aws: variables.aws()?,
            postgres: postgres::Config {
                strategy: variables
                    .optional("REKEY_STRATEGY")
                    .unwrap_or_else(|| "auto".into())
                    .parse()?,
                trust: match &ca {
                    Some(pem) => Trust::from_pem(pem)?,
                    None => Trust::system(),
                },
                // No password is made here.
                passwords: PasswordPolicy::from_settings(|_| None)?,
                bounds: Bounds::default(),
            },
            ca,
        })
    }
}
