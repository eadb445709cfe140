use std::collections::BTreeMap;
use std::sync::Mutex;

use rand_core::TryCryptoRng;
use rekey_rotation::{Credentials, Occasion, Overlap, Rotator, SecretId, SecretValue, TargetError};
use tokio::time::{Instant, sleep};

use super::bounds::Bounds;
use super::logins::{Server, login, server, server_of, superuser_login, tls};
use super::names::base;
use super::quote::identifier;
use super::secret::{SuperuserSecret, UserSecret, successor};
use super::session::{Login, Session, Unopened};
use super::users::Users;
use super::verifier::Verifier;
use super::{alternating_users, check, lock, replica};
use crate::trust::Trust;
use crate::whose::Whose;
use crate::{PasswordPolicy, Strategy};

/// What a [`Postgres`] is told once.
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

/// Rotates the credential of a PostgreSQL role.
pub struct Postgres {
    pub(super) config: Config,
    /// The servers that users' secrets name, and the superuser's of each as this process has seen it: the
    /// same one, or the primary of a replica. A login that fails at a primary does not wait for a replica
    /// to catch up.
    primaries: Mutex<BTreeMap<Server, Server>>,
}

/// The lock of a base role, in a transaction that is open at the server.
pub struct Hold(Session);

impl Postgres {
    /// A rotator with this configuration; it connects to nothing yet.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            primaries: Mutex::default(),
        }
    }

    pub(super) async fn open(&self, login: &Login<'_>) -> Result<Session, TargetError> {
        let opened = self.try_open(login).await;
        opened.map_err(|unopened| unopened.error)
    }

    /// The same, telling a refused credential from everything else that keeps a login from succeeding.
    pub(super) async fn try_open(&self, login: &Login<'_>) -> Result<Session, Unopened> {
        // On the heap: a handshake's state is by far the largest part of a step's, and is needed for a
        // few milliseconds of it.
        Box::pin(Session::open(
            login,
            &self.config.trust,
            &self.config.bounds,
        ))
        .await
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
            login.tls = tls(current);
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
        let superuser = superuser
            .ok_or_else(|| TargetError::Internal("the superuser secret was not given".into()))?;
        let superuser = SuperuserSecret::parse(superuser)?;
        let user = self.open(&login(current, Whose::Current)).await?;
        let superlogin = superuser_login(&superuser, current);
        let session = self.open(&superlogin).await?;
        if server_of(&superlogin) != server(current) {
            replica::check(&user, &session).await?;
            // A replica's word is not enough: the credential is one of the primary, or it is none.
            let mut there = login(current, Whose::Current);
            (there.host, there.port) = (superlogin.host, superlogin.port);
            self.open(&there).await?.close().await;
        }
        self.note_primary(current, &superlogin);
        drop(user);
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

    async fn test_once(&self, pending: &UserSecret, role: &str) -> Result<(), TargetError> {
        let session = self.open(&login(pending, Whose::Pending)).await?;
        let checked = check::acts_as(&session, role).await;
        session.close().await;
        checked
    }
}

impl Rotator for Postgres {
    type Hold = Hold;

    fn kind(&self) -> &'static str {
        "postgres"
    }

    fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError> {
        let users = Users::of(&UserSecret::parse(current)?, self.config.strategy)?;
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
        successor(current, alternating, &password)
    }

    fn superuser(&self, current: &SecretValue) -> Result<Option<SecretId>, TargetError> {
        let secret = UserSecret::parse(current)?;
        match Users::of(&secret, self.config.strategy)? {
            Users::Single => Ok(None),
            Users::Alternating => Ok(secret.masterarn),
        }
    }

    async fn lock(&self, credentials: Credentials<'_>) -> Result<Hold, TargetError> {
        let current = UserSecret::parse(credentials.current)?;
        let pending = UserSecret::parse(credentials.pending)?;
        let users = Users::of(&current, self.config.strategy)?;
        current
            .user()
            .check_same_target(pending.user(), "AWSPENDING")?;
        let bounds = &self.config.bounds;
        let session = match users {
            Users::Single => {
                current
                    .user()
                    .check_same_user(pending.user(), "AWSPENDING")?;
                let previous = credentials.previous.map(UserSecret::parse).transpose()?;
                if let Some(previous) = &previous {
                    current.user().check_same(previous.user(), "AWSPREVIOUS")?;
                }
                self.open_single_user(&current, &pending, previous.as_ref())
                    .await?
            }
            Users::Alternating => {
                alternating_users::check_users(&current.username, &pending.username)?;
                self.open_superuser(&current, credentials.superuser).await?
            }
        };
        let as_oneself = users == Users::Single;
        lock::take(&session, &pending.username, bounds, as_oneself).await?;
        Ok(Hold(session))
    }

    async fn set(
        &self,
        Hold(session): Hold,
        credentials: Credentials<'_>,
    ) -> Result<(), TargetError> {
        let current = UserSecret::parse(credentials.current)?;
        let pending = UserSecret::parse(credentials.pending)?;
        let change = Change {
            users: Users::of(&current, self.config.strategy)?,
            username: &pending.username,
            password: Verifier::of(&pending.password),
            ending: "COMMIT",
        };
        change.make(&session).await?;
        session.close().await;
        Ok(())
    }

    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        let pending = UserSecret::parse(pending)?;
        let users = Users::of(&pending, self.config.strategy)?;
        let role = acting_role(users, &pending.username);
        // Only a server that is not known to be the one that was changed can be behind.
        let patient =
            users == Users::Alternating && self.primary_of(&pending) != Some(server(&pending));
        let deadline = Instant::now() + self.config.bounds.replica_lag;
        let mut waits = replica::waits();
        loop {
            let result = self.test_once(&pending, role).await;
            let behind = matches!(
                result,
                Err(TargetError::WrongPassword(_) | TargetError::RoleMissing(_))
            );
            let left = deadline.saturating_duration_since(Instant::now());
            if !behind || !patient || left.is_zero() {
                return result;
            }
            sleep(waits.next().map_or(left, |wait| wait.min(left))).await;
        }
    }

    /// Makes the change that a rotation would, with a password that fits nobody, and takes it back.
    async fn probe(
        &self,
        current: &SecretValue,
        superuser: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        let current = UserSecret::parse(current)?;
        let users = Users::of(&current, self.config.strategy)?;
        let (session, username) = match users {
            Users::Single => {
                let session = self.open(&login(&current, Whose::Current)).await?;
                (session, current.username.clone())
            }
            Users::Alternating => {
                let session = self.open_superuser(&current, superuser).await?;
                (session, super::names::alternate(&current.username)?)
            }
        };
        let as_oneself = users == Users::Single;
        lock::take(&session, &username, &self.config.bounds, as_oneself).await?;
        let change = Change {
            users,
            username: &username,
            password: Verifier::of_none(),
            ending: "ROLLBACK",
        };
        let changed = change.make(&session).await;
        session.close().await;
        changed
    }
}

/// What is done in the transaction that holds the lock.
struct Change<'a> {
    users: Users,
    username: &'a str,
    password: Verifier,
    /// How the transaction ends, in the same round trip as the last statement.
    ending: &'static str,
}

impl Change<'_> {
    async fn make(&self, session: &Session) -> Result<(), TargetError> {
        let role = identifier(self.username);
        let password = self.password.literal();
        let ending = self.ending;
        let login = match self.users {
            Users::Alternating => {
                alternating_users::prepare(session, self.username).await?;
                // Whoever closed the user by NOLOGIN closed it for a password that is gone now.
                "LOGIN "
            }
            Users::Single => "",
        };
        let statements = format!("ALTER ROLE {role} {login}PASSWORD {password}; {ending}");
        session.run(&statements).await
    }
}

/// Whose privileges a login has.
fn acting_role(users: Users, username: &str) -> &str {
    match users {
        Users::Alternating => base(username),
        Users::Single => username,
    }
}

fn wrong_password(result: &Result<Session, TargetError>) -> bool {
    matches!(result, Err(TargetError::WrongPassword(_)))
}
