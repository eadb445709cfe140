//! JSON Web Tokens: a signer that keeps the secret for a while, and a verifier that keeps the published key set.

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, bail, ensure};
use base64ct::{Base64UrlUnpadded as Base64, Encoding as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use rekey_tests::cloud::{Cloud, REGION};
use rekey_tests::database::random_bytes;
use rekey_tests::door::Door;
use rekey_tests::secrets::Version;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::service::{Done, Service};

/// Where the key set is published.
const BUCKET: &str = "rekey-demo-keys";
const OBJECT: &str = ".well-known/jwks.json";
/// How long a token is good for.
const LIFETIME: Duration = Duration::from_secs(12);
/// How long a verifier keeps the key set.
const CACHE: Duration = Duration::from_secs(5);
const SKEW: Duration = Duration::from_secs(1);

/// A key set in S3.
pub struct KeySet {
    door: Door,
}

/// What a verifier has read, and tokens that somebody still has.
#[derive(Default)]
pub struct Verifier {
    published: Option<(Value, Instant)>,
    tokens: VecDeque<(String, Instant)>,
}

impl KeySet {
    /// The object's ARN.
    pub fn arn() -> String {
        format!("arn:aws:s3:::{BUCKET}/{OBJECT}")
    }

    /// Publishes the keys of a service that signs already; the key set, and the secret's value.
    pub async fn make(cloud: &Cloud) -> Result<(Self, Value)> {
        let door = Door::of(cloud);
        let (current, next) = (private_key()?, private_key()?);
        let mut published = [current.clone(), next.clone()];
        for key in &mut published {
            let members = key.as_object_mut().context("no object")?;
            members.remove("d");
        }
        let region = format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        );
        let bucket = format!("/{BUCKET}");
        let made = door.rest("s3", "PUT", &bucket, &region).await?;
        ensure!(made == 200, "no bucket: {made}");
        let path = format!("/{BUCKET}/{OBJECT}");
        let document = json!({ "keys": published }).to_string();
        let put = door.rest("s3", "PUT", &path, &document).await?;
        ensure!(put == 200, "the key set was not put: {put}");
        let value = json!({
            "alg": "EdDSA",
            "jwks": format!("s3://{BUCKET}/{OBJECT}"),
            "token_lifetime_seconds": LIFETIME.as_secs(),
            "skew_seconds": SKEW.as_secs(),
            "cache_seconds": CACHE.as_secs(),
            "current": current,
            "next": next,
        });
        Ok((Self { door }, value))
    }

    async fn read(&self) -> Result<Value> {
        let path = format!("/{BUCKET}/{OBJECT}");
        let text = self.door.object(&path).await?;
        serde_json::from_str(&text).context("no key set")
    }

    /// Whether the verifier takes a token. It reads the key set again when its own is old, or has not the key.
    async fn verifies(&self, verifier: &mut Verifier, token: &str) -> Result<bool> {
        let fresh = |(_, since): &(Value, Instant)| since.elapsed() < CACHE;
        verifier.published = verifier.published.take().filter(fresh);
        if let Some((key_set, _)) = &verifier.published
            && let Some(key) = named(key_set, token)?
        {
            return is_signed_by(&key, token);
        }
        let key_set = self.read().await?;
        let key = named(&key_set, token)?;
        verifier.published = Some((key_set, Instant::now()));
        match key {
            Some(key) => is_signed_by(&key, token),
            None => Ok(false),
        }
    }
}

impl Service for KeySet {
    type Kept = Verifier;

    const EVERY: Duration = Duration::from_millis(100);

    /// A new token, and the oldest one that is still good: signed before the switch, for a while.
    async fn operate(&self, verifier: &mut Verifier, own: &Version, _: &Version) -> Result<Done> {
        let token = signed(&own.value["current"])?;
        ensure!(
            self.verifies(verifier, &token).await?,
            "a token was refused that was signed just now"
        );
        let good = |(_, since): &(String, Instant)| since.elapsed() < LIFETIME;
        verifier.tokens.retain(good);
        verifier.tokens.push_back((token, Instant::now()));
        if let Some((oldest, since)) = verifier.tokens.front().cloned() {
            let age = since.elapsed().as_secs();
            ensure!(
                self.verifies(verifier, &oldest).await?,
                "a token was refused {age} s after it was signed"
            );
        }
        Ok(Done::AtOnce)
    }

    async fn takes(&self, version: &Version) -> Result<bool> {
        let token = signed(&version.value["current"])?;
        self.verifies(&mut Verifier::default(), &token).await
    }
}

/// A new key, under its thumbprint (RFC 7638).
fn private_key() -> Result<Value> {
    let seed: [u8; 32] = random_bytes()?;
    let key = SigningKey::from_bytes(&seed);
    let x = Base64::encode_string(key.verifying_key().as_bytes());
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    let kid = Base64::encode_string(&Sha256::digest(members));
    Ok(json!({
        "kty": "OKP", "crv": "Ed25519", "x": x, "d": Base64::encode_string(&seed),
        "kid": kid, "alg": "EdDSA", "use": "sig",
    }))
}

/// A token of this moment.
fn signed(key: &Value) -> Result<String> {
    let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
    let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": key["kid"] });
    let claims = json!({ "sub": "order", "iat": now, "exp": now + LIFETIME.as_secs() });
    let part = |json: Value| Base64::encode_string(json.to_string().as_bytes());
    let message = format!("{}.{}", part(header), part(claims));
    let key = SigningKey::from_bytes(&bytes(key, "d")?);
    let signature = key.sign(message.as_bytes()).to_bytes();
    Ok(format!("{message}.{}", Base64::encode_string(&signature)))
}

/// The key that a token names.
fn named(key_set: &Value, token: &str) -> Result<Option<Value>> {
    let header = token.split('.').next().context("no header")?;
    let header: Value = serde_json::from_slice(&decoded(header)?)?;
    let keys = key_set["keys"].as_array().context("no keys")?;
    let found = keys.iter().find(|key| key["kid"] == header["kid"]);
    Ok(found.cloned())
}

fn is_signed_by(key: &Value, token: &str) -> Result<bool> {
    let (message, signature) = token.rsplit_once('.').context("no signature")?;
    let signature = Signature::from_slice(&decoded(signature)?)?;
    let key = VerifyingKey::from_bytes(&bytes(key, "x")?)?;
    let (_, claims) = message.split_once('.').context("no claims")?;
    let claims: Value = serde_json::from_slice(&decoded(claims)?)?;
    let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
    let good_for = claims["exp"].as_u64().context("no end")? + SKEW.as_secs();
    Ok(now <= good_for && key.verify_strict(message.as_bytes(), &signature).is_ok())
}

fn bytes(key: &Value, member: &str) -> Result<[u8; 32]> {
    let text = key[member].as_str().context("no such member")?;
    match decoded(text)?.try_into() {
        Ok(bytes) => Ok(bytes),
        Err(_) => bail!("a key of another length"),
    }
}

fn decoded(text: &str) -> Result<Vec<u8>> {
    Base64::decode_vec(text).map_err(|_| anyhow::anyhow!("not base64url"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_by_its_own_key_and_by_no_other() -> Result<()> {
        let (ours, another) = (private_key()?, private_key()?);
        let token = signed(&ours)?;
        assert!(is_signed_by(&ours, &token)?);
        assert!(!is_signed_by(&another, &token)?);
        let published = json!({ "keys": [another, ours] });
        assert_eq!(named(&published, &token)?, Some(ours));
        let published = json!({ "keys": [another] });
        assert_eq!(named(&published, &token)?, None);
        Ok(())
    }

    #[test]
    fn a_token_whose_time_is_over_is_refused() -> Result<()> {
        let key = private_key()?;
        let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
        for (end, is_taken) in [(now + 5, true), (now - SKEW.as_secs() - 5, false)] {
            let claims = json!({ "exp": end }).to_string();
            let message = format!("e30.{}", Base64::encode_string(claims.as_bytes()));
            let signature = SigningKey::from_bytes(&bytes(&key, "d")?).sign(message.as_bytes());
            let signature = Base64::encode_string(&signature.to_bytes());
            let token = format!("{message}.{signature}");
            assert_eq!(is_signed_by(&key, &token)?, is_taken);
        }
        Ok(())
    }
}
