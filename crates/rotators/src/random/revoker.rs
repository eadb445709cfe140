use rekey_rotation::{Kinship, Login, Moment, Revocation, Revoker, SecretValue, TargetError};

use super::rotator::{Hold, RandomValue};
use crate::object::same;

impl Revoker for RandomValue {
    type Seized = Hold;

    /// No two values of one secret are alike, and none takes another's place.
    fn kinship(&self, old: &SecretValue, other: &SecretValue) -> Result<Kinship, TargetError> {
        let (old, other) = (self.kind.parse(old)?, self.kind.parse(other)?);
        Ok(if same(old.current(), other.current()) {
            Kinship::Same
        } else {
            Kinship::Separate
        })
    }

    /// The end stands in the current value, and those who read it go by that.
    fn kept_until(
        &self,
        old: &SecretValue,
        current: &SecretValue,
        _switched_at: Option<i64>,
    ) -> Result<Option<i64>, TargetError> {
        let (old, current) = (self.kind.parse(old)?, self.kind.parse(current)?);
        let previous = current.previous();
        Ok(previous
            .filter(|previous| same(previous.text, old.current()))
            .map(|previous| previous.ends))
    }

    async fn seize(&self, revocation: Revocation<'_>) -> Result<Hold, TargetError> {
        self.kinship(revocation.old, revocation.current)?;
        Ok(Hold(()))
    }

    async fn sessions(&self, _: &mut Hold, _: Revocation<'_>) -> Result<u32, TargetError> {
        Ok(0)
    }

    /// Changes nothing: the end of the old value is in the current one, and a version is never changed.
    async fn revoke(&self, _: &mut Hold, revocation: Revocation<'_>) -> Result<u32, TargetError> {
        let Revocation {
            old, current, now, ..
        } = revocation;
        match self.kept_until(old, current, None)? {
            Some(until) if now < until => Err(TargetError::InvalidSecret(format!(
                "whoever reads AWSCURRENT accepts the old value until {until} (seconds since 1970), and only another rotation takes it out of there: if it must end now, take the tag `rekey:grace` from the secret and rotate again (rekey rotate --force, or RotateSecret)"
            ))),
            _ => Ok(0),
        }
    }

    /// What whoever reads AWSCURRENT at that moment says to the value.
    async fn try_login(
        &self,
        value: &SecretValue,
        moment: Moment<'_>,
    ) -> Result<Login, TargetError> {
        let value = self.kind.parse(value)?;
        let current = self.kind.parse(moment.current)?;
        Ok(
            if self.kind.accepts(&current, value.current(), moment.now)? {
                Login::Accepted
            } else {
                Login::Refused
            },
        )
    }

    /// An old value works again as soon as it is current.
    async fn restore(&self, _: &mut Hold, _: Revocation<'_>) -> Result<(), TargetError> {
        Ok(())
    }
}
