use rekey_rotation::{Kinship, Login, Moment, Revocation, Revoker, SecretValue, TargetError};

use super::people::{Hold, People};
use super::rotator::Htpasswd;
use super::secret::{Secret, invalid};

impl Revoker for Htpasswd {
    type Seized = Hold;

    fn kinship(&self, old: &SecretValue, other: &SecretValue) -> Result<Kinship, TargetError> {
        let (old, other) = (Secret::parse(old)?, Secret::parse(other)?);
        if old.file != other.file {
            return Err(invalid(
                "the two versions are of two files; nothing is retired",
            ));
        }
        Ok(if old.username != other.username {
            Kinship::Separate
        } else if old.password == other.password {
            Kinship::Same
        } else {
            Kinship::Replaced
        })
    }

    async fn seize(&self, revocation: Revocation<'_>) -> Result<Hold, TargetError> {
        self.kinship(revocation.old, revocation.current)?;
        let people = People::of(&Secret::parse(revocation.current)?.file);
        people.check_may_change()?;
        people.lock()
    }

    async fn sessions(
        &self,
        hold: &mut Hold,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        hold.check_ours()?;
        let old = Secret::parse(revocation.old)?;
        Ok(count(People::of(&old.file).sessions(&old.username).len()))
    }

    async fn revoke(
        &self,
        hold: &mut Hold,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        let (old, current) = (
            Secret::parse(revocation.old)?,
            Secret::parse(revocation.current)?,
        );
        if old.username == current.username {
            return Err(invalid(
                "the old credential has the user of AWSCURRENT; nothing is revoked",
            ));
        }
        let people = People::of(&current.file);
        people.login(&current.username, &current.password)?;
        people.change(hold, &old.username, None)?;
        people.end_sessions(&old.username).map(count)
    }

    async fn try_login(
        &self,
        value: &SecretValue,
        _moment: Moment<'_>,
    ) -> Result<Login, TargetError> {
        let value = Secret::parse(value)?;
        match People::of(&value.file).login(&value.username, &value.password) {
            Ok(()) => Ok(Login::Accepted),
            Err(TargetError::WrongPassword(_)) => Ok(Login::Refused),
            Err(error) => Err(error),
        }
    }

    async fn restore(
        &self,
        hold: &mut Hold,
        revocation: Revocation<'_>,
    ) -> Result<(), TargetError> {
        let old = Secret::parse(revocation.old)?;
        People::of(&old.file).change(hold, &old.username, Some(&old.password))
    }
}

fn count(sessions: usize) -> u32 {
    u32::try_from(sessions).unwrap_or(u32::MAX)
}
