use rand_core::TryCryptoRng;
use rekey_rotation::{Credentials, Occasion, Overlap, Rotator, SecretId, SecretValue, TargetError};

use super::ring::{KEY_LENGTH, Ring};
use crate::PasswordPolicy;

/// Rotates the keys that seal the audit trail. The secret is its own target: whoever seals or verifies
/// reads it, so nothing is set anywhere, and a value works as soon as it is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditKeys;

/// Nothing is held: `PutSecretValue` takes one value for a token, and a ring is never changed in place.
#[derive(Debug)]
pub struct Hold(());

impl Rotator for AuditKeys {
    type Hold = Hold;

    fn kind(&self) -> &'static str {
        "audit-key"
    }

    fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError> {
        Ring::parse(current).map(|_| Overlap::Keyring)
    }

    fn next<R: TryCryptoRng>(
        &self,
        current: &SecretValue,
        _occasion: Occasion,
        randomness: &mut R,
    ) -> Result<SecretValue, TargetError> {
        let ring = Ring::parse(current)?;
        let key = PasswordPolicy::letters_and_digits(KEY_LENGTH)
            .password(randomness)
            .ok_or_else(|| {
                TargetError::Internal("the randomness to make a key from failed".to_owned())
            })?;
        ring.grown(&key)
    }

    fn superuser(&self, _current: &SecretValue) -> Result<Option<SecretId>, TargetError> {
        Ok(None)
    }

    async fn lock(&self, credentials: Credentials<'_>) -> Result<Hold, TargetError> {
        let current = Ring::parse(credentials.current)?;
        Ring::parse(credentials.pending)?.check_follows(&current)?;
        Ok(Hold(()))
    }

    async fn set(&self, Hold(()): Hold, _: Credentials<'_>) -> Result<(), TargetError> {
        Ok(())
    }

    /// Sees one value only: what `setSecret` compared with the current one is complete in itself.
    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        Ring::parse(pending)?.check_newest_in_use()
    }

    /// Checks that the next key would fit too.
    async fn probe(
        &self,
        current: &SecretValue,
        _superuser: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        let ring = Ring::parse(current)?;
        ring.grown(&"0".repeat(KEY_LENGTH)).map(drop)
    }
}
