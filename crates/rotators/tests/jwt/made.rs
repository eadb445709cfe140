//! Keys as they are made, and values that are refused.

use std::time::Instant;

use rand_core::{TryCryptoRng, TryRng};
use rekey_rotation::testing::TestRandomness;
use rekey_rotation::{Occasion, Rotator as _, SecretValue, TargetError};
use serde_json::{Value, json};

use crate::issuer::{NOW, changed, failure, json as parsed, kid, next, rotator, unborn, value};
use crate::memory::Memory;

const PLACE: &str = "s3://keys/jwks.json";

fn made(of: &SecretValue, randomness: &mut impl TryCryptoRng) -> Result<SecretValue, TargetError> {
    let occasion = Occasion {
        now: NOW,
        ..Occasion::default()
    };
    rotator(&Memory::default()).next(of, occasion, randomness)
}

#[test]
fn every_new_key_is_another_one_under_its_thumbprint() {
    let jwks = Memory::default();
    for alg in ["EdDSA", "ES256"] {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..20 {
            let value = next(&jwks, &unborn(alg, PLACE), NOW);
            for field in ["current", "next"] {
                let kid = kid(&value, field);
                assert_eq!(kid.len(), 43, "SHA-256 in base64url");
                assert!(seen.insert(kid));
            }
        }
    }
}

#[test]
fn a_key_is_made_of_the_randomness_that_is_given() {
    for alg in ["EdDSA", "ES256", "RS256"] {
        let secret = unborn(alg, PLACE);
        let of = |seed| made(&secret, &mut TestRandomness::seeded(seed)).unwrap();
        assert_eq!(parsed(&of(1)), parsed(&of(1)), "{alg}");
        assert_ne!(kid(&of(1), "current"), kid(&of(2), "current"), "{alg}");
    }
}

#[test]
fn an_rsa_key_has_2048_bits_or_3072_if_wanted_and_every_member_that_others_ask_for() {
    for (bits, bytes) in [(None, 256), (Some(3072), 384)] {
        let mut secret = unborn("RS256", PLACE);
        if let Some(bits) = bits {
            secret = changed(&secret, "rsa_bits", bits.into());
        }
        let began = Instant::now();
        let value = made(&secret, &mut TestRandomness::fresh()).unwrap();
        println!(
            "RS256, {} bits: two keys in {:?}",
            8 * bytes,
            began.elapsed()
        );
        let key = &parsed(&value)["next"];
        let length = |member: &str| key[member].as_str().unwrap().len() * 3 / 4;
        assert_eq!((length("n"), &key["e"]), (bytes, &"AQAB".into()));
        for member in ["p", "q", "dp", "dq", "qi"] {
            assert!(
                (bytes / 2 - 4..=bytes / 2).contains(&length(member)),
                "{member}"
            );
        }
    }
}

/// Fails at once, or after some numbers.
struct Failing(u32);

impl TryRng for Failing {
    type Error = getrandom::Error;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|number| number as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let left = self.0.checked_sub(1).ok_or(getrandom::Error::UNSUPPORTED)?;
        self.0 = left;
        Ok(u64::from(left).wrapping_mul(0xA076_1D64_78BD_642F))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for byte in bytes {
            *byte = self.try_next_u64()?.to_le_bytes()[7];
        }
        Ok(())
    }
}

impl TryCryptoRng for Failing {}

#[test]
fn where_randomness_fails_no_key_is_made() {
    for alg in ["EdDSA", "ES256", "RS256"] {
        for left in [0, 20] {
            let (class, text) = failure(made(&unborn(alg, PLACE), &mut Failing(left)));
            assert_eq!(class, "internal", "{alg}");
            assert!(text.contains("randomness"), "{text}");
        }
    }
}

fn whole() -> Value {
    parsed(&made(&unborn("EdDSA", PLACE), &mut TestRandomness::fresh()).unwrap())
}

#[test]
fn a_value_that_is_not_of_this_kind_is_refused_by_the_name_of_its_field_and_nothing_else() {
    let other = whole();
    for (field, to) in [
        ("alg", json!("HS256-canary")),
        ("alg", Value::Null),
        ("jwks", json!("canary")),
        ("jwks", json!(["canary"])),
        ("token_lifetime_seconds", json!("canary")),
        ("token_lifetime_seconds", json!(-1)),
        ("token_lifetime_seconds", json!(1.5)),
        ("token_lifetime_seconds", json!(99_999_999)),
        ("cache_seconds", json!("canary")),
        ("skew_seconds", json!(-60)),
        ("rsa_bits", json!(1024)),
        ("current", json!("canary")),
        ("current", json!({"kty": "oct", "k": "canary"})),
        (
            "next",
            json!({"kty": "OKP", "crv": "Ed25519", "x": other["next"]["x"], "d": other["current"]["d"]}),
        ),
        (
            "next",
            json!({"kty": "OKP", "crv": "Ed25519", "x": other["next"]["x"]}),
        ),
        ("previous", other["current"].clone()),
        ("earlier", json!("canary")),
        ("earlier", json!([{"key": other["current"], "until": 1}])),
        ("made_at", json!("canary")),
        ("lineage", json!(1)),
    ] {
        let mut json = whole();
        json[field] = to.clone();
        let refused = rotator(&Memory::default()).overlap(&value(&json));
        let (class, text) = failure(refused);
        assert_eq!(class, "invalid_request", "{field}: {to}");
        assert!(text.contains(&format!("`{field}`")), "{field}: {text}");
        assert!(!text.contains("canary"), "{text}");
    }
    for text in ["canary", "[]", "1"] {
        let (class, text) = failure(
            rotator(&Memory::default()).overlap(&SecretValue::new(text.to_owned()).unwrap()),
        );
        assert_eq!(class, "invalid_request");
        assert!(!text.contains("canary"), "{text}");
    }
    let mut lone = whole();
    lone.as_object_mut().unwrap().remove("current");
    let (class, _) = failure(rotator(&Memory::default()).overlap(&value(&lone)));
    assert_eq!(class, "invalid_request", "a next key without a current one");
}
