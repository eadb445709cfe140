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
    /// `REKEY_GRACE_SECONDS`: how long the value before is accepted, when the secret has no tag `rekey:grace`.
    pub grace: u32,
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
                // The function of the audit keys, of which nothing ends, is told none.
                Err(VariableError::Missing(_)) => 0,
                grace => grace?,
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
