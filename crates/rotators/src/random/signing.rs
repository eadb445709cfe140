use hmac::{Hmac, KeyInit as _, Mac as _};
use rekey_rotation::TargetError;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::format::{Format, length};
use super::held::Held;
use crate::object::{invalid, same};

/// What is signed to see whether two agree on a key.
const MESSAGE: &[u8] = b"a message between those who read the secret";

/// The keys of a webhook: HMAC-SHA256.
pub(super) struct Signing<'a> {
    held: &'a Held,
    format: Format,
    length: usize,
}

impl<'a> Signing<'a> {
    /// Takes a secret whose every key is written in its format.
    pub(super) fn of(held: &'a Held) -> Result<Self, TargetError> {
        let format = Format::of(held)?;
        let previous = held.previous().map(|previous| previous.text);
        let mut keys = [Some(held.current()), previous].into_iter().flatten();
        if keys.any(|key| format.read(key).is_none()) {
            return Err(invalid(
                "a key is not written as `format` says: `whsec_` is Base64 with padding behind that prefix (the default), `hex` two digits for each byte, `base64url` without padding; correct `format`, or the keys, in AWSCURRENT",
            ));
        }
        Ok(Self {
            held,
            format,
            length: length(held)?,
        })
    }

    pub(super) const fn length(&self) -> usize {
        self.length
    }

    /// A key as this secret writes it.
    pub(super) fn write(&self, bytes: &[u8]) -> Zeroizing<String> {
        self.format.write(bytes)
    }

    /// Checks that the key in use has the length that the secret asks of new ones. One that was there before
    /// the first rotation may have another.
    pub(super) fn check_length(&self) -> Result<(), TargetError> {
        let key = self.format.read(self.held.current());
        if key.is_some_and(|key| key.len() == self.length) {
            return Ok(());
        }
        Err(invalid(
            "the new key of AWSPENDING has another length than `bytes` says (32 without it): it was not made here; take AWSPENDING from its version (update-secret-version-stage) and rotate again",
        ))
    }

    /// Whether a receiver that reads this secret accepts what `key` has signed.
    pub(super) fn accepts(&self, key: &str, now: i64) -> bool {
        let Some(signature) = self.format.read(key).and_then(|key| sign(&key)) else {
            return false;
        };
        let accepted = self.held.accepted(now);
        // Every one is tried, whatever the others said.
        let matches = accepted.map(|key| {
            let verifier = self.format.read(key).and_then(|key| keyed(&key));
            verifier.is_some_and(|mac| mac.verify_slice(&signature).is_ok())
        });
        matches.fold(false, |any, one| any | one)
    }

    /// Whether the key in use, with its last byte changed, is accepted.
    pub(super) fn accepts_a_wrong_one(&self, now: i64) -> bool {
        let Some(mut key) = self.format.read(self.held.current()) else {
            return false;
        };
        if let Some(last) = key.last_mut() {
            *last = !*last;
        }
        self.accepts(&self.write(&key), now)
    }
}

fn keyed(key: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(MESSAGE);
    Some(mac)
}

fn sign(key: &[u8]) -> Option<Vec<u8>> {
    Some(keyed(key)?.finalize().into_bytes().to_vec())
}

/// Whether whoever reads a secret of plain values accepts one: it is compared as it stands.
pub(super) fn accepts(held: &Held, value: &str, now: i64) -> bool {
    let matches = held.accepted(now).map(|accepted| same(accepted, value));
    matches.fold(false, |any, one| any | one)
}
