use rekey_rotation::{Overlap, TargetError};

use super::secret::UserSecret;
use super::server::Engine;
use crate::Strategy;
use crate::database::strategy::NO_SUPERUSER;
use crate::object::invalid;

/// Who logs in: what the strategy makes of a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Users {
    /// One user, whose password changes.
    Single,
    /// One user, who keeps the password before beside the new one: MySQL, when the secret asks for it.
    TwoPasswords,
    /// Two in turn.
    Alternating,
}

impl From<Users> for Overlap {
    fn from(users: Users) -> Self {
        match users {
            Users::Single => Self::SingleUser,
            Users::TwoPasswords => Self::TwoPasswords,
            Users::Alternating => Self::AlternatingUsers,
        }
    }
}

impl Users {
    /// Whether the user changes its own password.
    pub(super) fn by_itself(self) -> bool {
        self != Self::Alternating
    }
}

impl Users {
    pub(super) fn of(secret: &UserSecret, strategy: Strategy) -> Result<Self, TargetError> {
        let alternates = strategy
            .alternates(secret.masterarn.is_some())
            .ok_or_else(|| invalid(NO_SUPERUSER))?;
        match (alternates, secret.dual_password) {
            (true, true) => Err(invalid(
                "the secret has both `masterarn` and `dual_password`: two users in turn need no second password; take one of the two fields away",
            )),
            (true, false) => Ok(Self::Alternating),
            (false, false) => Ok(Self::Single),
            (false, true) if secret.engine == Engine::MySql => Ok(Self::TwoPasswords),
            (false, true) => Err(invalid(
                "`dual_password` is true, and MariaDB keeps one password for each account; take the field away, or let two users alternate: add `masterarn`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use rekey_rotation::SecretValue;

    use super::*;

    fn secret(engine: Engine, masterarn: bool, dual: bool) -> UserSecret {
        let name = if engine == Engine::MySql {
            "mysql"
        } else {
            "mariadb"
        };
        let more = if masterarn { r#","masterarn":"m""# } else { "" };
        let json = format!(
            r#"{{"engine":"{name}","host":"h","username":"u","password":"p","dual_password":{dual}{more}}}"#
        );
        UserSecret::parse(&SecretValue::new(json).unwrap(), engine).unwrap()
    }

    #[test]
    fn two_passwords_are_for_one_user_of_mysql() {
        for (engine, masterarn, expected) in [
            (Engine::MySql, false, Some(Users::TwoPasswords)),
            (Engine::MySql, true, None),
            (Engine::MariaDb, false, None),
            (Engine::MariaDb, true, None),
        ] {
            let users = Users::of(&secret(engine, masterarn, true), Strategy::Auto);
            assert_eq!(users.ok(), expected, "{engine:?}, masterarn: {masterarn}");
        }
    }
}
