use std::collections::BTreeMap;
use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::digest::{hex, unhex};

/// The shortest key, in bytes.
const SHORTEST: usize = 32;
/// The field that names the key in use.
const CURRENT: &str = "current";

/// The id of a key: a number, given one after the other, from 1.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeyId {
    /// Its number; keys are numbered one after the other, so a lower one is older.
    pub(crate) fn number(&self) -> Option<u64> {
        self.0.parse().ok()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Every key that the trail was ever sealed with: `{"current": "2", "1": "...", "2": "..."}`. A rotation
/// adds one and takes none away, so what was sealed with an old key stays verifiable.
#[derive(Clone)]
pub struct Keyring {
    current: KeyId,
    keys: BTreeMap<KeyId, Key>,
}

#[derive(Clone)]
struct Key(Hmac<Sha256>);

/// A value that is no keyring. It is not repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoKeyring {
    /// Not the form of it.
    #[error("the keys of the audit trail are a JSON object of texts with the field `current`")]
    Form,
    /// The key in use is not among them.
    #[error("`current` names a key that is not there")]
    NoCurrent,
    /// One of them can be guessed.
    #[error("a key of the audit trail has fewer than 32 characters")]
    Short,
}

/// What a MAC is over: one kind is never taken for another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Sealed {
    Link,
    Head,
}

impl Sealed {
    const fn domain(self) -> &'static [u8] {
        match self {
            Self::Link => b"rekey/audit/link/1\n",
            Self::Head => b"rekey/audit/head/1\n",
        }
    }
}

/// Whether a MAC is right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Check {
    Right,
    Wrong,
    /// The key is not in this keyring.
    UnknownKey,
}

impl Keyring {
    /// Reads the value of its secret.
    ///
    /// # Errors
    /// [`NoKeyring`].
    pub fn parse(value: &str) -> Result<Self, NoKeyring> {
        let fields: Map<String, Value> =
            serde_json::from_str(value).map_err(|_| NoKeyring::Form)?;
        let mut current = None;
        let mut keys = BTreeMap::new();
        for (name, value) in fields {
            let Value::String(text) = value else {
                return Err(NoKeyring::Form);
            };
            let text = Zeroizing::new(text);
            if name == CURRENT {
                current = Some(KeyId(text.as_str().to_owned()));
                continue;
            }
            if text.len() < SHORTEST {
                return Err(NoKeyring::Short);
            }
            let key = Hmac::new_from_slice(text.as_bytes()).map_err(|_| NoKeyring::Short)?;
            keys.insert(KeyId(name), Key(key));
        }
        let current = current.ok_or(NoKeyring::NoCurrent)?;
        if !keys.contains_key(&current) {
            return Err(NoKeyring::NoCurrent);
        }
        Ok(Self { current, keys })
    }

    /// The key in use.
    #[must_use]
    pub fn current(&self) -> &KeyId {
        &self.current
    }

    /// Whether a key is among them.
    #[must_use]
    pub fn has(&self, key: &KeyId) -> bool {
        self.keys.contains_key(key)
    }

    /// Seals with the key in use.
    pub(crate) fn seal(&self, what: Sealed, over: &[u8]) -> (KeyId, String) {
        let tag = self.keys.get(&self.current).map(|key| {
            let mut mac = key.0.clone();
            mac.update(what.domain());
            mac.update(over);
            hex(&mac.finalize().into_bytes())
        });
        // `parse` saw to it that the key in use is there.
        (self.current.clone(), tag.unwrap_or_default())
    }

    /// Checks a seal, in a time that does not depend on it.
    pub(crate) fn check(&self, what: Sealed, key: &KeyId, over: &[u8], tag: &str) -> Check {
        let Some(key) = self.keys.get(key) else {
            return Check::UnknownKey;
        };
        let mut mac = key.0.clone();
        mac.update(what.domain());
        mac.update(over);
        match unhex(tag).map(|tag| mac.verify_slice(&tag)) {
            Some(Ok(())) => Check::Right,
            _ => Check::Wrong,
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} keys]", self.keys.len())
    }
}
