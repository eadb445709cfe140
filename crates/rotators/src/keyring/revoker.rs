use rekey_rotation::{Kinship, Login, Moment, Revocation, Revoker, SecretValue, TargetError};

use super::ring::Ring;
use super::rotator::{AuditKeys, Hold};

/// Nothing of a ring is ever taken out of use: what an old key has sealed is verified with it.
fn never() -> TargetError {
    TargetError::InvalidSecret(
        "the keys of the audit trail are never retired and never rolled back: every ring holds the keys of those before it, and what they sealed is verified with them"
            .to_owned(),
    )
}

impl Revoker for AuditKeys {
    type Seized = Hold;

    /// An earlier ring is in the later one.
    fn kinship(&self, old: &SecretValue, other: &SecretValue) -> Result<Kinship, TargetError> {
        Ring::parse(old)?;
        Ring::parse(other)?;
        Ok(Kinship::Same)
    }

    async fn seize(&self, _revocation: Revocation<'_>) -> Result<Hold, TargetError> {
        Err(never())
    }

    async fn sessions(&self, _: &mut Hold, _: Revocation<'_>) -> Result<u32, TargetError> {
        Ok(0)
    }

    async fn revoke(&self, _: &mut Hold, _: Revocation<'_>) -> Result<u32, TargetError> {
        Err(never())
    }

    async fn try_login(&self, _: &SecretValue, _: Moment<'_>) -> Result<Login, TargetError> {
        Err(never())
    }

    async fn restore(&self, _: &mut Hold, _: Revocation<'_>) -> Result<(), TargetError> {
        Err(never())
    }
}
