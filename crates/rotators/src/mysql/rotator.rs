use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use mysql_async::Opts;
use rand_core::TryCryptoRng;
use rekey_rotation::{Credentials, Occasion, Overlap, Rotator, SecretId, SecretValue, TargetError};
use tokio::time::{Instant, sleep};

use super::administrator::{self, Administrator};
use super::alternating_users::{self, Pair};
use super::bounds::Bounds;
use super::logins::{Server, login, server, server_of, superuser_logins};
use super::names::alternate;
use super::secret::{UserSecret, successor};
use super::server::Engine;
use super::session::{Login, Session, Unopened};
use super::single_user::{self, Own};
use super::superuser::SuperuserSecret;
use super::users::Users;
use super::{dual_password, lock, replica, tls};
use crate::PasswordPolicy;
use crate::Strategy;
use crate::trust::Trust;
use crate::whose::Whose;

/// What a [`Mysql`] is told once.
pub struct Config {
    /// How a user is rotated.
    pub strategy: Strategy,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// How a password is made.
    pub passwords: PasswordPolicy,
    /// How long the database may take.
    pub bounds: Bounds,
}

/// Rotates the credential of a user of MariaDB or MySQL.
pub struct Mysql {
    pub(super) engine: Engine,
    pub(super) config: Config,
    /// What a verified connection is made with; none when nothing is trusted. Made for the first of them: it
    /// takes milliseconds, and a function that meets another kind needs none.
    tls: OnceLock<Option<Opts>>,
    /// The servers that users' secrets name, and the superuser's of each as this process has seen it: the
    /// same one, or the primary of a replica. A login that fails at a primary does not wait for a replica
    /// to catch up.
    primaries: Mutex<BTreeMap<Server, Server>>,
}

/// The lock of a user, in a session that is open at the server.
pub struct Hold {
    session: Session,
    work: Work,
}

/// What the session that has the lock is to change.
enum Work {
    /// Its own password, which replaces the one before.
    Own(Own),
    /// Its own password, which is added to the one before.
    Second,
    /// The password of the other user of two.
    Other(Box<Pair>),
}

impl Mysql {
    /// A rotator of the kind `mariadb`; it connects to nothing yet.
    pub fn mariadb(config: Config) -> Self {
        Self::new(Engine::MariaDb, config)
    }

    /// A rotator of the kind `mysql`; it connects to nothing yet.
    #[expect(
        clippy::self_named_constructors,
        reason = "a constructor for each kind, named as the kind"
    )]
    pub fn mysql(config: Config) -> Self {
        Self::new(Engine::MySql, config)
    }

    fn new(engine: Engine, config: Config) -> Self {
        Self {
            engine,
            config,
            tls: OnceLock::new(),
            primaries: Mutex::default(),
        }
    }

    pub(super) fn parse(&self, value: &SecretValue) -> Result<UserSecret, TargetError> {
        UserSecret::parse(value, self.engine)
    }

    pub(super) fn parse_superuser(
        &self,
        value: Option<&SecretValue>,
    ) -> Result<SuperuserSecret, TargetError> {
        let value = value
            .ok_or_else(|| TargetError::Internal("the superuser secret was not given".into()))?;
        SuperuserSecret::parse(value, self.engine)
    }

    pub(super) async fn open(&self, login: &Login<'_>) -> Result<Session, TargetError> {
        let opened = self.try_open(login).await;
        opened.map_err(|unopened| unopened.error)
    }

    /// The same, telling a refused credential from everything else that keeps a login from succeeding.
    pub(super) async fn try_open(&self, login: &Login<'_>) -> Result<Session, Unopened> {
        // On the heap: a handshake's state is by far the largest part of a step's, and is needed for a
        // few milliseconds of it.
        let trust = &self.config.trust;
        let tls = self.tls.get_or_init(|| tls::options(trust)).as_ref();
        Box::pin(Session::open(login, tls, &self.config.bounds)).await
    }

    /// Logs in as the user with whichever of its passwords is valid, current first: on a good day that
    /// is the only login, and the change is made in it.
    async fn open_single_user(
        &self,
        current: &UserSecret,
        pending: &UserSecret,
        previous: Option<&UserSecret>,
    ) -> Result<Session, TargetError> {
        let mut result = self.open(&login(current, Whose::Current)).await;
        if wrong_password(&result) {
            // An earlier call of this rotation has set the pending password already.
            let retried = self.open(&login(pending, Whose::Pending)).await;
            if !wrong_password(&retried) {
                return retried;
            }
        }
        if let (true, Some(previous)) = (wrong_password(&result), previous) {
            // Connected to as AWSCURRENT says: TLS may have been turned on since.
            let mut login = login(previous, Whose::Previous);
            login.tls = super::logins::tls(current);
            let retried = self.open(&login).await;
            if !wrong_password(&retried) {
                result = retried;
            }
        }
        result
    }

    /// Proves that the current credential is valid where the password will be set, and logs in there as
    /// the superuser.
    async fn open_superuser(
        &self,
        current: &UserSecret,
        superuser: Option<&SecretValue>,
    ) -> Result<Session, TargetError> {
        let superuser = self.parse_superuser(superuser)?;
        self.open(&login(current, Whose::Current))
            .await?
            .close()
            .await;
        let superlogins = superuser_logins(&superuser, current)?;
        let mut session = self.open(&superlogins.primary).await?;
        if let Some(follower) = &superlogins.replica {
            let mut follower = self.open(follower).await?;
            replica::check(&mut follower, &mut session).await?;
            follower.close().await;
            // A replica's word is not enough: the credential is one of the primary, or it is none.
            let mut there = login(current, Whose::Current);
            (there.host, there.port) = (superlogins.primary.host, superlogins.primary.port);
            self.open(&there).await?.close().await;
        }
        self.note_primary(current, &superlogins.primary);
        Ok(session)
    }

    pub(super) fn note_primary(&self, user: &UserSecret, superuser: &Login<'_>) {
        if let Ok(mut primaries) = self.primaries.lock() {
            primaries.insert(server(user), server_of(superuser));
        }
    }

    /// The server on which this process has seen the passwords of this secret's users set.
    pub(super) fn primary_of(&self, secret: &UserSecret) -> Option<Server> {
        let primaries = self.primaries.lock().ok()?;
        primaries.get(&server(secret)).cloned()
    }

    /// Takes the lock for a change of the user's own password.
    async fn hold_own(
        &self,
        mut session: Session,
        username: &str,
        users: Users,
    ) -> Result<Hold, TargetError> {
        lock::take(&mut session, username, &self.config.bounds).await?;
        let work = if users == Users::TwoPasswords {
            dual_password::check(&session)?;
            Work::Second
        } else {
            Work::Own(single_user::read(&mut session).await?)
        };
        Ok(Hold { session, work })
    }

    /// Takes the lock for a change of the other user's password, and looks at both under it.
    async fn hold_other(
        &self,
        mut session: Session,
        current: &UserSecret,
        idle: &str,
    ) -> Result<(Session, Pair), TargetError> {
        administrator::check_is_not(&session, idle)?;
        lock::take(&mut session, idle, &self.config.bounds).await?;
        let pair = Pair::read(&mut session, &current.username, idle).await?;
        pair.check(&current.password)?;
        Ok((session, pair))
    }
}

impl Rotator for Mysql {
    type Hold = Hold;

    fn kind(&self) -> &'static str {
        match self.engine {
            Engine::MariaDb => "mariadb",
            Engine::MySql => "mysql",
        }
    }

    fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError> {
        let users = Users::of(&self.parse(current)?, self.config.strategy)?;
        Ok(users.into())
    }

    fn next<R: TryCryptoRng>(
        &self,
        current: &SecretValue,
        _occasion: Occasion,
        randomness: &mut R,
    ) -> Result<SecretValue, TargetError> {
        let alternating = self.overlap(current)? == Overlap::AlternatingUsers;
        let password = self.config.passwords.password(randomness).ok_or_else(|| {
            TargetError::Internal("the randomness to make a password from failed".to_owned())
        })?;
        successor(current, self.engine, alternating, &password)
    }

    fn superuser(&self, current: &SecretValue) -> Result<Option<SecretId>, TargetError> {
        let secret = self.parse(current)?;
        let users = Users::of(&secret, self.config.strategy)?;
        Ok(secret.masterarn.filter(|_| !users.by_itself()))
    }

    async fn lock(&self, credentials: Credentials<'_>) -> Result<Hold, TargetError> {
        let current = self.parse(credentials.current)?;
        let pending = self.parse(credentials.pending)?;
        let users = Users::of(&current, self.config.strategy)?;
        current
            .user()
            .check_same_target(pending.user(), "AWSPENDING")?;
        if users == Users::Alternating {
            alternating_users::check_users(&current.username, &pending.username, self.engine)?;
            let session = self.open_superuser(&current, credentials.superuser).await?;
            let (session, pair) = self
                .hold_other(session, &current, &pending.username)
                .await?;
            let work = Work::Other(Box::new(pair));
            return Ok(Hold { session, work });
        }
        current
            .user()
            .check_same_user(pending.user(), "AWSPENDING")?;
        let previous = credentials.previous;
        let previous = previous.map(|value| self.parse(value)).transpose()?;
        if let Some(previous) = &previous {
            current.user().check_same(previous.user(), "AWSPREVIOUS")?;
        }
        let session = self
            .open_single_user(&current, &pending, previous.as_ref())
            .await?;
        self.hold_own(session, &pending.username, users).await
    }

    async fn set(
        &self,
        Hold { mut session, work }: Hold,
        credentials: Credentials<'_>,
    ) -> Result<(), TargetError> {
        let pending = self.parse(credentials.pending)?;
        match work {
            Work::Own(own) => own.set(&mut session, &pending.password).await?,
            Work::Second => {
                let current = self.parse(credentials.current)?;
                self.add_second(&mut session, &current, &pending, Whose::Pending)
                    .await?;
            }
            Work::Other(mut pair) => {
                pair.make_alike(&mut session).await?;
                // Last: before this nobody logs in as the idle user who did not before.
                pair.set_password(&mut session, &pending.password).await?;
            }
        }
        session.close().await;
        Ok(())
    }

    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        let pending = self.parse(pending)?;
        let users = Users::of(&pending, self.config.strategy)?;
        // Only a server that is not known to be the one that was changed can be behind.
        let patient =
            users == Users::Alternating && self.primary_of(&pending) != Some(server(&pending));
        let deadline = Instant::now() + self.config.bounds.replica_lag;
        let mut waits = replica::waits();
        loop {
            // That it is the account of the secret's user, and may use `dbname`, is part of the login. What it
            // may do was compared when it was granted.
            let error = match self.open(&login(&pending, Whose::Pending)).await {
                Ok(session) => {
                    session.close().await;
                    return Ok(());
                }
                Err(error) => error,
            };
            let behind = matches!(
                error,
                TargetError::WrongPassword(_) | TargetError::Permission(_)
            );
            let left = deadline.saturating_duration_since(Instant::now());
            if !behind || !patient || left.is_zero() {
                return Err(error);
            }
            sleep(waits.next().map_or(left, |wait| wait.min(left))).await;
        }
    }

    /// Does what a rotation would up to the change, under the lock, and reads what the login may do that
    /// would make it. No change of an account can be taken back here, so none is tried.
    async fn probe(
        &self,
        current: &SecretValue,
        superuser: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        let current = self.parse(current)?;
        let users = Users::of(&current, self.config.strategy)?;
        if users == Users::Alternating {
            let idle = alternate(&current.username, self.engine)?;
            let session = self.open_superuser(&current, superuser).await?;
            let (mut session, pair) = self.hold_other(session, &current, &idle).await?;
            let admin = Administrator::read(&mut session).await?;
            let permitted = pair.check_permitted(&admin);
            session.close().await;
            return permitted;
        }
        let session = self.open(&login(&current, Whose::Current)).await?;
        let mut hold = self.hold_own(session, &current.username, users).await?;
        if users == Users::TwoPasswords {
            dual_password::check_permitted(&mut hold.session).await?;
        }
        hold.session.close().await;
        Ok(())
    }
}

fn wrong_password(result: &Result<Session, TargetError>) -> bool {
    matches!(result, Err(TargetError::WrongPassword(_)))
}
