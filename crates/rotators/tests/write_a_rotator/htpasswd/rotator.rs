use rand_core::TryCryptoRng;
use rekey_rotation::{Credentials, Occasion, Overlap, Rotator, SecretId, SecretValue, TargetError};

use super::people::{Hold, People};
use super::secret::{Secret, invalid};

/// Rotates users of a file, two of them in turn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Htpasswd;

impl Rotator for Htpasswd {
    type Hold = Hold;

    fn kind(&self) -> &'static str {
        "htpasswd"
    }

    fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError> {
        Secret::parse(current).map(|_| Overlap::AlternatingUsers)
    }

    fn next<R: TryCryptoRng>(
        &self,
        current: &SecretValue,
        _occasion: Occasion,
        randomness: &mut R,
    ) -> Result<SecretValue, TargetError> {
        let current = Secret::parse(current)?;
        let mut bytes = [0; 32];
        let drawn = randomness.try_fill_bytes(&mut bytes);
        drawn.map_err(|_| TargetError::Internal("the randomness failed".to_owned()))?;
        let user = current.next_user();
        current.with(user, base16ct::lower::encode_string(&bytes))
    }

    /// Whoever may write the file changes it: there is no superuser.
    fn superuser(&self, _current: &SecretValue) -> Result<Option<SecretId>, TargetError> {
        Ok(None)
    }

    async fn lock(&self, credentials: Credentials<'_>) -> Result<Hold, TargetError> {
        let current = Secret::parse(credentials.current)?;
        let pending = Secret::parse(credentials.pending)?;
        if pending.file != current.file || pending.username != current.next_user() {
            return Err(invalid(
                "AWSPENDING is of another file or another user than follows AWSCURRENT; take AWSPENDING from its version and rotate again",
            ));
        }
        let people = People::of(&current.file);
        people.login(&current.username, &current.password)?;
        people.lock()
    }

    async fn set(&self, hold: Hold, credentials: Credentials<'_>) -> Result<(), TargetError> {
        let pending = Secret::parse(credentials.pending)?;
        let people = People::of(&pending.file);
        people.change(&hold, &pending.username, Some(&pending.password))
    }

    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        let pending = Secret::parse(pending)?;
        People::of(&pending.file).login(&pending.username, &pending.password)
    }

    async fn probe(
        &self,
        current: &SecretValue,
        _superuser: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        let current = Secret::parse(current)?;
        let people = People::of(&current.file);
        people.login(&current.username, &current.password)?;
        let _hold = people.lock()?;
        people.check_may_change()
    }
}
