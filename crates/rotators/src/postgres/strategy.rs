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
    pub(super) fn overlap(self, secret: &UserSecret) -> Result<Overlap, TargetError> {
        match (self, &secret.masterarn) {
            (Self::SingleUser, _) | (Self::Auto, None) => Ok(Overlap::SingleUser),
            (Self::AlternatingUsers | Self::Auto, Some(_)) => Ok(Overlap::AlternatingUsers),
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
            ("auto", false, Some(Overlap::SingleUser)),
            ("auto", true, Some(Overlap::AlternatingUsers)),
            ("single-user", true, Some(Overlap::SingleUser)),
            ("single-user", false, Some(Overlap::SingleUser)),
            ("alternating-users", true, Some(Overlap::AlternatingUsers)),
            ("alternating-users", false, None),
        ] {
            let strategy: Strategy = text.parse().unwrap();
            let overlap = strategy.overlap(&secret(masterarn));
            assert_eq!(overlap.ok(), expected, "{text}, masterarn: {masterarn}");
        }
        assert_eq!("multi-user".parse::<Strategy>(), Err(UnknownStrategy));
    }
}
