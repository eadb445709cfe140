use super::{ToyHold, ToyServer, field};
use crate::{Kinship, Login, Moment, Revocation, Revoker, Rotator, SecretValue, TargetError};

impl ToyServer {
    /// Lets what a credential has made be valid for so many seconds after it was last used.
    pub fn keep_for(&self, seconds: i64) {
        self.state().kept = Some(seconds);
    }
}

impl Revoker for ToyServer {
    type Seized = ToyHold;

    fn kinship(&self, old: &SecretValue, other: &SecretValue) -> Result<Kinship, TargetError> {
        if field(old, "host")? != field(other, "host")? {
            let text = "the versions are not of one target";
            return Err(TargetError::InvalidSecret(text.to_owned()));
        }
        let (user, other_user) = (field(old, "username")?, field(other, "username")?);
        if user == other_user {
            // Values of one secret; whether they are one is the question.
            let same = field(old, "password")? == field(other, "password")?;
            return Ok(if same {
                Kinship::Same
            } else {
                Kinship::Replaced
            });
        }
        if self.next_user(other)? == user {
            Ok(Kinship::Separate)
        } else {
            let text = "the versions are not of one credential";
            Err(TargetError::InvalidSecret(text.to_owned()))
        }
    }

    fn kept_until(
        &self,
        _old: &SecretValue,
        _current: &SecretValue,
        switched_at: Option<i64>,
    ) -> Result<Option<i64>, TargetError> {
        let kept = self.state().kept;
        Ok(switched_at.zip(kept).map(|(at, seconds)| at + seconds))
    }

    async fn seize(&self, revocation: Revocation<'_>) -> Result<ToyHold, TargetError> {
        let Revocation {
            old,
            current,
            superuser,
            ..
        } = revocation;
        self.kinship(old, current)?;
        match superuser {
            Some(superuser) => self.login(superuser)?,
            None => self.login(current).or_else(|_| self.login(old))?,
        }
        let session = self.state().hold()?;
        Ok(self.holding(session))
    }

    async fn sessions(
        &self,
        seized: &mut ToyHold,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        seized.alive()?;
        let user = field(revocation.old, "username")?;
        let state = self.state();
        let open = state.applications.values().filter(|open| **open == user);
        Ok(u32::try_from(open.count()).unwrap_or(u32::MAX))
    }

    async fn revoke(
        &self,
        seized: &mut ToyHold,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        let user = field(revocation.old, "username")?;
        if revocation.superuser.is_none() || user == field(revocation.current, "username")? {
            let text = "the old credential has no user of its own";
            return Err(TargetError::InvalidSecret(text.to_owned()));
        }
        self.login(revocation.current)?;
        seized.alive()?;
        let mut state = self.state();
        state.users.insert(user.clone(), None);
        let before = state.applications.len();
        state.applications.retain(|_, open| *open != user);
        let ended = before - state.applications.len();
        Ok(u32::try_from(ended).unwrap_or(u32::MAX))
    }

    async fn try_login(
        &self,
        value: &SecretValue,
        _moment: Moment<'_>,
    ) -> Result<Login, TargetError> {
        match self.login(value) {
            Ok(()) => Ok(Login::Accepted),
            Err(TargetError::WrongPassword(_)) => Ok(Login::Refused),
            Err(error) => Err(error),
        }
    }

    async fn restore(
        &self,
        seized: &mut ToyHold,
        revocation: Revocation<'_>,
    ) -> Result<(), TargetError> {
        seized.alive()?;
        if Rotator::superuser(self, revocation.current)?.is_none() {
            let current = self.login(revocation.current);
            current.or_else(|_| self.login(revocation.old))?;
        }
        self.set_password(revocation.old)
    }
}

impl ToyHold {
    /// The session is there, and has the lock.
    fn alive(&self) -> Result<(), TargetError> {
        if self.server.state().holder == Some(self.session) {
            Ok(())
        } else {
            Err(TargetError::Unreachable("the session was ended".to_owned()))
        }
    }
}
