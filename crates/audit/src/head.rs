use serde::{Deserialize, Serialize};

use crate::chain::Chain;
use crate::digest::{Unwritable, canonical};
use crate::keyring::{Check, KeyId, Keyring, Sealed};
use crate::link::{BEGINNING, Link, written};

/// The end of a chain: how many records there are, and the hash of the last. Sealed, so that whoever can
/// write into the table but lacks the key cannot make the chain shorter.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The chain.
    pub chain: Chain,
    /// How many records it has, which is the place of the last.
    pub seq: u64,
    /// The hash of the last.
    pub hash: String,
    /// When the last was written down, RFC 3339.
    pub at: String,
    /// The key of the seal.
    pub key: KeyId,
    /// An HMAC-SHA-256 over `rekey/audit/head/1`, a line feed, and the RFC 8785 spelling of an object with
    /// the fields `chain`, `seq`, `hash` and `at`.
    pub mac: String,
}

#[derive(Serialize)]
struct Said<'a> {
    chain: &'a Chain,
    seq: u64,
    hash: &'a str,
    at: &'a str,
}

impl Head {
    /// The end of a chain whose last record is `last`.
    ///
    /// # Errors
    /// [`Unwritable`].
    pub fn at(last: &Link, now: i64, keyring: &Keyring) -> Result<Self, Unwritable> {
        let mut head = Self {
            chain: last.chain.clone(),
            seq: last.seq,
            hash: last.hash.clone(),
            at: written(now),
            key: keyring.current().clone(),
            mac: String::new(),
        };
        (head.key, head.mac) = keyring.seal(Sealed::Head, &head.said()?);
        Ok(head)
    }

    fn said(&self) -> Result<Vec<u8>, Unwritable> {
        canonical(&Said {
            chain: &self.chain,
            seq: self.seq,
            hash: &self.hash,
            at: &self.at,
        })
    }

    pub(crate) fn sealed_by(&self, keyring: &Keyring) -> Check {
        match self.said() {
            Ok(said) => keyring.check(Sealed::Head, &self.key, &said, &self.mac),
            Err(Unwritable) => Check::Wrong,
        }
    }
}

/// The place and the hash that the next record of a chain follows.
pub(crate) fn after(head: Option<&Head>) -> (u64, &str) {
    head.map_or((0, BEGINNING), |head| (head.seq, &head.hash))
}
