//! Secrets that sign, and what an application does with them.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey, Verifier as _, VerifyingKey};
use getrandom::SysRng;
use rekey_rotation::{Credentials, Moment, Occasion, Revocation, Revoker as _, Rotator as _};
use rekey_rotation::{Login, SecretValue, TargetError};
use rekey_rotators::jwt::{Config, Jwks, Jwt};
use serde_json::{Value, json};
use std::time::Duration;

/// A moment to rotate at.
pub const NOW: i64 = 1_800_000_000;

pub fn value(json: &Value) -> SecretValue {
    SecretValue::new(json.to_string()).unwrap()
}

/// The JSON of a value.
pub fn json(of: &SecretValue) -> Value {
    // Exposed to be looked at: a test plays the application.
    serde_json::from_str(of.expose()).unwrap()
}

pub fn changed(of: &SecretValue, field: &str, to: Value) -> SecretValue {
    let mut json = json(of);
    json[field] = to;
    value(&json)
}

pub fn without(of: &SecretValue, field: &str) -> SecretValue {
    let mut json = json(of);
    json.as_object_mut().unwrap().remove(field);
    value(&json)
}

pub fn kid(of: &SecretValue, field: &str) -> String {
    json(of)[field]["kid"].as_str().unwrap().to_owned()
}

/// A secret before its first rotation. Its times are zero: nothing has to be waited for.
pub fn unborn(alg: &str, place: &str) -> SecretValue {
    value(&json!({
        "alg": alg, "jwks": place,
        "token_lifetime_seconds": 0, "skew_seconds": 0, "cache_seconds": 0,
    }))
}

/// A rotator that does not wait long for its turn: until one that was given back a moment ago is free.
pub fn rotator<J: Jwks>(jwks: &J) -> Jwt<J> {
    patient(jwks, Duration::from_millis(1))
}

/// A rotator that waits so long for its turn.
pub fn patient<J: Jwks>(jwks: &J, turn: Duration) -> Jwt<J> {
    let config = Config {
        turn,
        ..Config::default()
    };
    Jwt::new(jwks.clone(), config)
}

pub fn next<J: Jwks>(jwks: &J, current: &SecretValue, now: i64) -> SecretValue {
    let occasion = Occasion {
        now,
        ..Occasion::default()
    };
    rotator(jwks).next(current, occasion, &mut SysRng).unwrap()
}

/// In the moment in which the pending value was made.
pub fn credentials<'a>(current: &'a SecretValue, pending: &'a SecretValue) -> Credentials<'a> {
    Credentials {
        current,
        pending,
        previous: None,
        superuser: None,
        now: json(pending)["made_at"].as_i64().unwrap_or(NOW),
    }
}

/// `lock` and `set`.
pub async fn set<J: Jwks>(
    jwks: &J,
    current: &SecretValue,
    pending: &SecretValue,
) -> Result<(), TargetError> {
    let credentials = credentials(current, pending);
    let rotator = rotator(jwks);
    let hold = rotator.lock(credentials).await?;
    rotator.set(hold, credentials).await
}

/// A whole rotation; gives the next value.
pub async fn rotate<J: Jwks>(jwks: &J, current: &SecretValue, now: i64) -> SecretValue {
    let pending = next(jwks, current, now);
    set(jwks, current, &pending).await.unwrap();
    rotator(jwks).test(&pending).await.unwrap();
    pending
}

pub const fn revocation<'a>(old: &'a SecretValue, current: &'a SecretValue) -> Revocation<'a> {
    Revocation {
        old,
        current,
        superuser: None,
        switched_at: None,
        now: NOW,
    }
}

pub async fn retire<J: Jwks>(
    jwks: &J,
    old: &SecretValue,
    current: &SecretValue,
) -> Result<(), TargetError> {
    let (rotator, revocation) = (rotator(jwks), revocation(old, current));
    let mut seized = rotator.seize(revocation).await?;
    rotator.revoke(&mut seized, revocation).await.map(drop)
}

pub async fn restore<J: Jwks>(
    jwks: &J,
    old: &SecretValue,
    current: &SecretValue,
) -> Result<(), TargetError> {
    let (rotator, revocation) = (rotator(jwks), revocation(old, current));
    let mut seized = rotator.seize(revocation).await?;
    rotator.restore(&mut seized, revocation).await
}

pub async fn login<J: Jwks>(jwks: &J, of: &SecretValue) -> Result<Login, TargetError> {
    login_beside(jwks, of, of).await
}

/// Tries a value while another one is current.
pub async fn login_beside<J: Jwks>(
    jwks: &J,
    of: &SecretValue,
    current: &SecretValue,
) -> Result<Login, TargetError> {
    let moment = Moment { current, now: NOW };
    rotator(jwks).try_login(of, moment).await
}

/// Whether a verifier that reads `published` takes what the Ed25519 key of a value signs, and knows its next
/// key: by the curve's own library alone.
pub fn is_taken(of: &SecretValue, published: &str) -> bool {
    let (secret, set) = (json(of), serde_json::from_str::<Value>(published).unwrap());
    let bytes = |jwk: &Value, member: &str| -> Option<[u8; 32]> {
        let text = jwk.get(member)?.as_str()?;
        Base64UrlUnpadded::decode_vec(text).ok()?.try_into().ok()
    };
    let named = |kid: &Value| {
        set["keys"]
            .as_array()
            .unwrap()
            .iter()
            .find(|key| key["kid"] == *kid)
    };
    let Some(current) = named(&secret["current"]["kid"]) else {
        return false;
    };
    let signature = SigningKey::from_bytes(&bytes(&secret["current"], "d").unwrap()).sign(b"token");
    let verifying = VerifyingKey::from_bytes(&bytes(current, "x").unwrap()).unwrap();
    let next = named(&secret["next"]["kid"]);
    verifying.verify(b"token", &signature).is_ok()
        && next.is_some_and(|next| next["x"] == secret["next"]["x"])
}

/// A key set that several secrets may publish in.
pub fn shared() -> String {
    json!({"keys": [], "rekey": {"shared": true}}).to_string()
}

/// The class of an error, and its text.
pub fn failure<T>(result: Result<T, TargetError>) -> (&'static str, String) {
    match result {
        Ok(_) => panic!("nothing failed"),
        Err(error) => (error.class().as_str(), error.to_string()),
    }
}
