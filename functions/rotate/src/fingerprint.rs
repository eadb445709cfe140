use hmac::{Hmac, KeyInit, Mac};
use rekey_rotation::{Fingerprint, Fingerprints, SecretId, SecretValue};
use sha2::Sha256;

/// HMAC-SHA-256 over the secret's id and its value, cut to 128 bits.
#[derive(Clone)]
pub struct KeyedFingerprints(Hmac<Sha256>);

/// The key is too short to keep a fingerprint from being guessed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the secret that REKEY_FINGERPRINT_KEY names must hold at least 32 characters; let CloudFormation generate it (infra/rotation.yaml)"
)]
pub struct KeyTooShort;

impl KeyedFingerprints {
    /// Takes the key from the value of its secret.
    ///
    /// # Errors
    /// [`KeyTooShort`] under 32 bytes.
    pub fn new(key: &SecretValue) -> Result<Self, KeyTooShort> {
        // The MAC needs the bytes of its key.
        let key = key.expose().as_bytes();
        if key.len() < 32 {
            return Err(KeyTooShort);
        }
        Hmac::new_from_slice(key).map(Self).map_err(|_| KeyTooShort)
    }
}

impl Fingerprints for KeyedFingerprints {
    fn fingerprint(&self, secret: &SecretId, value: &SecretValue) -> Fingerprint {
        let mut mac = self.0.clone();
        mac.update(secret.as_str().as_bytes());
        mac.update(&[0]);
        // The MAC is over the value.
        mac.update(value.expose().as_bytes());
        let tag = mac.finalize().into_bytes();
        let half = tag
            .iter()
            .take(16)
            .fold(0, |sum, byte| (sum << 8_u32) | u128::from(*byte));
        Fingerprint::new(format!("hmac-sha256:{half:032x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> SecretValue {
        SecretValue::new(text.to_owned()).unwrap()
    }

    fn secret(name: &str) -> SecretId {
        SecretId::parse(name).unwrap()
    }

    #[test]
    fn the_same_value_has_one_fingerprint_per_secret_and_key() {
        let key = KeyedFingerprints::new(&value(&"k".repeat(32))).unwrap();
        let other = KeyedFingerprints::new(&value(&"q".repeat(32))).unwrap();
        let of = |key: &KeyedFingerprints, name| key.fingerprint(&secret(name), &value("pw"));
        assert_eq!(of(&key, "db/a"), of(&key, "db/a"));
        assert_ne!(of(&key, "db/a"), of(&key, "db/b"));
        assert_ne!(of(&key, "db/a"), of(&other, "db/a"));
        assert_ne!(
            of(&key, "db/a"),
            key.fingerprint(&secret("db/a"), &value("pW"))
        );
    }

    #[test]
    fn a_fingerprint_is_the_hmac_that_rfc_2104_describes() {
        // Computed with Python: hmac.new(b"k" * 32, b"db/a\0pw", "sha256").hexdigest()[:32]
        let key = KeyedFingerprints::new(&value(&"k".repeat(32))).unwrap();
        assert_eq!(
            key.fingerprint(&secret("db/a"), &value("pw")).as_str(),
            "hmac-sha256:a62e0685d8450dc62c70c308acb9eae9"
        );
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(KeyedFingerprints::new(&value(&"k".repeat(31))).is_err());
    }
}
