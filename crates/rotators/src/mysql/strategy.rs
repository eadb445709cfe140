use rekey_rotation::{Overlap, TargetError};

use super::secret::{UserSecret, invalid};
use super::server::Engine;

/// How a secret's user is rotated.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Strategy {
    /// Alternating users when the secret has `masterarn`, else single user.
    #[default]
    Auto,
    /// The user changes its own password.
    SingleUser,
    /// Two users in turn, by the superuser that `masterarn` names.
    AlternatingUsers,
}

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

/// A strategy that does not exist.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the strategy must be auto, single-user or alternating-users")]
pub struct UnknownStrategy;

impl std::str::FromStr for Strategy {
    type Err = UnknownStrategy;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "single-user" => Ok(Self::SingleUser),
            "alternating-users" => Ok(Self::AlternatingUsers),
            _ => Err(UnknownStrategy),
        }
    }
}

impl Strategy {
    pub(super) fn users(self, secret: &UserSecret) -> Result<Users, TargetError> {
        match (self, &secret.masterarn) {
            (Self::AlternatingUsers, None) => Err(invalid(
                "the secret has no `masterarn`, and alternating users need it; add the ARN of the superuser secret",
            )),
            (Self::AlternatingUsers | Self::Auto, Some(_)) if secret.dual_password => Err(invalid(
                "the secret has both `masterarn` and `dual_password`: two users in turn need no second password; take one of the two fields away",
            )),
            (Self::AlternatingUsers | Self::Auto, Some(_)) => Ok(Users::Alternating),
            _ if !secret.dual_password => Ok(Users::Single),
            _ if secret.engine == Engine::MySql => Ok(Users::TwoPasswords),
            _ => Err(invalid(
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
    fn masterarn_decides_unless_the_strategy_is_given() {
        for (text, masterarn, expected) in [
            ("auto", false, Some(Users::Single)),
            ("auto", true, Some(Users::Alternating)),
            ("single-user", true, Some(Users::Single)),
            ("single-user", false, Some(Users::Single)),
            ("alternating-users", true, Some(Users::Alternating)),
            ("alternating-users", false, None),
        ] {
            let strategy: Strategy = text.parse().unwrap();
            for engine in [Engine::MariaDb, Engine::MySql] {
                let users = strategy.users(&secret(engine, masterarn, false));
                assert_eq!(users.ok(), expected, "{text}, masterarn: {masterarn}");
            }
        }
        assert_eq!("multi-user".parse::<Strategy>(), Err(UnknownStrategy));
    }

    #[test]
    fn two_passwords_are_for_one_user_of_mysql() {
        for (engine, masterarn, expected) in [
            (Engine::MySql, false, Some(Users::TwoPasswords)),
            (Engine::MySql, true, None),
            (Engine::MariaDb, false, None),
            (Engine::MariaDb, true, None),
        ] {
            let users = Strategy::Auto.users(&secret(engine, masterarn, true));
            assert_eq!(users.ok(), expected, "{engine:?}, masterarn: {masterarn}");
        }
    }
}
