use rekey_rotation::{SecretValue, TargetError};
use serde_json::{Map, Value, json};

use super::algorithm::Algorithm;
use super::key_set::KeySet;
use super::place::Place;
use super::private_key::PrivateKey;
use super::public_key::PublicKey;
use crate::object::{NoObject, Object, invalid};

/// A secret that signs tokens.
pub(super) struct SigningSecret {
    pub(super) object: Object,
    pub(super) place: Place,
    pub(super) algorithm: Algorithm,
    pub(super) times: Times,
    /// What signs.
    pub(super) current: Option<PrivateKey>,
    /// What will sign after the next rotation, and is published already.
    pub(super) next: Option<PrivateKey>,
    /// What signed before.
    pub(super) previous: Option<PublicKey>,
    /// What signed before that, and may still be looked for.
    pub(super) earlier: Vec<Earlier>,
    /// When this value was made, in seconds since 1970. It was put in use later: by seconds, or by
    /// hours where a step failed.
    pub(super) made_at: Option<i64>,
    /// What the keys of one secret have in common: the name of the first one.
    pub(super) lineage: Option<String>,
}

/// A key that signs no more, kept until its last token has run out.
pub(super) struct Earlier {
    pub(super) key: PublicKey,
    /// In seconds since 1970.
    pub(super) until: i64,
}

/// How long tokens and key sets are good for, in seconds.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) token_lifetime: u32,
    pub(super) skew: u32,
    pub(super) cache: u32,
}

impl Times {
    /// How long the last token of a key may be met after the key has stopped signing, by a signer or verifier
    /// that noticed as late as it may.
    pub(super) fn kept(self) -> i64 {
        i64::from(self.token_lifetime) + i64::from(self.skew) + i64::from(self.cache)
    }
}

/// The clocks of signer and verifier may differ by a minute, unless the secret says otherwise.
const SKEW: u32 = 60;
/// Verifiers keep a key set for five minutes, unless the secret says otherwise.
const CACHE: u32 = 300;
/// No time is longer than a year.
const LONGEST: u64 = 366 * 24 * 60 * 60;

impl SigningSecret {
    pub(super) fn parse(value: &SecretValue) -> Result<Self, TargetError> {
        let object = Object::parse(value).map_err(|why| {
            invalid(match why {
                NoObject::NoJson => "the secret is not JSON",
                NoObject::Another => "the secret is not a JSON object",
            })
        })?;
        let alg = text(&object, "alg")?.ok_or_else(|| {
            invalid("`alg` is missing: `EdDSA`, `ES256` or `RS256`, what new keys sign with")
        })?;
        let place = text(&object, "jwks")?.ok_or_else(|| {
            invalid("`jwks` is missing: the object that the key set is published in, `s3://bucket/path/jwks.json`")
        })?;
        let lifetime = seconds(&object, "token_lifetime_seconds")?.ok_or_else(|| {
            invalid("`token_lifetime_seconds` is missing: how long a token is good for after it was signed; an old key is kept that long")
        })?;
        let current = private(&object, "current")?;
        let next = private(&object, "next")?;
        if current.is_none() && next.is_some() {
            return Err(invalid(
                "the secret has a `next` key and no `current` one; put `current` back from an earlier version, or take `next` out for two new keys",
            ));
        }
        let lineage = match text(&object, "lineage")? {
            Some(lineage) => Some(lineage.to_owned()),
            None => current.as_ref().map(|key| key.public().kid().to_owned()),
        };
        Ok(Self {
            algorithm: Algorithm::parse(alg, number(&object, "rsa_bits")?)?,
            place: Place::parse(place)?,
            times: Times {
                token_lifetime: lifetime,
                skew: seconds(&object, "skew_seconds")?.unwrap_or(SKEW),
                cache: seconds(&object, "cache_seconds")?.unwrap_or(CACHE),
            },
            current,
            next,
            previous: object
                .field("previous")
                .map(|jwk| public(jwk, "previous"))
                .transpose()?,
            earlier: earlier(&object)?,
            made_at: number(&object, "made_at")?.and_then(|at| i64::try_from(at).ok()),
            lineage,
            object,
        })
    }

    /// What has to be published so that this value can be used, and the next rotation begun: the key that
    /// signs and the one that will. `None` when the secret has no key yet.
    pub(super) fn needed(&self) -> Option<Vec<&PublicKey>> {
        let current = self.current.as_ref()?.public();
        let next = self.next.as_ref().map(PrivateKey::public);
        Some([current].into_iter().chain(next).collect())
    }

    /// Whether this key is the one that signs, or the one that will.
    pub(super) fn uses(&self, key: &PublicKey) -> bool {
        self.needed().is_some_and(|keys| keys.contains(&key))
    }

    /// Whether this key has signed before the one that signs now, and is still kept for that.
    pub(super) fn keeps(&self, key: &PublicKey) -> bool {
        let earlier = self.earlier.iter().map(|entry| &entry.key);
        self.previous.iter().chain(earlier).any(|kept| kept == key)
    }

    /// Until when a key of this secret that came back may be unknown to verifiers.
    pub(super) fn unknown_until(&self, key: &PublicKey, key_set: &KeySet, now: i64) -> Option<i64> {
        key_set.unknown_until(self.lineage.as_deref()?, key, self.times.cache, now)
    }

    /// Until when the key before this value's must be found, if it is known when it stopped signing: when this value
    /// was put in use, which may be long after it was made.
    pub(super) fn previous_until(&self, switched_at: Option<i64>) -> Option<i64> {
        let stopped_at = self.made_at.max(switched_at)?;
        Some(stopped_at.saturating_add(self.times.kept()))
    }
}

fn earlier(object: &Object) -> Result<Vec<Earlier>, TargetError> {
    let form = || {
        invalid(
            "`earlier` must be a list of objects with `key`, a public key, and `until`, in seconds since 1970; or take it out",
        )
    };
    let entries = match object.field("earlier") {
        None => return Ok(Vec::new()),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(form()),
    };
    let parsed = entries.iter().map(|entry| {
        let until = entry
            .get("until")
            .and_then(Value::as_i64)
            .ok_or_else(form)?;
        let key = public(entry.get("key").ok_or_else(form)?, "earlier")?;
        Ok(Earlier { key, until })
    });
    parsed.collect()
}

pub(super) fn written(earlier: &[Earlier]) -> Value {
    let entries = earlier.iter();
    entries
        .map(|entry| json!({"key": entry.key.jwk(), "until": entry.until}))
        .collect()
}

fn private(object: &Object, field: &str) -> Result<Option<PrivateKey>, TargetError> {
    let Some(jwk) = object.field(field) else {
        return Ok(None);
    };
    let key = jwk.as_object().and_then(PrivateKey::parse);
    let key = key.ok_or_else(|| {
        invalid(format!(
            "`{field}` must be a private JSON Web Key of Ed25519, P-256 or RSA (2048 to 4096 bits, with `p` and `q`), with both parts of one key"
        ))
    });
    key.map(Some)
}

fn public(jwk: &Value, field: &str) -> Result<PublicKey, TargetError> {
    let has = |members: &Map<String, Value>| members.contains_key("d");
    let members = jwk.as_object().filter(|members| !has(members));
    members.and_then(PublicKey::parse).ok_or_else(|| {
        invalid(format!(
            "`{field}` must hold public JSON Web Keys of Ed25519, P-256 or RSA, without their private part"
        ))
    })
}

fn text<'a>(object: &'a Object, field: &str) -> Result<Option<&'a str>, TargetError> {
    match object.field(field) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(invalid(format!("`{field}` must be a text"))),
    }
}

fn number(object: &Object, field: &str) -> Result<Option<u64>, TargetError> {
    match object.field(field) {
        None => Ok(None),
        Some(number) => match number.as_u64() {
            Some(number) => Ok(Some(number)),
            None => Err(invalid(format!("`{field}` must be a whole number"))),
        },
    }
}

fn seconds(object: &Object, field: &str) -> Result<Option<u32>, TargetError> {
    let Some(seconds) = number(object, field)? else {
        return Ok(None);
    };
    let fits = u32::try_from(seconds).ok().filter(|_| seconds <= LONGEST);
    fits.map(Some).ok_or_else(|| {
        invalid(format!(
            "`{field}` must be at most {LONGEST} seconds, a year"
        ))
    })
}
