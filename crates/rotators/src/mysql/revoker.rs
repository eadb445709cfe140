use rekey_rotation::{
    Kinship, Login as Answer, Moment, Revocation, Revoker, SecretValue, TargetError,
};
use tokio::time::{Instant, sleep};

use super::logins::{login, server, server_of, superuser_logins, tls};
use super::names::alternate;
use super::quote::identifier;
use super::rotator::Mysql;
use super::secret::UserSecret;
use super::session::{Login, Session, Tls};
use super::users::Users;
use super::{dual_password, idle_user, lock, replica, sessions, single_user};
use crate::database::user::Credentials;
use crate::object::invalid;
use crate::whose::Whose;

/// The lock of a user, in a session that is open at the primary, and a session at the read replica that the
/// user's secret names, if it names one.
pub struct Seized {
    primary: Session,
    replica: Option<Session>,
}

/// The two values, taken apart.
struct Versions {
    old: UserSecret,
    current: UserSecret,
    kinship: Kinship,
    users: Users,
}

impl Mysql {
    fn versions(&self, revocation: Revocation<'_>) -> Result<Versions, TargetError> {
        let old = self.parse(revocation.old)?;
        let current = self.parse(revocation.current)?;
        Ok(Versions {
            kinship: self.kinship_of(&old, &current)?,
            users: Users::of(&current, self.config.strategy)?,
            old,
            current,
        })
    }

    /// Two credentials, of which the old one can be taken out of use by itself.
    fn separate(&self, revocation: Revocation<'_>) -> Result<Versions, TargetError> {
        let versions = self.versions(revocation)?;
        match versions.kinship {
            Kinship::Separate => Ok(versions),
            Kinship::Same | Kinship::Replaced => Err(invalid(
                "the old version is of the user that is AWSCURRENT, so it has no sessions and no password of its own: the old password ended when the other was set",
            )),
        }
    }

    fn kinship_of(&self, one: &UserSecret, other: &UserSecret) -> Result<Kinship, TargetError> {
        let users = |secret| Users::of(secret, self.config.strategy).unwrap_or(Users::Single);
        let both = match (users(one), users(other)) {
            (Users::Single, more) | (more, _) => more,
        };
        let other_user = match both {
            Users::Alternating if one.username != other.username => {
                alternate(&one.username, one.engine)?
            }
            _ => String::new(),
        };
        let credentials = match both {
            Users::Single => Credentials::One,
            Users::TwoPasswords => Credentials::TwoPasswords,
            Users::Alternating => Credentials::TwoUsers(&other_user),
        };
        let by_hand = "ALTER USER ... ACCOUNT LOCK";
        one.user().kinship(other.user(), credentials, by_hand)
    }

    /// Logs in as the user with whichever of its two passwords is valid, and as AWSCURRENT says: TLS may
    /// have been turned on since.
    async fn open_either(&self, versions: &Versions) -> Result<Session, TargetError> {
        let current = self
            .try_open(&login(&versions.current, Whose::Current))
            .await;
        let refused = match current {
            Ok(session) => return Ok(session),
            Err(refused) if refused.refused => refused.error,
            Err(other) => return Err(other.error),
        };
        let old = Login {
            tls: tls(&versions.current),
            ..login(&versions.old, Whose::Old)
        };
        match self.try_open(&old).await {
            Err(also) if also.refused => Err(refused),
            other => other.map_err(|unopened| unopened.error),
        }
    }

    /// Logs in as the superuser, at the primary and at the replica that the user's secret may name.
    async fn open_superusers(
        &self,
        current: &UserSecret,
        superuser: Option<&SecretValue>,
    ) -> Result<Seized, TargetError> {
        let superuser = self.parse_superuser(superuser)?;
        let logins = superuser_logins(&superuser, current)?;
        let mut primary = self.open(&logins.primary).await?;
        let mut replica = None;
        if let Some(login) = &logins.replica {
            let mut session = self.open(login).await?;
            replica::check(&mut session, &mut primary).await?;
            lock::prepare(&mut session, &self.config.bounds).await?;
            replica = Some(session);
        }
        self.note_primary(current, &logins.primary);
        Ok(Seized { primary, replica })
    }

    /// Proves that AWSCURRENT logs in wherever it should: what is taken out of use after that is missed by
    /// nobody.
    async fn prove_current(&self, logins: &[Login<'_>]) -> Result<(), TargetError> {
        for login in logins {
            self.open(login).await?.close().await;
        }
        Ok(())
    }

    /// What a server answers to one login.
    async fn knock(&self, login: &Login<'_>) -> Result<Answer, TargetError> {
        let refused = match self.try_open(login).await {
            Ok(session) => {
                session.close().await;
                return Ok(Answer::Accepted);
            }
            Err(unopened) => unopened,
        };
        // An account may ask for TLS, and a version that goes without is refused like one with a wrong
        // password. It is no less valid.
        let over_tls = Login {
            tls: Tls::Verified,
            ..*login
        };
        let asks_for_tls = matches!(refused.error, TargetError::TlsRefused(_));
        if login.tls == Tls::Verified || !(refused.refused || asks_for_tls) {
            return if refused.refused {
                Ok(Answer::Refused)
            } else {
                Err(refused.error)
            };
        }
        match self.try_open(&over_tls).await {
            Ok(session) => {
                session.close().await;
                Ok(Answer::Accepted)
            }
            Err(unopened) if unopened.refused => Ok(Answer::Refused),
            // No TLS there that anybody who goes by the secret could use: what was answered without stands.
            Err(unopened)
                if refused.refused
                    && (unopened.no_tls
                        || matches!(unopened.error, TargetError::TlsRefused(_))) =>
            {
                Ok(Answer::Refused)
            }
            Err(unopened) => Err(unopened.error),
        }
    }

    /// Waits until a replica answers a login as the primary does.
    async fn follows(&self, login: &Login<'_>, wanted: Answer) -> Result<(), TargetError> {
        let bound = self.config.bounds.replica_lag;
        let deadline = Instant::now() + bound;
        let mut waits = replica::waits();
        loop {
            if self.knock(login).await? == wanted {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(behind(
                    login,
                    &format!("still after {} s", bound.as_secs_f32()),
                ));
            }
            sleep(waits.next().map_or(left, |wait| wait.min(left))).await;
        }
    }

    /// Takes the other user of two out of use, at the primary and then at the replica, and ends its sessions.
    async fn revoke_other(
        &self,
        seized: &mut Seized,
        versions: &Versions,
        superuser: Option<&SecretValue>,
    ) -> Result<u32, TargetError> {
        let superuser = self.parse_superuser(superuser)?;
        let primary = superuser_logins(&superuser, &versions.current)?.primary;
        let user = &versions.old.username;
        self.prove_current(&at_both(login(&versions.current, Whose::Current), &primary))
            .await?;
        let Some(idle) =
            idle_user::revocable(&mut seized.primary, user, &versions.old.password).await?
        else {
            return Ok(0);
        };
        let right = sessions::right_to_end(&mut seized.primary, user).await?;
        let at_replica = match &mut seized.replica {
            Some(replica) => {
                let right = sessions::right_to_end(replica, user).await?;
                Some((replica, right))
            }
            None => None,
        };

        let statement = idle.with_nobodys_password(seized.primary.server.engine)?;
        seized.primary.run(&statement).await?;

        let bounds = &self.config.bounds;
        let mut ended = sessions::end(&mut seized.primary, user, &right, bounds).await?;
        if let Some((replica, right)) = at_replica {
            // Before the change has come through there, sessions that are ended are opened again.
            let here = login(&versions.old, Whose::Old);
            self.follows(&here, Answer::Refused).await?;
            ended = ended.saturating_add(sessions::end(replica, user, &right, bounds).await?);
        }
        Ok(ended)
    }
}

impl Revoker for Mysql {
    type Seized = Seized;

    fn kinship(&self, old: &SecretValue, other: &SecretValue) -> Result<Kinship, TargetError> {
        self.kinship_of(&self.parse(old)?, &self.parse(other)?)
    }

    /// Whether AWSCURRENT logs in is not asked here: that it does not is the best reason to roll back.
    async fn seize(&self, revocation: Revocation<'_>) -> Result<Seized, TargetError> {
        let versions = self.versions(revocation)?;
        let other = versions.old.username != versions.current.username;
        let mut seized = if !versions.users.by_itself() {
            self.open_superusers(&versions.current, revocation.superuser)
                .await?
        } else if other {
            return Err(invalid(
                "AWSCURRENT has no `masterarn` any more, and only the superuser can change the other one of its two users; put it back, or close that user by hand",
            ));
        } else {
            Seized {
                primary: self.open_either(&versions).await?,
                replica: None,
            }
        };
        let username = &versions.current.username;
        lock::take(&mut seized.primary, username, &self.config.bounds).await?;
        if versions.users == Users::TwoPasswords {
            dual_password::check(&seized.primary)?;
        }
        Ok(seized)
    }

    /// Of two passwords of one user the server does not tell which one a session came with, nor since when
    /// it is open: none is counted then.
    async fn sessions(
        &self,
        seized: &mut Seized,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        let versions = self.separate(revocation)?;
        if versions.users == Users::TwoPasswords {
            seized.primary.run("DO 0").await?;
            return Ok(0);
        }
        let user = &versions.old.username;
        let mut count = sessions::count(&mut seized.primary, user).await?;
        if let Some(replica) = &mut seized.replica {
            count = count.saturating_add(sessions::count(replica, user).await?);
        }
        Ok(count)
    }

    async fn revoke(
        &self,
        seized: &mut Seized,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        let versions = self.separate(revocation)?;
        if versions.users != Users::TwoPasswords {
            return self
                .revoke_other(seized, &versions, revocation.superuser)
                .await;
        }
        self.prove_current(&[login(&versions.current, Whose::Current)])
            .await?;
        let answer = self.knock(&login(&versions.old, Whose::Old)).await?;
        let statements = dual_password::retire(answer, &versions.current.password);
        dual_password::run(&mut seized.primary, statements).await?;
        Ok(0)
    }

    /// One login, as the value says. If that is at a read replica whose primary this process has seen, one
    /// at the primary too: the two must agree.
    async fn try_login(
        &self,
        value: &SecretValue,
        _moment: Moment<'_>,
    ) -> Result<Answer, TargetError> {
        let secret = self.parse(value)?;
        let login = login(&secret, Whose::Version);
        let here = self.knock(&login).await?;
        let Some(primary) = self.primary_of(&secret) else {
            return Ok(here);
        };
        if primary == server(&secret) {
            return Ok(here);
        }
        let (host, port) = (primary.0.as_str(), primary.1);
        let there = Login {
            host,
            port,
            ..login
        };
        if self.knock(&there).await? == here {
            return Ok(here);
        }
        Err(behind(&login, "at this moment"))
    }

    async fn restore(
        &self,
        seized: &mut Seized,
        revocation: Revocation<'_>,
    ) -> Result<(), TargetError> {
        let versions = self.versions(revocation)?;
        let Versions {
            old,
            current,
            users,
            ..
        } = &versions;
        let session = &mut seized.primary;
        match users {
            Users::Single => {
                let own = single_user::read(session).await?;
                own.set(session, &old.password).await?;
            }
            Users::TwoPasswords => {
                self.add_second(session, current, old, Whose::Old).await?;
            }
            Users::Alternating => {
                let idle = idle_user::restorable(session, &old.username, &old.password).await?;
                let statement = idle.with_password(session.server.engine, &old.password)?;
                session.run(&statement).await?;
            }
        }
        if seized.replica.is_some() {
            self.follows(&login(old, Whose::Old), Answer::Accepted)
                .await?;
        }
        Ok(())
    }
}

/// A user's login where its secret says, and at the primary if that is another server.
fn at_both<'a>(here: Login<'a>, primary: &Login<'a>) -> Vec<Login<'a>> {
    let mut logins = vec![here];
    if server_of(&here) != server_of(primary) {
        logins.push(Login {
            host: primary.host,
            port: primary.port,
            ..here
        });
    }
    logins
}

fn behind(login: &Login<'_>, when: &str) -> TargetError {
    TargetError::Busy(format!(
        "{} is a read replica and {when} answers a login of {} otherwise than its primary; it is behind: this is repeated later",
        super::session::place(login),
        identifier(login.username)
    ))
}
