use rekey_rotation::{Overlap, TargetError};

use super::secret::{UserSecret, invalid};

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
    /// Two in turn.
    Alternating,
}

impl From<Users> for Overlap {
    fn from(users: Users) -> Self {
        match users {
            Users::Single => Self::SingleUser,
            Users::Alternating => Self::AlternatingUsers,
        }
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
            (Self::SingleUser, _) | (Self::Auto, None) => Ok(Users::Single),
            (Self::AlternatingUsers | Self::Auto, Some(_)) => Ok(Users::Alternating),
            (Self::AlternatingUsers, None) => Err(invalid(
                "the secret has no `masterarn`, and alternating users need it; add the ARN of the superuser secret",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use rekey_rotation::SecretValue;

    use super::*;

    fn secret(masterarn: bool) -> UserSecret {
        let more = if masterarn { r#","masterarn":"m""# } else { "" };
        let json =
            format!(r#"{{"engine":"postgres","host":"h","username":"u","password":"p"{more}}}"#);
        UserSecret::parse(&SecretValue::new(json).unwrap()).unwrap()
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
            let users = strategy.users(&secret(masterarn));
            assert_eq!(users.ok(), expected, "{text}, masterarn: {masterarn}");
        }
        assert_eq!("multi-user".parse::<Strategy>(), Err(UnknownStrategy));
    }
}
