use rekey_aws::Settings;
use rekey_function::{VariableError, Variables};
use rekey_registry::Policy;
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
    /// `REKEY_RETIRE_QUEUE`: the URL of the queue of the function that may change targets.
    pub queue: String,
    /// The numbers that decisions go by.
    pub policy: Policy,
    /// Where AWS is.
    pub aws: Settings,
}

impl Config {
    /// Reads the environment of this process.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the environment is read"
    )]
    pub fn from_env() -> Result<Self, VariableError> {
        Self::read(&Variables::new(|name: &str| std::env::var(name).ok()))
    }

    fn read<F>(variables: &Variables<F>) -> Result<Self, VariableError>
    where
        F: Fn(&str) -> Option<String>,
    {
        let stuck_after = i64::from(variables.seconds("REKEY_STUCK_SECONDS")?);
        let policy = Policy {
            environment: Some(variables.required("REKEY_STAGE")?),
            grace: variables.seconds("REKEY_GRACE_SECONDS")?.into(),
            warning: variables.seconds("REKEY_WARNING_SECONDS")?.into(),
            stuck_after,
            // A word of Secrets Manager that has not come by then does not come; what is not there for half of
            // it is not on its way.
            settle_after: stuck_after.saturating_mul(2),
            missing_after: stuck_after / 2,
            resume_every: variables.seconds("REKEY_RESUME_SECONDS")?.into(),
            retry: variables.seconds("REKEY_RETRY_SECONDS")?.into(),
            ..Policy::default()
        };
        Ok(Self {
            function: variables.function()?,
            log_level: variables.log_level(),
            bus: variables.required("REKEY_BUS")?,
            table: variables.required("REKEY_REGISTRY_TABLE")?,
            queue: variables.required("REKEY_RETIRE_QUEUE")?,
            policy,
            aws: variables.aws()?,
        })
    }
}
