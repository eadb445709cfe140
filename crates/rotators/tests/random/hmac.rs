//! The keys that a rotation makes.

use std::collections::BTreeSet;

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use rekey_rotation::{ErrorClass, Occasion, Overlap, Rotator as _};
use rekey_rotators::random::{GENERIC, HMAC};
use serde_json::{Value, json};

use crate::case::{NOW, generic, hmac, hmac_secrets, lock, next, value};

fn bytes(secret: &Value) -> Vec<u8> {
    let text = secret["current"].as_str().unwrap();
    match secret["format"].as_str() {
        Some("hex") => {
            assert_eq!(text, text.to_lowercase());
            base16ct::lower::decode_vec(text).unwrap()
        }
        Some("base64url") => Base64UrlUnpadded::decode_vec(text).unwrap(),
        _ => Base64::decode_vec(text.strip_prefix("whsec_").unwrap()).unwrap(),
    }
}

#[tokio::test]
async fn a_new_key_has_the_format_and_the_length_that_the_secret_asks_for() {
    for first in hmac_secrets() {
        for length in 24..=64 {
            let mut current = first.clone();
            current["bytes"] = length.into();
            let pending = next(&hmac(), &current, NOW).unwrap();
            assert_eq!(bytes(&pending).len(), length);
            assert_eq!(lock(&hmac(), &current, &pending).await, Ok(()));
            assert_eq!(hmac().test(&value(&pending)).await, Ok(()));
        }
    }
}

#[test]
fn without_a_length_a_key_has_32_bytes() {
    let pending = next(&hmac(), &hmac_secrets()[0], NOW).unwrap();
    assert_eq!(bytes(&pending).len(), 32);
}

#[test]
fn every_key_is_another_and_every_bit_of_it_changes() {
    let mut keys = BTreeSet::new();
    let (mut ones, mut zeroes) = ([0_u8; 32], [0xFF_u8; 32]);
    let mut current = hmac_secrets()[0].clone();
    for n in 0..200 {
        current = next(&hmac(), &current, NOW + n).unwrap();
        let key = bytes(&current);
        for (place, byte) in key.iter().enumerate() {
            ones[place] |= byte;
            zeroes[place] &= byte;
        }
        keys.insert(key);
    }
    assert_eq!(keys.len(), 200);
    assert_eq!((ones, zeroes), ([0xFF; 32], [0; 32]));
}

/// A key that somebody made long ago is what a rotation is for.
#[tokio::test]
async fn a_key_of_any_length_is_rotated_away() {
    for first in [
        json!({"current": "00ff", "format": "hex"}),
        json!({"current": "whsec_AA=="}),
    ] {
        let pending = next(&hmac(), &first, NOW).unwrap();
        assert_eq!(pending["previous"], first["current"]);
        assert_eq!(lock(&hmac(), &first, &pending).await, Ok(()));
        assert_eq!(hmac().test(&value(&pending)).await, Ok(()));
    }
}

#[tokio::test]
async fn a_set_up_without_rotating_is_looked_through_and_changes_nothing() {
    for first in hmac_secrets() {
        assert_eq!(hmac().probe(&value(&first), None).await, Ok(()));
    }
    let full = json!({"current": "00ff", "format": "hex", "note": "x".repeat(65_450)});
    let refused = hmac().probe(&value(&full), None).await.unwrap_err();
    assert_eq!(refused.class(), ErrorClass::InvalidRequest);
    assert!(refused.to_string().contains("65536"), "{refused}");
    assert_eq!(next(&hmac(), &full, NOW), Err(refused));
}

#[test]
fn a_rotator_and_its_entry_say_the_same() {
    for (rotator, entry) in [(hmac(), HMAC), (generic(), GENERIC)] {
        assert_eq!(rotator.kind(), entry.kind);
        assert_eq!(entry.overlaps, [Overlap::PreviousInside]);
    }
    assert_eq!(hmac().superuser(&value(&hmac_secrets()[0])), Ok(None));
}

#[test]
fn randomness_that_fails_makes_no_value() {
    struct Broken;
    impl rand_core::TryRng for Broken {
        type Error = std::io::Error;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Err(std::io::ErrorKind::Other.into())
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Err(std::io::ErrorKind::Other.into())
        }
        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
            Err(std::io::ErrorKind::Other.into())
        }
    }
    impl rand_core::TryCryptoRng for Broken {}
    let password = json!({"password": "a password of somebody"});
    for (rotator, current) in [(hmac(), hmac_secrets()[0].clone()), (generic(), password)] {
        let refused = rotator.next(&value(&current), Occasion::default(), &mut Broken);
        assert_eq!(refused.unwrap_err().class(), ErrorClass::Internal);
    }
}
