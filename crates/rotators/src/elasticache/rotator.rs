use aws_sdk_elasticache::Client;
use rand_core::TryCryptoRng;
use rekey_rotation::{
    Credentials, Login, Occasion, Overlap, Rotator, SecretId, SecretValue, TargetError,
};

use super::api::{Api, Passwords};
use super::bounds::Bounds;
use super::errors;
use super::secret::{Place, Secret, successor};
use super::target::{Kind, Target};
use crate::PasswordPolicy;
use crate::object::invalid;
use crate::redis;
use crate::trust::Trust;

/// The longest password that ElastiCache takes.
const LONGEST: usize = 128;
/// AUTH tokens may not hold most of the punctuation; 64 letters and digits have 381 bits.
const TOKEN: usize = 64;

/// What an [`ElastiCache`] is told once.
pub struct Config {
    /// Calls AWS's API.
    pub client: Client,
    /// Whose certificates are believed at a cache.
    pub trust: Trust,
    /// How a user's password is made. AUTH tokens are letters and digits.
    pub passwords: PasswordPolicy,
    /// How long AWS and a cache may take.
    pub bounds: Bounds,
}

/// Rotates the passwords of an ElastiCache user, or the AUTH token of a replication group.
pub struct ElastiCache {
    pub(super) which: Kind,
    pub(super) config: Config,
}

/// Nothing is held: AWS refuses a change while another one is under way, and a late one is found by a login.
pub struct Hold(());

impl ElastiCache {
    /// A rotator of the kind `elasticache-user`.
    pub fn user(config: Config) -> Self {
        let which = Kind::User;
        Self { which, config }
    }

    /// A rotator of the kind `elasticache-auth`.
    pub fn auth(config: Config) -> Self {
        let which = Kind::Auth;
        Self { which, config }
    }

    pub(super) fn parse(&self, value: &SecretValue) -> Result<Secret, TargetError> {
        Secret::parse(self.which, value)
    }

    pub(super) fn api<'a>(&'a self, target: &'a Target) -> Api<'a> {
        Api {
            client: &self.config.client,
            target,
            bounds: &self.config.bounds,
        }
    }

    /// What the cache answers to a login; `None` when the secret does not say where it is, or has no password
    /// yet.
    pub(super) async fn knock(&self, secret: &Secret) -> Result<Option<Login>, TargetError> {
        let (Some(place), Some(password)) = (&secret.place, &secret.password) else {
            return Ok(None);
        };
        let bounds = self.at_the_cache();
        let door = self.door(place, &secret.username, &bounds);
        door.knock(password).await.map(Some)
    }

    pub(super) fn at_the_cache(&self) -> redis::Bounds {
        redis::Bounds {
            connect: self.config.bounds.connect,
            answer: self.config.bounds.answer,
            ..redis::Bounds::default()
        }
    }

    pub(super) fn door<'a>(
        &'a self,
        place: &'a Place,
        username: &'a str,
        bounds: &'a redis::Bounds,
    ) -> redis::Door<'a> {
        redis::Door {
            host: &place.host,
            port: place.port,
            username,
            tls: place.tls,
            trust: &self.config.trust,
            bounds,
        }
    }

    /// Fails when the cache refuses this value. Where no cache is named, AWS's word must do.
    pub(super) async fn prove(&self, secret: &Secret, whose: &str) -> Result<(), TargetError> {
        match self.knock(secret).await? {
            Some(Login::Refused) => {
                let place = secret.place.as_ref();
                let place = place.map(Place::name);
                Err(errors::wrong(&place.unwrap_or_default(), whose))
            }
            Some(Login::Accepted) | None => Ok(()),
        }
    }
}

impl Rotator for ElastiCache {
    type Hold = Hold;

    fn kind(&self) -> &'static str {
        match self.which {
            Kind::User => super::USER.kind,
            Kind::Auth => super::AUTH.kind,
        }
    }

    fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError> {
        self.parse(current)?;
        Ok(Overlap::TwoPasswords)
    }

    fn next<R: TryCryptoRng>(
        &self,
        current: &SecretValue,
        _occasion: Occasion,
        randomness: &mut R,
    ) -> Result<SecretValue, TargetError> {
        let token = PasswordPolicy::letters_and_digits(TOKEN);
        let policy = match self.which {
            Kind::User => &self.config.passwords,
            Kind::Auth => &token,
        };
        let password = policy.password(randomness).ok_or_else(|| {
            TargetError::Internal("the randomness to make a password from failed".to_owned())
        })?;
        if password.len() > LONGEST {
            return Err(invalid(
                "ElastiCache takes passwords of 16 to 128 characters; set PASSWORD_LENGTH to at most 128",
            ));
        }
        successor(self.which, current, &password)
    }

    fn superuser(&self, current: &SecretValue) -> Result<Option<SecretId>, TargetError> {
        self.parse(current)?;
        Ok(None)
    }

    async fn lock(&self, credentials: Credentials<'_>) -> Result<Hold, TargetError> {
        let current = self.parse(credentials.current)?;
        let pending = self.parse(credentials.pending)?;
        if let Some(field) = current.differing(&pending) {
            return Err(invalid(format!(
                "`{field}` under AWSPENDING is another one than under AWSCURRENT, and a rotation changes passwords only; change the secret while no rotation is open, and rotate again"
            )));
        }
        self.prove(&current, "AWSCURRENT of the secret").await?;
        self.api(&current.target).until_active().await?;
        Ok(Hold(()))
    }

    /// A run that stood still while newer ones went by finds that its AWSCURRENT is refused, and changes
    /// nothing.
    async fn set(&self, _hold: Hold, credentials: Credentials<'_>) -> Result<(), TargetError> {
        let current = self.parse(credentials.current)?;
        let pending = self.parse(credentials.pending)?;
        let api = self.api(&current.target);
        self.prove(&current, "AWSCURRENT of the secret").await?;
        if self.knock(&pending).await? == Some(Login::Accepted) {
            // An earlier call of this rotation has set it; what it may not have come to is noted.
            return match &current.target {
                Target::Group(id) => api.note(id, pending.password()?).await,
                Target::User { .. } => Ok(()),
            };
        }
        let passwords = Passwords::Two {
            current: current.password.as_ref(),
            other: pending.password()?,
        };
        api.change(&passwords).await?;
        match api.until_active().await {
            // It goes on by itself, and testSecret waits for it anew.
            Err(TargetError::Busy(_)) => Ok(()),
            other => other,
        }
    }

    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        let pending = self.parse(pending)?;
        self.api(&pending.target).until_active().await?;
        self.prove(&pending, "AWSPENDING of the secret").await
    }

    /// AWS does not tell whether it would allow a change without making it. Whether a retirement could end
    /// connections is told by the cache.
    async fn probe(
        &self,
        current: &SecretValue,
        _superuser: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        let current = self.parse(current)?;
        self.prove(&current, "AWSCURRENT of the secret").await?;
        self.api(&current.target).is_active().await?;
        if current.place.is_some() && current.password.is_some() {
            self.connections(&current, |_| false).await?;
        }
        Ok(())
    }
}
