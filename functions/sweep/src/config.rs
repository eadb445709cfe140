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
    /// `REKEY_STAGE`.
    pub stage: String,
    /// `REKEY_BUS`: the name of the inner bus.
    pub bus: String,
    /// `REKEY_REGISTRY_TABLE`.
    pub table: String,
    /// `REKEY_RETIRE_QUEUE`: the URL of the queue of the function that may change databases and caches.
    pub queue: String,
    /// `REKEY_RETIRE_KEYS_QUEUE`: the URL of the one that may change signing keys and random values.
    pub keys_queue: String,
    /// `REKEY_REQUESTS_BUS`: the name of the bus that anybody asks on.
    pub requests_bus: String,
    /// `REKEY_REQUEST_QUEUE`: the URL of the queue of the function that judges requests.
    pub requests: String,
    /// `REKEY_DEAD_LETTER_QUEUE`: the URL of the queue that it puts aside into. Not our own.
    pub parked: String,
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
        let stage = variables.required("REKEY_STAGE")?;
        let stuck_after = i64::from(variables.seconds("REKEY_STUCK_SECONDS")?);
        let policy = Policy {
            environment: Some(stage.clone()),
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
            stage,
            bus: variables.required("REKEY_BUS")?,
            table: variables.required("REKEY_REGISTRY_TABLE")?,
            queue: variables.required("REKEY_RETIRE_QUEUE")?,
            keys_queue: variables.required("REKEY_RETIRE_KEYS_QUEUE")?,
            requests_bus: variables.required("REKEY_REQUESTS_BUS")?,
            requests: variables.required("REKEY_REQUEST_QUEUE")?,
            parked: variables.required("REKEY_DEAD_LETTER_QUEUE")?,
            policy,
            aws: variables.aws()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: [(&str, &str); 17] = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "key"),
        ("AWS_LAMBDA_FUNCTION_NAME", "rekey-prod-sweep"),
        ("REKEY_STAGE", "prod"),
        ("REKEY_BUS", "rekey-prod"),
        ("REKEY_REGISTRY_TABLE", "rekey-prod-registry"),
        ("REKEY_RETIRE_QUEUE", "https://sqs/retire"),
        ("REKEY_RETIRE_KEYS_QUEUE", "https://sqs/retire-keys"),
        ("REKEY_REQUESTS_BUS", "rekey-prod-requests"),
        ("REKEY_REQUEST_QUEUE", "https://sqs/request"),
        ("REKEY_DEAD_LETTER_QUEUE", "https://sqs/request-dead"),
        ("REKEY_GRACE_SECONDS", "3600"),
        ("REKEY_WARNING_SECONDS", "600"),
        ("REKEY_STUCK_SECONDS", "1800"),
        ("REKEY_RESUME_SECONDS", "1800"),
        ("REKEY_RETRY_SECONDS", "900"),
    ];

    fn read_without(name: &str) -> Result<Config, VariableError> {
        Config::read(&Variables::new(|asked: &str| {
            let mut set = SET.iter().filter(|(known, _)| *known != name);
            let set = set.find(|(known, _)| *known == asked);
            set.map(|(_, text)| (*text).to_owned())
        }))
    }

    #[test]
    fn every_setting_of_the_template_is_read() {
        let config = read_without("").unwrap();
        assert_eq!(config.queue, "https://sqs/retire");
        assert_eq!(config.keys_queue, "https://sqs/retire-keys");
        assert_eq!(config.requests_bus, "rekey-prod-requests");
        assert_eq!(config.requests, "https://sqs/request");
        assert_eq!(config.parked, "https://sqs/request-dead");
        assert_eq!(config.policy.missing_after, 900);
    }

    #[test]
    fn a_setting_that_is_missing_is_named() {
        for (name, _) in SET {
            let error = read_without(name).err();
            assert_eq!(error, Some(VariableError::Missing(name)));
        }
    }
}
