use rekey_rotation::{
    Kinship, Login as Answer, Moment, Revocation, Revoker, SecretValue, TargetError,
};
use tokio::time::{Instant, sleep};

use super::logins::{login, server, server_of, superuser_at_replica, superuser_login, tls};
use super::names::alternate;
use super::quote::identifier;
use super::rotator::Postgres;
use super::secret::{SuperuserSecret, UserSecret};
use super::session::{Login, Session, Tls};
use super::users::Users;
use super::verifier::Verifier;
use super::{idle_user, lock, replica, sessions};
use crate::database::user::Credentials;
use crate::object::invalid;
use crate::whose::Whose;

/// The lock of a base role, in a transaction that is open at the primary, and a session at the read replica
/// that the user's secret names, if it names one.
pub struct Seized {
    primary: Session,
    replica: Option<Session>,
}

/// The two values, taken apart.
struct Versions {
    old: UserSecret,
    current: UserSecret,
    kinship: Kinship,
}

impl Postgres {
    fn versions(&self, revocation: Revocation<'_>) -> Result<Versions, TargetError> {
        let old = UserSecret::parse(revocation.old)?;
        let current = UserSecret::parse(revocation.current)?;
        let kinship = self.kinship_of(&old, &current)?;
        Ok(Versions {
            old,
            current,
            kinship,
        })
    }

    /// Two users, of which the old one can be taken out of use by itself.
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
        let alternating = [one, other]
            .iter()
            .any(|secret| Users::of(secret, self.config.strategy) == Ok(Users::Alternating));
        let other_user = if alternating && one.username != other.username {
            alternate(&one.username)?
        } else {
            String::new()
        };
        let credentials = if alternating {
            Credentials::TwoUsers(&other_user)
        } else {
            Credentials::One
        };
        one.user()
            .kinship(other.user(), credentials, "ALTER ROLE ... PASSWORD NULL")
    }

    /// Logs in as the single user with whichever of its two passwords is valid, and as AWSCURRENT says: TLS
    /// may have been turned on since.
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
        let superuser = parse_superuser(superuser)?;
        let login = superuser_login(&superuser, current);
        let primary = self.open(&login).await?;
        let mut replica = None;
        if server_of(&login) != server(current) {
            let session = self
                .open(&superuser_at_replica(&superuser, current))
                .await?;
            replica::check(&session, &primary).await?;
            // As under the lock: the user may have made functions of the same names.
            session.run("SET search_path = pg_catalog, pg_temp").await?;
            replica = Some(session);
        }
        self.note_primary(current, &login);
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

    /// Refuses when a server lets the user in without asking for a password: no password that is taken away
    /// keeps anybody out then.
    async fn check_asked_for_password(&self, logins: &[Login<'_>]) -> Result<(), TargetError> {
        for login in logins {
            let unasked = Login {
                password: None,
                ..*login
            };
            let Ok(session) = self.try_open(&unasked).await else {
                continue;
            };
            let place = session.place().to_owned();
            session.close().await;
            return Err(TargetError::Permission(format!(
                "{place} lets {} in without a password, so it cannot be taken out of use by taking its password; nothing was changed: in pg_hba.conf, replace `trust` by `scram-sha-256` in the line for it, and reload",
                identifier(login.username)
            )));
        }
        Ok(())
    }

    /// What a server answers to one login.
    async fn knock(&self, login: &Login<'_>) -> Result<Answer, TargetError> {
        match self.try_open(login).await {
            Ok(session) => {
                session.close().await;
                Ok(Answer::Accepted)
            }
            Err(unopened) if unopened.refused => Ok(Answer::Refused),
            // An old version may go without TLS at a server that asks for it now; it is no less valid.
            Err(unopened)
                if login.tls == Tls::Off
                    && matches!(unopened.error, TargetError::TlsRefused(_)) =>
            {
                let over_tls = Login {
                    tls: Tls::Verified,
                    ..*login
                };
                Box::pin(self.knock(&over_tls)).await
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

    /// Makes a change of the old user, which is on the disk when this returns. The lock stays held.
    async fn change(
        &self,
        seized: &Seized,
        versions: &Versions,
        change: &str,
    ) -> Result<(), TargetError> {
        let bounds = &self.config.bounds;
        let username = &versions.old.username;
        let as_oneself = self.single(&versions.current)?;
        lock::commit_and_keep(&seized.primary, change, username, bounds, as_oneself).await
    }

    fn single(&self, current: &UserSecret) -> Result<bool, TargetError> {
        Ok(Users::of(current, self.config.strategy)? == Users::Single)
    }
}

impl Revoker for Postgres {
    type Seized = Seized;

    fn kinship(&self, old: &SecretValue, other: &SecretValue) -> Result<Kinship, TargetError> {
        self.kinship_of(&UserSecret::parse(old)?, &UserSecret::parse(other)?)
    }

    /// Whether AWSCURRENT logs in is not asked here: that it does not is the best reason to roll back.
    async fn seize(&self, revocation: Revocation<'_>) -> Result<Seized, TargetError> {
        let versions = self.versions(revocation)?;
        let single = self.single(&versions.current)?;
        let seized = if !single {
            self.open_superusers(&versions.current, revocation.superuser)
                .await?
        } else if versions.kinship == Kinship::Separate {
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
        lock::take(&seized.primary, username, &self.config.bounds, single).await?;
        Ok(seized)
    }

    async fn sessions(
        &self,
        seized: &mut Seized,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        let role = self.separate(revocation)?.old.username;
        let mut count = sessions::count(&seized.primary, &role).await?;
        if let Some(replica) = &seized.replica {
            count = count.saturating_add(sessions::count(replica, &role).await?);
        }
        Ok(count)
    }

    async fn revoke(
        &self,
        seized: &mut Seized,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        let versions = self.separate(revocation)?;
        let superuser = parse_superuser(revocation.superuser)?;
        let primary = superuser_login(&superuser, &versions.current);
        let role = &versions.old.username;
        self.prove_current(&at_both(login(&versions.current, Whose::Current), &primary))
            .await?;
        if !idle_user::check_revocable(&seized.primary, role).await? {
            return Ok(0);
        }
        let here = login(&versions.old, Whose::Old);
        self.check_asked_for_password(&at_both(here, &primary))
            .await?;
        let right = sessions::right_to_end(&seized.primary, role).await?;
        let at_replica = match &seized.replica {
            Some(replica) => Some((replica, sessions::right_to_end(replica, role).await?)),
            None => None,
        };

        // Not NOLOGIN: AWS's own function would set a password and not be let in with it.
        let change = format!("ALTER ROLE {} PASSWORD NULL", identifier(role));
        self.change(seized, &versions, &change).await?;

        let bound = self.config.bounds.ending;
        let mut ended = sessions::end(&seized.primary, role, &right, bound).await?;
        if let Some((replica, right)) = at_replica {
            // Before the change has come through there, sessions that are ended are opened again.
            self.follows(&here, Answer::Refused).await?;
            ended = ended.saturating_add(sessions::end(replica, role, &right, bound).await?);
        }
        Ok(ended)
    }

    /// One login, as the value says. If that is at a read replica whose primary this process has seen, one
    /// at the primary too: the two must agree.
    async fn try_login(
        &self,
        value: &SecretValue,
        _moment: Moment<'_>,
    ) -> Result<Answer, TargetError> {
        let secret = UserSecret::parse(value)?;
        let login = login(&secret, Whose::Version);
        let here = self.knock(&login).await?;
        let Some(primary) = self.primary_of(&secret) else {
            return Ok(here);
        };
        if primary == server(&secret) {
            return Ok(here);
        }
        let (host, port) = (primary.0.as_str(), primary.1);
        if self
            .knock(&Login {
                host,
                port,
                ..login
            })
            .await?
            == here
        {
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
        let role = &versions.old.username;
        // Whoever closed the second user by NOLOGIN closed it for a credential that is wanted again.
        let login_again = if self.single(&versions.current)? {
            ""
        } else {
            idle_user::check_restorable(&seized.primary, role).await?;
            "LOGIN "
        };
        let change = format!(
            "ALTER ROLE {} {login_again}PASSWORD {}",
            identifier(role),
            Verifier::of(&versions.old.password).literal()
        );
        self.change(seized, &versions, &change).await?;
        if seized.replica.is_some() {
            let here = login(&versions.old, Whose::Old);
            self.follows(&here, Answer::Accepted).await?;
        }
        Ok(())
    }
}

fn parse_superuser(superuser: Option<&SecretValue>) -> Result<SuperuserSecret, TargetError> {
    let superuser = superuser
        .ok_or_else(|| TargetError::Internal("the superuser secret was not given".to_owned()))?;
    SuperuserSecret::parse(superuser)
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
