use rekey_rotation::{Overlap, TargetError};

use super::secret::UserSecret;
use crate::Strategy;
use crate::database::strategy::NO_SUPERUSER;
use crate::object::invalid;

/// Who logs in: what the strategy makes of a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Users {
    /// One user, whose password changes.
    Single,
    /// Two in turn.
    Alternating,
}

impl Users {
    pub(super) fn of(secret: &UserSecret, strategy: Strategy) -> Result<Self, TargetError> {
        match strategy.alternates(secret.masterarn.is_some()) {
            Some(true) => Ok(Self::Alternating),
            Some(false) => Ok(Self::Single),
            None => Err(invalid(NO_SUPERUSER)),
        }
    }
}

impl From<Users> for Overlap {
    fn from(users: Users) -> Self {
        match users {
            Users::Single => Self::SingleUser,
            Users::Alternating => Self::AlternatingUsers,
        }
    }
}
