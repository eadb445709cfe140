use rekey_aws::Connection;
use rekey_function::{VariableError, Variables};
use rekey_rotators::jwt::{self, Bucket, Jwt};
use rekey_rotators::keyring::AuditKeys;
use rekey_rotators::random::RandomValue;
use rekey_rotators::{KeyKind, KeyKinds, PasswordPolicy};

use crate::{Family, SettingsError};

/// Signing keys and random values.
#[derive(Clone, Copy, Debug)]
pub struct Keys;

/// What a function of the family `keys` is told.
pub struct KeySettings {
    /// `REKEY_GRACE_SECONDS`: how long the value before is accepted, when the secret has no tag `rekey:grace`. The
    /// function of the audit keys, of which nothing ends, is told none; `hmac` and `generic` then need the tag.
    pub grace: Option<u32>,
    /// How a `generic` value is made, where the secret says nothing of it: `PASSWORD_LENGTH` and so on.
    pub passwords: PasswordPolicy,
}

impl Family for Keys {
    type Settings = KeySettings;
    type Kinds = KeyKinds;

    const NAME: &'static str = "keys";

    fn read(variable: &impl Fn(&str) -> Option<String>) -> Result<KeySettings, SettingsError> {
        let variables = Variables::new(variable);
        Ok(KeySettings {
            grace: match variables.seconds("REKEY_GRACE_SECONDS") {
                Err(VariableError::Missing(_)) => None,
                grace => Some(grace?),
            },
            passwords: PasswordPolicy::from_settings(variable)?,
        })
    }

    fn kinds(settings: KeySettings, connection: &Connection) -> KeyKinds {
        let KeySettings { grace, passwords } = settings;
        KeyKinds::new(vec![
            KeyKind::AuditKeys(AuditKeys),
            KeyKind::Jwt(Jwt::new(
                Bucket::new(connection.s3()),
                jwt::Config::default(),
            )),
            KeyKind::Random(RandomValue::hmac(grace)),
            KeyKind::Random(RandomValue::generic(passwords, grace)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_is_told_no_grace_has_none_and_not_one_of_nothing() {
        let read = |text: Option<&str>| {
            let grace = text.map(str::to_owned);
            Keys::read(&|name: &str| (name == "REKEY_GRACE_SECONDS").then(|| grace.clone())?)
        };
        assert_eq!(read(None).unwrap().grace, None);
        assert_eq!(read(Some("")).unwrap().grace, None);
        assert_eq!(read(Some("0")).unwrap().grace, Some(0));
        assert_eq!(read(Some("600")).unwrap().grace, Some(600));
        assert!(read(Some("soon")).is_err());
    }
}
