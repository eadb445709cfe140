use rekey_aws::Settings;
use rekey_families::{Family, SettingsError};
use rekey_function::{VariableError, Variables};
use rekey_registry::Policy;
use rekey_telemetry::Level;

/// The function's configuration, read once from the environment.
pub struct Config<F: Family> {
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
    /// What its family is told.
    pub family: F::Settings,
}

/// A variable that is missing or cannot be used. What stands in it is not repeated.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// Missing, or unusable.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// One that only this family reads.
    #[error(transparent)]
    Family(#[from] SettingsError),
}

impl<F: Family> Config<F> {
    /// Reads the environment of this process.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the environment is read"
    )]
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&|name: &str| std::env::var(name).ok())
    }

    fn read(variable: &impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variables = Variables::new(variable);
        // The family `database` reads it for itself: for databases it trusts these authorities and no other, and a
        // health check trusts the system's too. The family `keys` has health checks and no such target.
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
            family: F::read(variable)?,
            ca,
        })
    }
}
