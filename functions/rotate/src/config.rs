use rekey_aws::Settings;
use rekey_function::{VariableError, Variables};
use rekey_rotation::SecretId;
use rekey_rotators::PolicyError;
use rekey_rotators::keyring::AuditKeys;
use rekey_rotators::postgres::{Postgres, TrustError, UnknownStrategy};
use rekey_telemetry::Level;

use crate::database;
use crate::family::Family;

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
    /// `REKEY_FAMILY`: the rotator, told what its family is told. Without one, `database`.
    pub family: Family,
}

/// A variable that is missing or cannot be used. What stands in it is not repeated.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// Missing, or unusable.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// `REKEY_STRATEGY`.
    #[error("the environment variable REKEY_STRATEGY: {0}")]
    Strategy(#[from] UnknownStrategy),
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
            family: match variables.optional("REKEY_FAMILY").as_deref() {
                None | Some("database") => {
                    Family::Database(Postgres::new(database::config(&variables, var)?))
                }
                Some("keys") => Family::Keys(AuditKeys),
                Some(_) => {
                    let families = "one of: database, keys";
                    return Err(VariableError::Invalid("REKEY_FAMILY", families).into());
                }
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use rekey_rotation::{Overlap, Rotator as _, SecretValue};

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

    /// The configuration, and which variables were asked for.
    fn read(more: &[(&str, &str)]) -> (Result<Config, ConfigError>, Vec<String>) {
        let set: BTreeMap<&str, &str> = ALWAYS.iter().chain(more).copied().collect();
        let asked = RefCell::default();
        let config = Config::read(&|name| {
            RefCell::<Vec<String>>::borrow_mut(&asked).push(name.to_owned());
            set.get(name).map(|&text| text.to_owned())
        });
        (config, asked.into_inner())
    }

    fn refusal(more: &[(&str, &str)]) -> String {
        match read(more).0 {
            Err(error) => error.to_string(),
            Ok(_) => panic!("taken: {more:?}"),
        }
    }

    fn kind(more: &[(&str, &str)]) -> &'static str {
        let (config, _) = read(more);
        config
            .unwrap_or_else(|error| panic!("{error}"))
            .family
            .kind()
    }

    #[test]
    fn the_family_is_database_unless_another_is_named() {
        assert_eq!(kind(&[]), "postgres");
        assert_eq!(kind(&[("REKEY_FAMILY", "")]), "postgres");
        assert_eq!(kind(&[("REKEY_FAMILY", "database")]), "postgres");
        assert_eq!(kind(&[("REKEY_FAMILY", "keys")]), "audit-key");
    }

    #[test]
    fn another_family_is_refused_with_the_list_and_without_repeating_it() {
        for text in ["hunter2", "postgres", "Keys", "keys ", "database,keys"] {
            assert_eq!(
                refusal(&[("REKEY_FAMILY", text)]),
                "the environment variable REKEY_FAMILY must be one of: database, keys"
            );
        }
    }

    #[test]
    fn the_settings_of_databases_are_read_for_their_family_only() {
        let of_databases = [
            ("REKEY_STRATEGY", "hunter2"),
            ("REKEY_CA_FILE", "/nonexistent"),
            ("PASSWORD_LENGTH", "hunter2"),
        ];
        let keys = [&of_databases[..], &[("REKEY_FAMILY", "keys")]].concat();
        let (config, asked) = read(&keys);
        assert!(config.is_ok());
        for (name, text) in of_databases {
            assert!(!asked.iter().any(|one| one == name), "{name}");
            assert!(refusal(&[(name, text)]).contains(name), "{name}");
        }
    }

    #[test]
    fn what_every_family_needs_is_asked_of_every_family() {
        for family in ["database", "keys"] {
            for name in ["REKEY_BUS", "REKEY_FINGERPRINT_KEY"] {
                let text = refusal(&[("REKEY_FAMILY", family), (name, "")]);
                assert!(text.contains(name), "{text}");
            }
        }
    }

    #[test]
    fn each_family_refuses_the_secrets_of_the_other() {
        let value = |text: String| SecretValue::new(text).unwrap();
        let user = r#"{"engine":"postgres","host":"h","username":"u","password":"p"}"#;
        let ring = format!(r#"{{"current":"1","1":"{}"}}"#, "k".repeat(64));
        let (user, ring) = (value(user.to_owned()), value(ring));
        let families = [("database", &user, &ring), ("keys", &ring, &user)];
        for (family, own, other) in families {
            let rotator = read(&[("REKEY_FAMILY", family)]).0.ok().unwrap().family;
            let overlap = rotator.overlap(own);
            assert!(matches!(
                overlap,
                Ok(Overlap::SingleUser | Overlap::Keyring)
            ));
            assert!(rotator.overlap(other).is_err(), "{family}");
        }
    }
}
