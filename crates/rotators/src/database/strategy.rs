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

/// The secret has no superuser, and two users were asked for.
pub(crate) const NO_SUPERUSER: &str = "the secret has no `masterarn`, and alternating users need it; add the ARN of the superuser secret";

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
    /// Whether two users take turns, given whether the secret names a superuser; `None` when it must and does not.
    pub(crate) const fn alternates(self, superuser: bool) -> Option<bool> {
        match (self, superuser) {
            (Self::SingleUser, _) | (Self::Auto, false) => Some(false),
            (Self::AlternatingUsers | Self::Auto, true) => Some(true),
            (Self::AlternatingUsers, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masterarn_decides_unless_the_strategy_is_given() {
        for (text, masterarn, expected) in [
            ("auto", false, Some(false)),
            ("auto", true, Some(true)),
            ("single-user", true, Some(false)),
            ("single-user", false, Some(false)),
            ("alternating-users", true, Some(true)),
            ("alternating-users", false, None),
        ] {
            let strategy: Strategy = text.parse().unwrap();
            assert_eq!(
                strategy.alternates(masterarn),
                expected,
                "{text}, {masterarn}"
            );
        }
        assert_eq!("multi-user".parse::<Strategy>(), Err(UnknownStrategy));
    }
}
