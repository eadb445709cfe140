use rekey_aws::Settings;
use rekey_families::{Family, SettingsError};
use rekey_function::{VariableError, Variables};
use rekey_rotation::SecretId;
use rekey_telemetry::Level;

/// The function's configuration, read once from the environment.
pub struct Config<F: Family> {
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
            family: F::read(var)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use rekey_families::{Database, Keys};

    use super::*;

    /// What a template tells the function whatever its family.
    const ALWAYS: [(&str, &str); 6] = [
        ("AWS_LAMBDA_FUNCTION_NAME", "rekey-test-rotate"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "key"),
        ("REKEY_BUS", "rekey-test"),
        ("REKEY_FINGERPRINT_KEY", "rekey/test/fingerprint-key"),
    ];

    /// Why the configuration is refused, if it is, and which variables were asked for.
    fn read<F: Family>(more: &[(&str, &str)]) -> (Option<String>, Vec<String>) {
        let set: BTreeMap<&str, &str> = ALWAYS.iter().chain(more).copied().collect();
        let asked = RefCell::default();
        let config = Config::<F>::read(&|name: &str| {
            RefCell::<Vec<String>>::borrow_mut(&asked).push(name.to_owned());
            set.get(name).map(|&text| text.to_owned())
        });
        (
            config.err().map(|error| error.to_string()),
            asked.into_inner(),
        )
    }

    #[test]
    fn the_settings_of_databases_are_read_for_their_family_only() {
        for (name, text) in [
            ("REKEY_STRATEGY", "hunter2"),
            ("REKEY_CA_FILE", "/nonexistent"),
        ] {
            let (refused, _) = read::<Database>(&[(name, text)]);
            let refused = refused.unwrap();
            assert!(
                refused.contains(name) && !refused.contains("hunter2"),
                "{refused}"
            );
            let (refused, asked) = read::<Keys>(&[(name, text)]);
            assert_eq!(refused, None);
            assert!(!asked.iter().any(|one| one == name), "{name}");
        }
    }

    #[test]
    fn what_every_family_needs_is_asked_of_every_family() {
        for name in ["REKEY_BUS", "REKEY_FINGERPRINT_KEY"] {
            for (refused, _) in [read::<Database>(&[(name, "")]), read::<Keys>(&[(name, "")])] {
                assert!(refused.unwrap().contains(name));
            }
        }
    }
}
