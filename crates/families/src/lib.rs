#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod database;
mod keys;

use rekey_aws::Connection;
use rekey_function::VariableError;
use rekey_rotation::{Kinds, Revoker};
use rekey_rotators::{PolicyError, TrustError};

pub use database::{Database, DatabaseSettings};
pub use keys::{KeySettings, Keys};

/// A family of kinds.
pub trait Family {
    /// What its functions are told.
    type Settings;
    /// Its rotators.
    type Kinds: Kinds<One: Revoker>;

    /// The name, as in the names of its functions.
    const NAME: &'static str;

    /// Reads what a function of this family is told. `variable` answers for one name.
    ///
    /// # Errors
    /// [`SettingsError`].
    fn read(variable: &impl Fn(&str) -> Option<String>) -> Result<Self::Settings, SettingsError>;

    /// Makes the rotators. Connects to nothing yet.
    fn kinds(settings: Self::Settings, connection: &Connection) -> Self::Kinds;
}

/// A setting that is missing or cannot be used. What stands in it is not repeated.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// Missing, or unusable.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// `REKEY_STRATEGY`.
    #[error("the environment variable REKEY_STRATEGY: {0}")]
    Strategy(#[from] rekey_rotators::UnknownStrategy),
    /// `PASSWORD_LENGTH`, `EXCLUDE_CHARACTERS` and so on.
    #[error(transparent)]
    Passwords(#[from] PolicyError),
    /// The certificates to trust.
    #[error("REKEY_CA_FILE: {0}")]
    Trust(#[from] TrustError),
}

#[cfg(test)]
mod tests {
    use rekey_aws::{Credential, Settings};
    use rekey_rotation::{Rotator, SecretValue, TargetError};
    use rekey_rotators::{CATALOGUE, DatabaseKinds, KeyKinds};

    use super::*;

    fn connection() -> Connection {
        Connection::new(Settings {
            region: "eu-central-1".into(),
            access_key_id: "id".into(),
            secret_access_key: Credential::from("key".to_owned()),
            session_token: None,
            endpoint_url: None,
            ca_bundle: None,
        })
        .unwrap()
    }

    fn databases() -> DatabaseKinds {
        Database::kinds(Database::read(&|_: &str| None).unwrap(), &connection())
    }

    fn keys() -> KeyKinds {
        Keys::kinds(Keys::read(&|_: &str| None).unwrap(), &connection())
    }

    fn value(text: &str) -> SecretValue {
        SecretValue::new(text.to_owned()).unwrap()
    }

    fn refusal<T>(found: Result<T, TargetError>) -> String {
        match found {
            Err(TargetError::InvalidSecret(text)) => text,
            Err(other) => panic!("another class: {other}"),
            Ok(_) => panic!("a kind was found"),
        }
    }

    #[test]
    fn every_kind_of_the_catalogue_is_rotated_by_its_family_and_by_no_other() {
        let (databases, keys) = (databases(), keys());
        let mut all = [databases.names(), keys.names()].concat();
        all.sort_unstable();
        let mut expected: Vec<&str> = CATALOGUE.iter().map(|entry| entry.kind).collect();
        expected.sort_unstable();
        assert_eq!(all, expected);
        for entry in CATALOGUE {
            let names = match entry.family.as_str() {
                Database::NAME => databases.names(),
                _ => keys.names(),
            };
            assert!(names.contains(&entry.kind), "{}", entry.kind);
        }
    }

    #[test]
    fn the_tag_names_the_kind_and_the_engine_does_where_there_is_none() {
        let databases = databases();
        let postgres = value(r#"{"engine":"Aurora-PostgreSQL"}"#);
        for (tag, value, kind) in [
            (None, &postgres, "postgres"),
            (None, &value(r#"{"engine":"mariadb"}"#), "mariadb"),
            (None, &value(r#"{"engine":"MySQL"}"#), "mysql"),
            (None, &value(r#"{"engine":"redis"}"#), "redis"),
            (None, &value(r#"{"engine":"valkey"}"#), "valkey"),
            (Some("postgres"), &postgres, "postgres"),
            (Some("mariadb"), &value("{}"), "mariadb"),
            (Some("elasticache-user"), &value("{}"), "elasticache-user"),
        ] {
            assert_eq!(databases.of(tag, value).unwrap().kind(), kind);
        }
        assert_eq!(keys().of(Some("jwt"), &value("{}")).unwrap().kind(), "jwt");
    }

    #[test]
    fn what_names_no_kind_is_refused_with_the_list_and_without_being_repeated() {
        let databases = databases();
        for text in [
            "hunter2",
            "{}",
            r#"{"engine":"hunter2"}"#,
            r#"{"engine":["hunter2"]}"#,
            r#"{"password":"hunter2"}"#,
        ] {
            let text = refusal(databases.of(None, &value(text)));
            assert!(!text.contains("hunter2"), "{text}");
            assert!(
                text.contains("rekey:kind") && text.contains("postgres, mariadb"),
                "{text}"
            );
        }
        let text = refusal(databases.of(Some("hunter2"), &value(r#"{"engine":"postgres"}"#)));
        assert!(
            !text.contains("hunter2") && text.contains("valkey"),
            "{text}"
        );
    }

    #[test]
    fn a_tag_and_an_engine_that_contradict_each_other_are_refused() {
        let database = value(r#"{"engine":"mysql","host":"h","username":"u","password":"p"}"#);
        for text in [
            refusal(databases().of(Some("postgres"), &database)),
            refusal(keys().of(Some("generic"), &database)),
        ] {
            assert!(text.contains("different kinds"), "{text}");
        }
    }

    #[test]
    fn a_kind_of_the_other_family_is_refused_with_the_function_that_rotates_it() {
        let text = refusal(databases().of(Some("jwt"), &value("{}")));
        assert!(text.contains("the family `keys`"), "{text}");
        let text = refusal(keys().of(Some("postgres"), &value("{}")));
        assert!(text.contains("the family `database`"), "{text}");
    }
}
