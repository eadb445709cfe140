use aws_sdk_elasticache::Client;
use getrandom::SysRng;
use rand_core::TryCryptoRng;
use rekey_rotation::{
    Credentials, Login, Occasion, Overlap, Rotator, SecretId, SecretValue, TargetError,
};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::api::{Api, Passwords};
use super::bounds::Bounds;
use super::secret::{Place, Secret, successor};
use super::target::Kind;
use super::{errors, newest};
use crate::PasswordPolicy;
use crate::object::invalid;
use crate::redis;
use crate::trust::Trust;

/// The longest password that ElastiCache takes.
const LONGEST: usize = 128;
/// AUTH tokens may not hold most of the punctuation; 64 letters and digits have 381 bits.
const TOKEN: usize = 64;
/// How often a token is made anew that has the mark of the one before it, as one of 256 has.
const TRIES: usize = 16;

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

/// Until when the step waits for AWS. Nothing is held: AWS refuses a change while another one is under way, and
/// a late one is found by a login.
pub struct Hold(Instant);

/// What a cache answers to a password.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// It lets it in, and refuses one that nobody has.
    Accepted,
    Refused,
    /// It lets any password in, which proves nothing of this one.
    AnyAccepted,
}

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

    pub(super) fn api<'a>(&'a self, secret: &'a Secret) -> Api<'a> {
        Api {
            client: &self.config.client,
            secret,
            bounds: &self.config.bounds,
        }
    }

    /// What the cache answers to the password of this value; `None` when it has none yet.
    pub(super) async fn knock(
        &self,
        at: &Place,
        secret: &Secret,
    ) -> Result<Option<Answer>, TargetError> {
        let Some(password) = &secret.password else {
            return Ok(None);
        };
        let bounds = self.at_the_cache();
        let door = self.door(at, &secret.username, &bounds);
        if door.knock(password).await? == Login::Refused {
            return Ok(Some(Answer::Refused));
        }
        Ok(Some(match door.knock(&nobodys()?).await? {
            Login::Refused => Answer::Accepted,
            Login::Accepted => Answer::AnyAccepted,
        }))
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

    /// Fails when the cache refuses this value, or takes any. Where no cache is named, or the value has no
    /// password yet, AWS's word must do.
    pub(super) async fn prove(&self, secret: &Secret, whose: &str) -> Result<(), TargetError> {
        let Some(place) = &secret.place else {
            return Ok(());
        };
        match self.knock(place, secret).await? {
            Some(Answer::Refused) => Err(errors::wrong(&place.name(), whose)),
            Some(Answer::AnyAccepted) => Err(errors::open(&place.name(), &secret.username)),
            Some(Answer::Accepted) | None => Ok(()),
        }
    }

    fn password<R: TryCryptoRng>(
        &self,
        randomness: &mut R,
    ) -> Result<Zeroizing<String>, TargetError> {
        match self.which {
            Kind::User => self.config.passwords.password(randomness),
            Kind::Auth => PasswordPolicy::letters_and_digits(TOKEN).password(randomness),
        }
        .ok_or_else(no_randomness)
    }
}

/// A password that nobody has been given.
fn nobodys() -> Result<SecretValue, TargetError> {
    let policy = PasswordPolicy::letters_and_digits(TOKEN);
    let password = policy.password(&mut SysRng).ok_or_else(no_randomness)?;
    SecretValue::new(password.to_string()).map_err(|_| no_randomness())
}

fn no_randomness() -> TargetError {
    TargetError::Internal("the randomness to make a password from failed".to_owned())
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
        let mut password = self.password(randomness)?;
        if self.which == Kind::Auth {
            let before = self.parse(current)?.password.as_ref().map(newest::mark);
            // The two must be told apart, should the later one be rolled back.
            for _ in 0..TRIES {
                let made = SecretValue::new(password.to_string()).map_err(|_| no_randomness())?;
                if Some(newest::mark(&made)) != before {
                    break;
                }
                password = self.password(randomness)?;
            }
        }
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
        let place = || (current.place != pending.place).then_some("host");
        if let Some(field) = current.differing(&pending).or_else(place) {
            return Err(invalid(format!(
                "`{field}` under AWSPENDING is another one than under AWSCURRENT, and a rotation changes passwords only; change the secret while no rotation is open, and rotate again"
            )));
        }
        let api = self.api(&current);
        let deadline = api.deadline();
        api.until_active(deadline).await?;
        api.asks_for_a_login().await?;
        self.prove(&current, "AWSCURRENT of the secret").await?;
        Ok(Hold(deadline))
    }

    /// A run that stood still while newer ones went by finds that its AWSCURRENT is refused, and changes
    /// nothing.
    async fn set(
        &self,
        Hold(deadline): Hold,
        credentials: Credentials<'_>,
    ) -> Result<(), TargetError> {
        let current = self.parse(credentials.current)?;
        let pending = self.parse(credentials.pending)?;
        let api = self.api(&current);
        self.prove(&current, "AWSCURRENT of the secret").await?;
        if let Some(place) = &current.place {
            match self.knock(place, &pending).await? {
                // An earlier call of this rotation has set it.
                Some(Answer::Accepted) => return Ok(()),
                Some(Answer::AnyAccepted) if current.password.is_some() => {
                    return Err(errors::open(&place.name(), &current.username));
                }
                _ => {}
            }
        }
        let passwords = Passwords::Two {
            current: current.password.as_ref(),
            other: pending.password()?,
        };
        api.change(&passwords, deadline).await?;
        match api.until_active(deadline).await {
            // It goes on by itself, and testSecret waits for it anew.
            Err(TargetError::Busy(_)) => Ok(()),
            other => other,
        }
    }

    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        let pending = self.parse(pending)?;
        let api = self.api(&pending);
        api.until_active(api.deadline()).await?;
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
        let api = self.api(&current);
        if api.is_active().await? {
            api.asks_for_a_login().await?;
        }
        self.prove(&current, "AWSCURRENT of the secret").await?;
        if current.place.is_some() && current.password.is_some() {
            self.connections(&current, |_| false).await?;
        }
        Ok(())
    }
}
