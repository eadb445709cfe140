use ed25519_dalek::VerifyingKey as Ed25519;
use p256::ecdsa::VerifyingKey as P256;
use p256::ecdsa::signature::Verifier as _;
use rsa::pkcs1v15;
use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, RsaPublicKey};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::wire::{decoded, encoded, text};

/// The part of a key that verifies, with the name under which it is published.
#[derive(Clone)]
pub(super) struct PublicKey {
    kid: String,
    /// What identifies the key itself (RFC 7638).
    thumbprint: String,
    material: Material,
}

#[derive(Clone)]
pub(super) enum Material {
    Ed25519(Ed25519),
    P256(P256),
    Rsa(RsaPublicKey),
}

/// Verifiers take no shorter modulus, and none of ours takes a longer one.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=4096;

impl PublicKey {
    /// Under its own name, or else under its thumbprint.
    pub(super) fn new(material: Material, kid: Option<&str>) -> Self {
        let thumbprint = material.thumbprint();
        Self {
            kid: kid.unwrap_or(&thumbprint).to_owned(),
            thumbprint,
            material,
        }
    }

    /// From a JSON Web Key (RFC 7517); `None` when it is of a kind that is not made here, or is broken.
    pub(super) fn parse(jwk: &Map<String, Value>) -> Option<Self> {
        let material = Material::parse(jwk)?;
        if text(jwk, "alg").is_some_and(|alg| alg != material.alg()) {
            return None;
        }
        let kid = match jwk.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str().filter(|kid| !kid.is_empty())?),
        };
        Some(Self::new(material, kid))
    }

    /// The name that a token's header gives: of our own keys, the thumbprint.
    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    /// Whether its name is its thumbprint, which no other key has.
    pub(super) fn has_its_own_name(&self) -> bool {
        self.kid == self.thumbprint
    }

    /// Whether a published key is this one, whatever it is called and said to be for.
    pub(super) fn is_made_of(&self, jwk: &Map<String, Value>) -> bool {
        let published = Material::parse(jwk);
        published.is_some_and(|published| published.thumbprint() == self.thumbprint)
    }

    /// As it is published.
    pub(super) fn jwk(&self) -> Value {
        let mut jwk = self.material.required();
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".to_owned(), self.kid.as_str().into());
            members.insert("alg".to_owned(), self.material.alg().into());
            members.insert("use".to_owned(), "sig".into());
        }
        jwk
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Ed25519(key) => {
                let signature = ed25519_dalek::Signature::from_slice(signature);
                signature.is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
            }
            Material::P256(key) => {
                let signature = p256::ecdsa::Signature::from_slice(signature);
                signature.is_ok_and(|signature| key.verify(message, &signature).is_ok())
            }
            Material::Rsa(key) => {
                let key = pkcs1v15::VerifyingKey::<Sha256>::new(key.clone());
                let signature = pkcs1v15::Signature::try_from(signature);
                signature.is_ok_and(|signature| key.verify(message, &signature).is_ok())
            }
        }
    }
}

/// Keys are compared by their thumbprints, whatever they are called.
impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.thumbprint == other.thumbprint
    }
}

impl Material {
    fn parse(jwk: &Map<String, Value>) -> Option<Self> {
        match (text(jwk, "kty")?, text(jwk, "crv")) {
            ("OKP", Some("Ed25519")) => {
                let x = <[u8; 32]>::try_from(decoded(jwk, "x")?.as_slice()).ok()?;
                Ed25519::from_bytes(&x).ok().map(Self::Ed25519)
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (decoded(jwk, "x")?, decoded(jwk, "y")?);
                if (x.len(), y.len()) != (32, 32) {
                    return None;
                }
                // SEC 1: 4 is a point with both coordinates.
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                P256::from_sec1_bytes(&point).ok().map(Self::P256)
            }
            ("RSA", _) => {
                let number = |member| decoded(jwk, member).map(|it| number(&it));
                let key = RsaPublicKey::new(number("n")?, number("e")?).ok()?;
                let fits = RSA_BITS.contains(&key.n().bits());
                fits.then_some(Self::Rsa(key))
            }
            _ => None,
        }
    }

    pub(super) const fn alg(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
            Self::Rsa(_) => "RS256",
        }
    }

    /// The members that make the key, and nothing else; a JSON object writes them in the order of their names.
    fn required(&self) -> Value {
        match self {
            Self::Ed25519(key) => {
                json!({"crv": "Ed25519", "kty": "OKP", "x": encoded(key.as_bytes())})
            }
            Self::P256(key) => {
                let point = key.to_sec1_bytes_uncompressed();
                let (x, y) = point.split_at(point.len() / 2);
                json!({"crv": "P-256", "kty": "EC", "x": encoded(x), "y": encoded(y)})
            }
            Self::Rsa(key) => {
                let e = key.e().to_be_bytes_trimmed_vartime();
                let n = key.n().to_be_bytes_trimmed_vartime();
                json!({"e": encoded(&e), "kty": "RSA", "n": encoded(&n)})
            }
        }
    }

    fn thumbprint(&self) -> String {
        encoded(&Sha256::digest(self.required().to_string()))
    }
}

pub(super) fn number(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(bytes)
}

/// The two coordinates, one after the other.
trait Coordinates {
    fn to_sec1_bytes_uncompressed(&self) -> Vec<u8>;
}

impl Coordinates for P256 {
    fn to_sec1_bytes_uncompressed(&self) -> Vec<u8> {
        let point = self.to_sec1_point(false);
        // Without the byte that says how it is written.
        point.as_bytes().get(1..).unwrap_or_default().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(jwk: &Value) -> Option<PublicKey> {
        PublicKey::parse(jwk.as_object().unwrap())
    }

    /// RFC 7638, section 3.1.
    #[test]
    fn the_thumbprint_of_an_rsa_key_is_that_of_the_standard() {
        let key = parsed(&json!({
            "kty": "RSA",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
            "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        })).unwrap();
        assert_eq!(
            key.thumbprint,
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
        assert_eq!(key.kid(), "2011-04-29");
    }

    /// RFC 8037, appendix A.3.
    #[test]
    fn the_thumbprint_of_an_ed25519_key_is_that_of_the_standard() {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let key = parsed(&jwk).unwrap();
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let mut published = jwk;
        published["kid"] = key.kid().into();
        published["alg"] = "EdDSA".into();
        published["use"] = "sig".into();
        assert_eq!(key.jwk(), published);
    }

    #[test]
    fn what_is_broken_or_of_another_kind_is_no_key() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        for jwk in [
            json!({}),
            json!({"kty": "oct", "k": x}),
            json!({"kty": "OKP", "crv": "X25519", "x": x}),
            json!({"kty": "OKP", "crv": "Ed25519"}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": "11qY"}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": format!("{x}=")}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "ES256"}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": 1}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": ""}),
            json!({"kty": "EC", "crv": "P-256", "x": x, "y": x}),
            json!({"kty": "EC", "crv": "P-384", "x": x, "y": x}),
            json!({"kty": "RSA", "n": x, "e": "AQAB"}),
        ] {
            assert!(parsed(&jwk).is_none(), "{jwk}");
        }
    }
}
