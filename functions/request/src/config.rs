use rekey_aws::Settings;
use rekey_function::{VariableError, Variables};
use rekey_registry::Policy;
use rekey_telemetry::Level;

/// Secrets Manager takes 50 calls of RotateSecret and CancelRotateSecret together in a second
/// ([Secrets Manager quotas](https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html)).
const MOST_ROTATIONS: u32 = 50;

/// The function's configuration, read once from the environment.
#[derive(Debug)]
pub struct Config {
    /// `AWS_LAMBDA_FUNCTION_NAME`: the dimension of its metric.
    pub function: String,
    /// `AWS_LAMBDA_LOG_LEVEL`.
    pub log_level: Level,
    /// `REKEY_BUS`: the name of the inner bus.
    pub bus: String,
    /// `REKEY_REGISTRY_TABLE`.
    pub table: String,
    /// `REKEY_REQUEST_QUEUE`: the URL of its own queue, for what must come again later.
    pub queue: String,
    /// `REKEY_DEAD_LETTER_QUEUE`: the URL of the queue for what is put aside.
    pub dead_letters: String,
    /// `REKEY_RETIRE_KEYS_QUEUE`: the URL of the queue of the function that may reach where keys are published.
    pub keys_orders: String,
    /// `REKEY_RETIRE_QUEUE`: the URL of the queue of the function that may reach databases and caches.
    pub orders: String,
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
        let policy = Policy {
            environment: Some(variables.required("REKEY_STAGE")?),
            grace: variables.seconds("REKEY_GRACE_SECONDS")?.into(),
            interval: variables.seconds("REKEY_INTERVAL_SECONDS")?.into(),
            apart: variables.seconds("REKEY_APART_SECONDS")?.into(),
            approval: variables.seconds("REKEY_APPROVAL_SECONDS")?.into(),
            rotations_per_second: rotations_per_second(variables)?,
            ..Policy::default()
        };
        Ok(Self {
            function: variables.function()?,
            log_level: variables.log_level(),
            bus: variables.required("REKEY_BUS")?,
            table: variables.required("REKEY_REGISTRY_TABLE")?,
            queue: variables.required("REKEY_REQUEST_QUEUE")?,
            dead_letters: variables.required("REKEY_DEAD_LETTER_QUEUE")?,
            orders: variables.required("REKEY_RETIRE_QUEUE")?,
            keys_orders: variables.required("REKEY_RETIRE_KEYS_QUEUE")?,
            policy,
            aws: variables.aws()?,
        })
    }
}

fn rotations_per_second<F>(variables: &Variables<F>) -> Result<u32, VariableError>
where
    F: Fn(&str) -> Option<String>,
{
    let name = "REKEY_ROTATIONS_PER_SECOND";
    let number = variables.required(name)?.parse().ok();
    number
        .filter(|number| (1..=MOST_ROTATIONS).contains(number))
        .ok_or(VariableError::Invalid(name, "a whole number from 1 to 50"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: [(&str, &str); 16] = [
        ("AWS_LAMBDA_FUNCTION_NAME", "rekey-prod-request"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "key"),
        ("REKEY_STAGE", "prod"),
        ("REKEY_BUS", "rekey-prod"),
        ("REKEY_REGISTRY_TABLE", "rekey-prod-registry"),
        ("REKEY_REQUEST_QUEUE", "https://sqs/request"),
        ("REKEY_DEAD_LETTER_QUEUE", "https://sqs/dead"),
        ("REKEY_RETIRE_QUEUE", "https://sqs/retire"),
        ("REKEY_RETIRE_KEYS_QUEUE", "https://sqs/retire-keys"),
        ("REKEY_GRACE_SECONDS", "3600"),
        ("REKEY_INTERVAL_SECONDS", "900"),
        ("REKEY_APART_SECONDS", "1800"),
        ("REKEY_APPROVAL_SECONDS", "7200"),
        ("REKEY_ROTATIONS_PER_SECOND", "10"),
    ];

    fn read_with(changed: &str, to: Option<&str>) -> Result<Config, VariableError> {
        Config::read(&Variables::new(|name: &str| {
            if name == changed {
                return to.map(str::to_owned);
            }
            let set = SET.iter().find(|(known, _)| *known == name);
            set.map(|(_, text)| (*text).to_owned())
        }))
    }

    #[test]
    fn every_setting_of_the_template_is_read() {
        let config = read_with("", None).unwrap();
        assert_eq!(config.queue, "https://sqs/request");
        assert_eq!(config.dead_letters, "https://sqs/dead");
        assert_eq!(config.orders, "https://sqs/retire");
        assert_eq!(config.keys_orders, "https://sqs/retire-keys");
        let expected = Policy {
            environment: Some("prod".to_owned()),
            grace: 3_600,
            interval: 900,
            apart: 1_800,
            approval: 7_200,
            rotations_per_second: 10,
            ..Policy::default()
        };
        assert_eq!(config.policy, expected);
    }

    #[test]
    fn a_setting_that_is_missing_is_named() {
        for (name, _) in SET {
            let error = read_with(name, None).unwrap_err();
            assert_eq!(error, VariableError::Missing(name));
        }
    }

    #[test]
    fn a_number_outside_its_limits_is_named_and_not_repeated() {
        for (name, text) in [
            ("REKEY_ROTATIONS_PER_SECOND", "0"),
            ("REKEY_ROTATIONS_PER_SECOND", "51"),
            ("REKEY_ROTATIONS_PER_SECOND", "canary"),
            ("REKEY_APART_SECONDS", "canary"),
        ] {
            let error = read_with(name, Some(text)).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
