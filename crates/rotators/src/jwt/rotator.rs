use std::time::Duration;

use rand_core::TryCryptoRng;
use rekey_rotation::{Credentials, Occasion, Overlap, Rotator, SecretId, SecretValue, TargetError};

use super::jwks::{Jwks, Over, Written};
use super::key_set::{KeySet, Standing};
use super::private_key::PrivateKey;
use super::public_key::PublicKey;
use super::s3::Bucket;
use super::secret::{Earlier, SigningSecret, written};
use super::turn::{Change, Turn, document, read};
use crate::object::invalid;

/// Rotates signing keys that are published as a key set.
#[derive(Clone, Debug)]
pub struct Jwt<J: Jwks = Bucket> {
    pub(super) jwks: J,
    pub(super) config: Config,
}

/// How long others may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Config {
    /// Waiting for another rotation or retirement of a key in the same key set: 5 s.
    pub turn: Duration,
    /// A turn may be held without a word for 30 s: after that the next one takes it from a function that was
    /// frozen or killed. Longer than a function works on one step or order.
    pub silence: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            turn: Duration::from_secs(5),
            silence: Duration::from_secs(30),
        }
    }
}

/// The turn at the key set.
pub struct Hold<J: Jwks = Bucket>(Turn<J>);

impl<J: Jwks> Jwt<J> {
    /// `jwks` is where key sets are published.
    pub fn new(jwks: J, config: Config) -> Self {
        Self { jwks, config }
    }

    /// What is published where a secret says; `None` when nothing is.
    pub(super) async fn published(
        &self,
        secret: &SigningSecret,
    ) -> Result<Option<KeySet>, TargetError> {
        let found = read(&self.jwks, &secret.place).await?;
        Ok(found.map(|found| found.key_set))
    }
}

impl<J: Jwks> Rotator for Jwt<J> {
    type Hold = Hold<J>;

    fn kind(&self) -> &'static str {
        "jwt"
    }

    fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError> {
        SigningSecret::parse(current).map(|_| Overlap::DualPublish)
    }

    fn next<R: TryCryptoRng>(
        &self,
        current: &SecretValue,
        occasion: Occasion,
        randomness: &mut R,
    ) -> Result<SecretValue, TargetError> {
        let mut secret = SigningSecret::parse(current)?;
        check_known_to_caches(&secret, occasion)?;
        let mut made = || PrivateKey::generate(secret.algorithm, randomness);
        let fresh = made()?;
        // Without a next key nothing is published that verifiers know already: the key in use stays in use, or
        // there is none yet.
        let (current, next) = match (&secret.current, &secret.next) {
            (None, _) => (made()?.jwk()?, fresh),
            (Some(current), None) => (current.jwk()?, fresh),
            (Some(_), Some(next)) => (next.jwk()?, fresh),
        };
        let switches = secret.next.is_some();
        let next = next.jwk()?;
        let earlier = earlier(&mut secret, occasion, switches);
        let previous = match &secret.current {
            Some(key) if switches => Some(key.public().jwk()),
            _ => secret.previous.as_ref().map(PublicKey::jwk),
        };
        let lineage = secret.lineage.take().or_else(|| {
            let kid = current.get("kid").and_then(serde_json::Value::as_str);
            kid.map(str::to_owned)
        });
        let object = &mut secret.object;
        object.put("current", current);
        object.put("next", next);
        match previous {
            Some(previous) => object.put("previous", previous),
            None => object.remove("previous"),
        }
        if earlier.is_empty() {
            object.remove("earlier");
        } else {
            object.put("earlier", written(&earlier));
        }
        object.put("made_at", occasion.now.into());
        if let Some(lineage) = lineage {
            object.set("lineage", &lineage);
        }
        SecretValue::new(object.written()?).map_err(|_| {
            invalid("the secret with its new keys does not fit into the 65536 bytes that Secrets Manager keeps in a version; take out of it what is not about its keys")
        })
    }

    fn superuser(&self, _current: &SecretValue) -> Result<Option<SecretId>, TargetError> {
        Ok(None)
    }

    async fn lock(&self, credentials: Credentials<'_>) -> Result<Hold<J>, TargetError> {
        let current = SigningSecret::parse(credentials.current)?;
        let pending = SigningSecret::parse(credentials.pending)?;
        check_follows(&pending, &current)?;
        let check = |key_set: Option<&KeySet>| {
            check_in_use(&current, key_set)?;
            check_let_in(&[&pending, &current], key_set)?;
            check_known_again(&current, key_set, credentials.now)
        };
        let turn = Turn::take(&self.jwks, &current, &self.config, check).await?;
        Ok(Hold(turn))
    }

    async fn set(
        &self,
        Hold(turn): Hold<J>,
        credentials: Credentials<'_>,
    ) -> Result<(), TargetError> {
        let pending = SigningSecret::parse(credentials.pending)?;
        let (lineage, needed) = of(&pending)?;
        let mut wanted: Vec<&PublicKey> = pending.previous.iter().collect();
        wanted.extend(needed);
        // One that was taken out before its time, by force, does not come back.
        let there = |key: &&PublicKey| turn.key_set.standing(key) == Standing::Published;
        let earlier: Vec<&PublicKey> = pending.earlier.iter().map(|it| &it.key).collect();
        for key in earlier.into_iter().filter(there) {
            if !wanted.contains(&key) {
                wanted.push(key);
            }
        }
        let mut key_set = turn.key_set.clone();
        key_set.publish(lineage, &wanted, pending.times.cache, &pending.place)?;
        match turn.publish_and_end(key_set.clone()).await? {
            Change::Published => return Ok(()),
            Change::Lost => {}
        }
        // Whoever had the turn after this one may have done the same.
        match self.published(&pending).await? {
            Some(found) if found.holds_what(&key_set) => Ok(()),
            _ => Err(TargetError::Busy(format!(
                "the turn at the key set {} was lost before the new key was published, and nothing was changed; this is repeated",
                pending.place
            ))),
        }
    }

    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        let pending = SigningSecret::parse(pending)?;
        let key_set = self.published(&pending).await?;
        check_in_use(&pending, key_set.as_ref())?;
        let previous = pending.previous.as_ref();
        let kept = previous.is_none_or(|key| {
            let standing = key_set.as_ref().map(|set| set.standing(key));
            standing == Some(Standing::Published)
        });
        if kept {
            return Ok(());
        }
        Err(TargetError::WrongPassword(format!(
            "the key that is in use until now is not in the key set {}, and tokens of it are refused; rotate again, and look for who else writes there",
            pending.place
        )))
    }

    /// Writes over a version that does not exist: refused for that, if writing is allowed.
    async fn probe(
        &self,
        current: &SecretValue,
        _superuser: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        let current = SigningSecret::parse(current)?;
        let key_set = match self.published(&current).await {
            // As when its turn is taken: what is not there may not be read.
            Err(TargetError::Permission(_)) if current.current.is_none() => None,
            other => other?,
        };
        check_in_use(&current, key_set.as_ref())?;
        check_let_in(&[&current], key_set.as_ref())?;
        let key_set = key_set.unwrap_or_else(KeySet::empty);
        let document = document(&key_set, current.times.cache);
        let tried = self.jwks.write(&current.place, document, &Over::Never);
        match tried.await? {
            Written::Overtaken => Ok(()),
            Written::Done(_) => Err(TargetError::Internal(format!(
                "what keeps {} does not compare versions before it writes (If-Match), and of two writers none would notice the other; publish the key set in S3",
                current.place
            ))),
        }
    }
}

/// Whether what a value needs is published: its signature is taken, and its next key is known.
pub(super) fn login(
    secret: &SigningSecret,
    key_set: Option<&KeySet>,
) -> Result<Result<(), Missing>, TargetError> {
    let (Some(key), Some(needed)) = (&secret.current, secret.needed()) else {
        return Ok(Err(Missing::Key));
    };
    let Some(key_set) = key_set else {
        return Ok(Err(Missing::KeySet));
    };
    for needed in needed {
        match key_set.standing(needed) {
            Standing::Published => {}
            Standing::Absent => return Ok(Err(Missing::Key)),
            Standing::UnderAnotherName => {
                return Err(invalid(format!(
                    "a key of this secret is published at {} under another `kid` or `alg`, and verifiers may find it or not; take it out there by hand",
                    secret.place
                )));
            }
        }
    }
    let taken = match key_set.named_as(key.public()) {
        Some(published) => key.is_taken_by(&published)?,
        None => false,
    };
    Ok(if taken { Ok(()) } else { Err(Missing::Key) })
}

/// What keeps a value from being used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Missing {
    /// Nothing is published.
    KeySet,
    /// The signing key, or the next one, is not in the key set.
    Key,
}

/// Checks that a value is in use: a secret without keys cannot be otherwise.
pub(super) fn check_in_use(
    secret: &SigningSecret,
    key_set: Option<&KeySet>,
) -> Result<(), TargetError> {
    if secret.current.is_none() {
        return Ok(());
    }
    login(secret, key_set)?.map_err(|missing| {
        let place = &secret.place;
        TargetError::WrongPassword(match missing {
            Missing::KeySet => format!(
                "nothing is published at {place}, so no token of this secret is taken; put an earlier version of the key set back, roll back to publish the keys of AWSPREVIOUS, or correct `jwks`"
            ),
            Missing::Key => format!(
                "the signing key or the next key of this secret is not in the key set {place}, which was changed by hand; put an earlier version of it back, or roll back to publish the keys of AWSPREVIOUS"
            ),
        })
    })
}

/// Checks that the key set is one in which a secret may publish, going by versions of it of one lineage.
pub(super) fn check_let_in(
    versions: &[&SigningSecret],
    key_set: Option<&KeySet>,
) -> Result<(), TargetError> {
    let lineage = versions.iter().find_map(|it| it.lineage.as_deref());
    let own = versions.iter().filter_map(|it| it.needed());
    let own: Vec<&PublicKey> = own.flatten().collect();
    let (Some(key_set), Some(secret)) = (key_set, versions.first()) else {
        return Ok(());
    };
    if key_set.lets_in(lineage, &own) {
        return Ok(());
    }
    Err(TargetError::Permission(format!(
        "the key set {place} holds keys of others and none of this secret; name an object of its own in `jwks`. If they are to share this one, whoever keeps it writes \"shared\": true into its member `rekey`; if its keys are of an abandoned first rotation, put {{\"keys\": []}} there",
        place = secret.place
    )))
}

/// The lineage and the needed keys of a value that a rotation has made.
pub(super) fn of(secret: &SigningSecret) -> Result<(&str, Vec<&PublicKey>), TargetError> {
    match (&secret.lineage, secret.needed()) {
        (Some(lineage), Some(needed)) => Ok((lineage, needed)),
        _ => Err(invalid(
            "this version of the secret has no keys, and cannot be published; take another version",
        )),
    }
}

/// Checks that `pending` is what a rotation makes of `current`.
fn check_follows(pending: &SigningSecret, current: &SigningSecret) -> Result<(), TargetError> {
    if pending.place != current.place {
        return Err(invalid(
            "`jwks` under AWSPENDING is another one than under AWSCURRENT, and a rotation changes keys only; change the secret while no rotation is open, and rotate again",
        ));
    }
    let (Some(key), Some(_)) = (&pending.current, &pending.next) else {
        return Err(another("has not both keys"));
    };
    let promoted = current.next.as_ref().or(current.current.as_ref());
    let follows = promoted.is_none_or(|promoted| promoted.public() == key.public());
    if !follows {
        return Err(another("does not sign with the next key of AWSCURRENT"));
    }
    if current.lineage.is_some() && current.lineage != pending.lineage {
        return Err(another("is of another lineage than AWSCURRENT"));
    }
    if current.next.is_some()
        && current.current.as_ref().map(PrivateKey::public) != pending.previous.as_ref()
    {
        return Err(another("does not keep the key of AWSCURRENT as `previous`"));
    }
    Ok(())
}

fn another(what: &str) -> TargetError {
    invalid(format!(
        "AWSPENDING {what}: the secret was changed while the rotation was open; take AWSPENDING from its version (update-secret-version-stage) and rotate again"
    ))
}

/// The next key is put in use only when it has been published for as long as verifiers cache.
fn check_known_to_caches(secret: &SigningSecret, occasion: Occasion) -> Result<(), TargetError> {
    let Occasion { now, .. } = occasion;
    // A time in the secret that is still to come was written by a wrong clock or by hand.
    let made_at = secret.made_at.filter(|at| *at <= now);
    let Some(published_by) = occasion.switched_at.max(made_at) else {
        return Ok(());
    };
    let known_at = published_by.saturating_add(secret.times.cache.into());
    if secret.next.is_none() || now >= known_at {
        return Ok(());
    }
    Err(TargetError::Busy(format!(
        "the next key was published less than `cache_seconds` ago, and verifiers may not know it yet; rotate again in {} s",
        known_at.saturating_sub(now)
    )))
}

/// A next key that was gone and came back with a rollback has to be known again before it is put in use.
fn check_known_again(
    current: &SigningSecret,
    key_set: Option<&KeySet>,
    now: i64,
) -> Result<(), TargetError> {
    let (Some(next), Some(key_set)) = (&current.next, key_set) else {
        return Ok(());
    };
    let Some(until) = current.unknown_until(next.public(), key_set, now) else {
        return Ok(());
    };
    Err(TargetError::Busy(format!(
        "the next key was published again less than `cache_seconds` ago, and verifiers may not know it yet; this is repeated in {} s",
        until.saturating_sub(now)
    )))
}

/// The keys before `previous` whose last tokens may still be met.
fn earlier(secret: &mut SigningSecret, occasion: Occasion, switches: bool) -> Vec<Earlier> {
    let until = secret.previous_until(occasion.switched_at);
    let mut earlier = std::mem::take(&mut secret.earlier);
    if switches && let (Some(key), Some(until)) = (secret.previous.take(), until) {
        earlier.push(Earlier { key, until });
    }
    earlier.retain(|entry| entry.until > occasion.now);
    earlier
}
