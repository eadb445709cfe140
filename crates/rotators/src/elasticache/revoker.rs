use rekey_rotation::{Kinship, Login, Moment, Revocation, Revoker, SecretValue, TargetError};

use super::api::Passwords;
use super::errors;
use super::rotator::{Answer, ElastiCache};
use super::secret::{Place, Secret};
use crate::object::invalid;

/// Nothing is held: AWS refuses a change while another one is under way.
pub struct Seized {
    /// The user is changed only while AWSCURRENT logs in.
    asks_for_a_login: bool,
}

impl ElastiCache {
    /// Two versions of one user, of which the old one has a password that is another than AWSCURRENT's.
    fn versions(&self, revocation: Revocation<'_>) -> Result<(Secret, Secret), TargetError> {
        let (old, current) = (self.parse(revocation.old)?, self.parse(revocation.current)?);
        match old.kinship(&current)? {
            Kinship::Same => Err(invalid(
                "the old version has no password, or the one of AWSCURRENT, which stays",
            )),
            Kinship::Separate | Kinship::Replaced => Ok((old, current)),
        }
    }

    /// How many connections of the user there are that `counts` counts by their age; none when they are to live.
    pub(super) async fn connections(
        &self,
        current: &Secret,
        counts: impl Fn(i64) -> bool,
    ) -> Result<u32, TargetError> {
        if !current.end_connections {
            return Ok(0);
        }
        let (place, username) = (place(current)?, &current.username);
        let bounds = self.at_the_cache();
        let door = self.door(place, username, &bounds);
        let count = door.count(current.password()?, counts).await;
        count.map_err(|error| unseen(error, username, place))
    }
}

/// What the cache says to the user about its own connections; its access string is changed by AWS's API.
fn unseen(error: TargetError, username: &str, place: &Place) -> TargetError {
    match error {
        TargetError::Permission(_) => errors::connections(username, &place.name()),
        other => other,
    }
}

/// Where a retirement or a rollback is proved; a secret of AWS's own function does not say it.
fn place(secret: &Secret) -> Result<&Place, TargetError> {
    secret.place.as_ref().ok_or_else(|| {
        invalid(
            "the secret has no `host`, so no login can prove that a password is alive or dead; add the cache's endpoint to it (`host`, and `port` if it is not 6379)",
        )
    })
}

impl Revoker for ElastiCache {
    type Seized = Seized;

    fn kinship(&self, old: &SecretValue, other: &SecretValue) -> Result<Kinship, TargetError> {
        self.parse(old)?.kinship(&self.parse(other)?)
    }

    async fn seize(&self, revocation: Revocation<'_>) -> Result<Seized, TargetError> {
        self.kinship(revocation.old, revocation.current)?;
        let current = self.parse(revocation.current)?;
        place(&current)?;
        let api = self.api(&current);
        api.until_active(api.deadline()).await?;
        let asks_for_a_login = api.asks_for_a_login().await?;
        Ok(Seized { asks_for_a_login })
    }

    /// Connections that are older than the switch. Where they cannot be seen or ended, nothing is changed.
    async fn sessions(
        &self,
        _seized: &mut Seized,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        let (_, current) = self.versions(revocation)?;
        let since = revocation
            .switched_at
            .map(|at| revocation.now.saturating_sub(at));
        self.connections(&current, |age| since.is_none_or(|since| age > since))
            .await
    }

    async fn revoke(
        &self,
        _seized: &mut Seized,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        let (old, current) = self.versions(revocation)?;
        let (place, password) = (place(&current)?, current.password()?);
        self.prove(&current, "AWSCURRENT of the secret").await?;
        // One that died a moment ago, in a call that did not wait for it, is not taken away again.
        if self.knock(place, &old).await? != Some(Answer::Refused) {
            let api = self.api(&current);
            let deadline = api.deadline();
            api.change(&Passwords::One(password), deadline).await?;
            api.until_active(deadline).await?;
            // Before that, clients come back with it as soon as their connections are ended.
            if self.knock(place, &old).await? != Some(Answer::Refused) {
                let name = current.target.name();
                return Err(errors::still_taken(&name, &place.name()));
            }
        }
        if !current.end_connections {
            return Ok(0);
        }
        let username = &current.username;
        let bounds = self.at_the_cache();
        let door = self.door(place, username, &bounds);
        let ended = door.end_all(password).await;
        // A forced retirement has not asked before: the password is dead, its connections may be alive.
        ended.map_err(|error| unseen(error, username, place))
    }

    /// At the cache that AWSCURRENT names: versions from before it was named, or moved, are tried there too.
    async fn try_login(
        &self,
        value: &SecretValue,
        moment: Moment<'_>,
    ) -> Result<Login, TargetError> {
        let secret = self.parse(value)?;
        let current = self.parse(moment.current).ok();
        let of_one = current.filter(|current| current.differing(&secret).is_none());
        let named = of_one.as_ref().and_then(|current| current.place.as_ref());
        let place = match named {
            Some(place) => place,
            None => place(&secret)?,
        };
        match self.knock(place, &secret).await? {
            Some(Answer::Accepted) => Ok(Login::Accepted),
            Some(Answer::Refused) => Ok(Login::Refused),
            Some(Answer::AnyAccepted) => Err(errors::open(&place.name(), &secret.username)),
            None => Err(invalid(
                "this version of the secret has no password to log in with",
            )),
        }
    }

    /// Where AWSCURRENT is not to be used it is the old version itself, which is then the only one.
    async fn restore(
        &self,
        seized: &mut Seized,
        revocation: Revocation<'_>,
    ) -> Result<(), TargetError> {
        let (old, current) = (self.parse(revocation.old)?, self.parse(revocation.current)?);
        let alone = old.kinship(&current)? == Kinship::Same;
        if seized.asks_for_a_login {
            self.prove(&current, "AWSCURRENT of the secret").await?;
        }
        let api = self.api(&current);
        let passwords = Passwords::Two {
            current: current.password.as_ref().filter(|_| !alone),
            other: old.password()?,
        };
        let deadline = api.deadline();
        api.change(&passwords, deadline).await?;
        api.until_active(deadline).await
    }
}
