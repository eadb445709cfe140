use std::convert::Infallible;

use ed25519_dalek::SigningKey as Ed25519;
use p256::SecretKey as P256;
use p256::ecdsa::signature::Signer as _;
use p256::elliptic_curve::Generate as _;
use rand_core::{TryCryptoRng, TryRng};
use rekey_rotation::TargetError;
use rsa::traits::PrivateKeyParts as _;
use rsa::{RsaPrivateKey, pkcs1v15};
use serde_json::{Map, Value};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::algorithm::Algorithm;
use super::public_key::{Material, PublicKey, number};
use super::wire::{decoded, encoded};

/// A key that signs. Each of the three is overwritten when it is dropped.
pub(super) struct PrivateKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Ed25519(Ed25519),
    P256(P256),
    Rsa(Box<RsaPrivateKey>),
}

/// A member of a JSON Web Key, and its bytes.
type Member = (&'static str, Zeroizing<Vec<u8>>);

/// What is signed to see that a key is published. No token begins like this, so it can be taken for none.
const PROOF: &[u8] = b"rekey: is this key published?";

impl PrivateKey {
    /// A new key, under its thumbprint.
    pub(super) fn generate<R: TryCryptoRng>(
        algorithm: Algorithm,
        randomness: &mut R,
    ) -> Result<Self, TargetError> {
        let pair = match algorithm {
            Algorithm::EdDsa => {
                let mut seed = Zeroizing::new([0; 32]);
                let drawn = randomness.try_fill_bytes(seed.as_mut_slice());
                drawn.map_err(|_| no_randomness())?;
                Pair::Ed25519(Ed25519::from_bytes(&seed))
            }
            Algorithm::Es256 => {
                let key = P256::try_generate_from_rng(randomness);
                Pair::P256(key.map_err(|_| no_randomness())?)
            }
            Algorithm::Rs256 { bits } => {
                let mut watched = Watched {
                    randomness,
                    failures: 0,
                };
                let key = RsaPrivateKey::new(&mut watched, bits);
                if watched.failures > 0 {
                    return Err(no_randomness());
                }
                let key = key.map_err(|_| {
                    TargetError::Internal("no RSA key could be made; try again".to_owned())
                })?;
                Pair::Rsa(Box::new(key))
            }
        };
        Ok(Self::of(pair, None))
    }

    fn of(pair: Pair, kid: Option<&str>) -> Self {
        let public = PublicKey::new(pair.public(), kid);
        Self { pair, public }
    }

    /// From a private JSON Web Key; `None` when it is of another kind, or its two parts do not belong together.
    pub(super) fn parse(jwk: &Map<String, Value>) -> Option<Self> {
        let public = PublicKey::parse(jwk)?;
        let d = decoded(jwk, "d")?;
        let pair = match jwk.get("kty")?.as_str()? {
            "OKP" => {
                let seed = Zeroizing::new(<[u8; 32]>::try_from(d.as_slice()).ok()?);
                Pair::Ed25519(Ed25519::from_bytes(&seed))
            }
            "EC" => Pair::P256(P256::from_slice(&d).ok()?),
            _ => {
                let number = |member| decoded(jwk, member).map(|it| number(&it));
                let primes = vec![number("p")?, number("q")?];
                let key = RsaPrivateKey::from_components(
                    number("n")?,
                    number("e")?,
                    number("d")?,
                    primes,
                );
                Pair::Rsa(Box::new(key.ok()?))
            }
        };
        let key = Self::of(pair, Some(public.kid()));
        (key.public == public).then_some(key)
    }

    pub(super) const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// With its private members, for the secret and nothing else.
    pub(super) fn jwk(&self) -> Result<Value, TargetError> {
        let mut jwk = self.public.jwk();
        if let Some(members) = jwk.as_object_mut() {
            for (name, bytes) in self.pair.private()? {
                members.insert(name.to_owned(), encoded(&bytes).into());
            }
        }
        Ok(jwk)
    }

    /// Whether what this key signs is taken by `published`.
    pub(super) fn is_taken_by(&self, published: &PublicKey) -> Result<bool, TargetError> {
        let signature = self.pair.sign(PROOF)?;
        Ok(published.verifies(PROOF, &signature))
    }
}

impl Pair {
    fn public(&self) -> Material {
        match self {
            Self::Ed25519(key) => Material::Ed25519(key.verifying_key()),
            Self::P256(key) => Material::P256(key.public_key().into()),
            Self::Rsa(key) => Material::Rsa(key.to_public_key()),
        }
    }

    fn private(&self) -> Result<Vec<Member>, TargetError> {
        Ok(match self {
            Self::Ed25519(key) => vec![("d", Zeroizing::new(key.to_bytes().to_vec()))],
            Self::P256(key) => vec![("d", Zeroizing::new(key.to_bytes().to_vec()))],
            Self::Rsa(key) => {
                let bytes = |number: &rsa::BoxedUint| {
                    Zeroizing::new(number.to_be_bytes_trimmed_vartime().into_vec())
                };
                let (Some(dp), Some(dq), Some(qi), [p, q]) =
                    (key.dp(), key.dq(), key.crt_coefficient(), key.primes())
                else {
                    return Err(TargetError::Internal(
                        "the parts of an RSA key could not be worked out".to_owned(),
                    ));
                };
                vec![
                    ("d", bytes(key.d())),
                    ("p", bytes(p)),
                    ("q", bytes(q)),
                    ("dp", bytes(dp)),
                    ("dq", bytes(dq)),
                    ("qi", bytes(&qi)),
                ]
            }
        })
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, TargetError> {
        match self {
            Self::Ed25519(key) => Ok(key.sign(message).to_vec()),
            Self::P256(key) => {
                let key = p256::ecdsa::SigningKey::from(key);
                let signature: p256::ecdsa::Signature = key.sign(message);
                Ok(signature.to_vec())
            }
            Self::Rsa(key) => {
                let key = pkcs1v15::SigningKey::<Sha256>::new(key.as_ref().clone());
                let signature = key.try_sign(message);
                let signature = signature
                    .map_err(|_| TargetError::Internal("the RSA key does not sign".to_owned()))?;
                Ok(Box::<[u8]>::from(signature).into_vec())
            }
        }
    }
}

/// RSA takes randomness that never fails. When it does fail, numbers go on, so that the search for primes comes
/// to its end, and what it finds is thrown away.
struct Watched<'r, R> {
    randomness: &'r mut R,
    failures: u64,
}

impl<R: TryCryptoRng> Watched<'_, R> {
    fn failed(&mut self) -> u64 {
        self.failures = self.failures.wrapping_add(1);
        // SplitMix64's increment, so that all bits change.
        self.failures.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

impl<R: TryCryptoRng> TryRng for Watched<'_, R> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let drawn = self.randomness.try_next_u32();
        Ok(drawn.unwrap_or_else(|_| (self.failed() >> 32) as u32))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let drawn = self.randomness.try_next_u64();
        Ok(drawn.unwrap_or_else(|_| self.failed()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        if self.randomness.try_fill_bytes(bytes).is_err() {
            for chunk in bytes.chunks_mut(8) {
                let word = self.failed().to_le_bytes();
                chunk.iter_mut().zip(word).for_each(|(to, from)| *to = from);
            }
        }
        Ok(())
    }
}

impl<R: TryCryptoRng> TryCryptoRng for Watched<'_, R> {}

fn no_randomness() -> TargetError {
    TargetError::Internal("the randomness to make a key from failed".to_owned())
}
