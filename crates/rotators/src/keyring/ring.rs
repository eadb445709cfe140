use rekey_rotation::{SecretValue, TargetError};
use serde_json::Value;
use subtle::{Choice, ConstantTimeEq as _};

use crate::object::{Object, invalid};

/// The length of a key that is made here: letters and digits, 381 bits. The first one, which
/// CloudFormation makes (`infra/`), is like it.
pub(super) const KEY_LENGTH: usize = 64;
/// The shortest key that those who seal and verify take, in bytes.
const SHORTEST: usize = 32;
/// The field that names the key in use.
const CURRENT: &str = "current";

/// Every key that the trail was sealed with, each under its number, and the number of the one in use:
/// `{"current": "2", "1": "...", "2": "..."}`. Between the oldest and the newest none is missing.
pub(super) struct Ring {
    object: Object,
    oldest: u32,
    newest: u32,
    current: u32,
}

impl Ring {
    pub(super) fn parse(value: &SecretValue) -> Result<Self, TargetError> {
        let object = Object::parse(value).map_err(|_| form())?;
        let (mut oldest, mut newest, mut count) = (u32::MAX, 0, 0);
        let mut current = None;
        for (name, value) in object.fields() {
            let Value::String(text) = value else {
                return Err(form());
            };
            if name == CURRENT {
                current = number(text);
                continue;
            }
            let number = number(name).ok_or_else(form)?;
            if text.len() < SHORTEST {
                return Err(invalid(
                    "a key of the audit trail has fewer than 32 characters and can be guessed; put it back from an earlier version of the secret",
                ));
            }
            oldest = oldest.min(number);
            newest = newest.max(number);
            count += 1;
        }
        let current = current.ok_or_else(form)?;
        if !(oldest..=newest).contains(&current) {
            return Err(invalid(
                "`current` names a key of the audit trail that is not there; put it back from an earlier version of the secret",
            ));
        }
        // `oldest` is at least 1 and at most `newest` here.
        if newest - oldest + 1 != count {
            return Err(invalid(
                "a key of the audit trail is missing between the oldest and the newest; put it back from an earlier version of the secret: without it, what it sealed is not verified",
            ));
        }
        Ok(Self {
            object,
            oldest,
            newest,
            current,
        })
    }

    /// The same with one key more, which is then the one in use.
    pub(super) fn grown(mut self, key: &str) -> Result<SecretValue, TargetError> {
        let number = self.newest.checked_add(1).ok_or_else(full)?.to_string();
        self.object.set(&number, key);
        self.object.set(CURRENT, &number);
        SecretValue::new(self.object.written()?).map_err(|_| full())
    }

    /// Checks that this is `earlier` with every key as it was and one more, which is the one in use.
    pub(super) fn check_follows(&self, earlier: &Self) -> Result<(), TargetError> {
        // Neither misses one in between: so it is one more exactly.
        let one_more =
            self.oldest == earlier.oldest && earlier.newest.checked_add(1) == Some(self.newest);
        let mut kept = Choice::from(1);
        for number in earlier.oldest..=earlier.newest {
            kept &= self.key(number).ct_eq(earlier.key(number));
        }
        if !(one_more && bool::from(kept)) {
            return Err(invalid(
                "AWSPENDING does not hold every key of AWSCURRENT as it is and one more: one of them was changed by hand; take AWSPENDING from its version (update-secret-version-stage) and rotate again",
            ));
        }
        self.check_newest_in_use()
    }

    /// Checks that the key in use is the newest, as a rotation leaves it.
    pub(super) fn check_newest_in_use(&self) -> Result<(), TargetError> {
        if self.current == self.newest {
            return Ok(());
        }
        Err(invalid(
            "the key in use of AWSPENDING is not its newest; take AWSPENDING from its version (update-secret-version-stage) and rotate again",
        ))
    }

    fn key(&self, number: u32) -> &[u8] {
        let key = self.object.field(&number.to_string());
        key.and_then(Value::as_str).unwrap_or_default().as_bytes()
    }
}

/// A number from 1, in the one spelling that it has.
fn number(text: &str) -> Option<u32> {
    let plain = text.starts_with(|first| matches!(first, '1'..='9'));
    text.parse().ok().filter(|_| plain)
}

fn form() -> TargetError {
    invalid(
        "the keys of the audit trail must be a JSON object of texts: each key under its number (from 1), and under `current` the number of the one in use",
    )
}

fn full() -> TargetError {
    invalid(
        "another key of the audit trail does not fit into the 65536 bytes that Secrets Manager keeps in a version, and none is ever dropped here; rotate less often, keep a copy of the secret where old records are verified, take the oldest keys out by hand, and rotate again",
    )
}
