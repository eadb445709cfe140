use rand_core::TryCryptoRng;
use rekey_rotation::{Credentials, Occasion, Overlap, Rotator, SecretId, SecretValue, TargetError};

use super::bounds::Bounds;
use super::kinship;
use super::nodes::{Change, Locked, change_all, logins, rehearse_all};
use super::secret::{UserSecret, successor};
use super::session::{Login, Session, Unopened};
use super::topology::all_are_named;
use super::user::{Hash, User};
use crate::PasswordPolicy;
use crate::trust::Trust;
use crate::whose::Whose;

/// What a [`Redis`] is told once.
pub struct Config {
    /// Whose certificates are believed.
    pub trust: Trust,
    /// How a password is made.
    pub passwords: PasswordPolicy,
    /// How long a server may take.
    pub bounds: Bounds,
}

/// Rotates the credential of an ACL user of Redis or Valkey.
pub struct Redis {
    kind: &'static str,
    pub(super) config: Config,
}

/// The lock of a user, at every node that the secret names.
pub struct Hold(Vec<Locked>);

impl Redis {
    /// A rotator of the kind `redis`; it connects to nothing yet.
    #[expect(
        clippy::self_named_constructors,
        reason = "each constructor has the name of its kind"
    )]
    pub fn redis(config: Config) -> Self {
        let kind = super::REDIS.kind;
        Self { kind, config }
    }

    /// A rotator of the kind `valkey`; it connects to nothing yet.
    pub fn valkey(config: Config) -> Self {
        let kind = super::VALKEY.kind;
        Self { kind, config }
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

    /// Proves that the current credential is valid at every node, and opens the sessions in which the
    /// change will be made.
    async fn open_all(
        &self,
        current: &UserSecret,
        superuser: Option<&SecretValue>,
    ) -> Result<Vec<Session>, TargetError> {
        let mut own = Vec::with_capacity(current.nodes.len());
        for login in logins(current, current, Whose::Current) {
            own.push(self.open(&login).await?);
        }
        match current.masterarn {
            Some(_) => self.open_superuser(current, superuser).await,
            None => Ok(own),
        }
    }

    async fn hold(
        &self,
        current: &UserSecret,
        superuser: Option<&SecretValue>,
    ) -> Result<Vec<Locked>, TargetError> {
        let sessions = self.open_all(current, superuser).await?;
        let nodes = self.lock_all(sessions, current).await?;
        all_are_named(&nodes, current).await?;
        for node in &nodes {
            User::rotatable(&node.session, &current.username).await?;
        }
        Ok(nodes)
    }
}

impl Rotator for Redis {
    type Hold = Hold;

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError> {
        UserSecret::parse(current)?;
        Ok(Overlap::TwoPasswords)
    }

    fn next<R: TryCryptoRng>(
        &self,
        current: &SecretValue,
        _occasion: Occasion,
        randomness: &mut R,
    ) -> Result<SecretValue, TargetError> {
        let password = self.config.passwords.password(randomness).ok_or_else(|| {
            TargetError::Internal("the randomness to make a password from failed".to_owned())
        })?;
        successor(current, &password)
    }

    fn superuser(&self, current: &SecretValue) -> Result<Option<SecretId>, TargetError> {
        Ok(UserSecret::parse(current)?.masterarn)
    }

    async fn lock(&self, credentials: Credentials<'_>) -> Result<Hold, TargetError> {
        let current = UserSecret::parse(credentials.current)?;
        let pending = UserSecret::parse(credentials.pending)?;
        kinship::check(&current, &pending)?;
        self.hold(&current, credentials.superuser).await.map(Hold)
    }

    async fn set(
        &self,
        Hold(nodes): Hold,
        credentials: Credentials<'_>,
    ) -> Result<(), TargetError> {
        let current = UserSecret::parse(credentials.current)?;
        let pending = UserSecret::parse(credentials.pending)?;
        let both = [Hash::of(&current.password), Hash::of(&pending.password)];
        change_all(&nodes, &current.username, &Change::Exactly(&both)).await?;
        Ok(())
    }

    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        let pending = UserSecret::parse(pending)?;
        self.prove(&pending, &pending, Whose::Pending).await
    }

    /// Asks every node whether it would allow the change. Nothing of it is made.
    async fn probe(
        &self,
        current: &SecretValue,
        superuser: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        let current = UserSecret::parse(current)?;
        let nodes = self.hold(&current, superuser).await?;
        rehearse_all(&nodes, &current.username).await?;
        Ok(())
    }
}
