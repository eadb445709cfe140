use rekey_events::{AuditRecord, PayloadError, Timestamp, parse};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chain::{Chain, NoChain};
use crate::digest::{Unwritable, canonical, sha256};
use crate::keyring::{Check, KeyId, Keyring, Sealed};

/// What stands before the first record of a chain.
pub const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A record in its place: the one before it, its hash, and a seal that only who has the key can make.
///
/// `hash` is the SHA-256 of the RFC 8785 spelling of an object with the fields `v`, `chain`, `seq`,
/// `prev`, `recorded_at` and `record`; `mac` is an HMAC-SHA-256 over `rekey/audit/link/1`, a line feed
/// and the text of `hash`. Both are written in lower-case hexadecimal digits.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The form: 1.
    pub v: u8,
    /// The chain.
    pub chain: Chain,
    /// Its place there, from 1.
    pub seq: u64,
    /// The hash of the link before it; 64 zeros for the first.
    pub prev: String,
    /// When it was written down, RFC 3339. Events come late, so this is not the order of `createdAt`.
    pub recorded_at: String,
    /// The record, as it was written.
    pub record: Value,
    /// What holds all of the above together.
    pub hash: String,
    /// The key of the seal.
    pub key: KeyId,
    /// The seal.
    pub mac: String,
}

/// What is hashed of a link.
#[derive(Serialize)]
struct Hashed<'a> {
    v: u8,
    chain: &'a Chain,
    seq: u64,
    prev: &'a str,
    recorded_at: &'a str,
    record: &'a Value,
}

/// Why a record cannot stand in a chain.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unsealable {
    /// Its tenant names no chain.
    #[error(transparent)]
    NoChain(#[from] NoChain),
    /// It has no canonical spelling.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
}

impl Link {
    /// Seals a record behind `prev`. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`Unsealable`].
    pub fn seal(
        record: &AuditRecord,
        seq: u64,
        prev: &str,
        now: i64,
        keyring: &Keyring,
    ) -> Result<Self, Unsealable> {
        let record_of = serde_json::to_value(record).map_err(|_| Unwritable)?;
        let mut link = Self {
            v: 1,
            chain: Chain::of(record)?,
            seq,
            prev: prev.to_owned(),
            recorded_at: written(now),
            record: record_of,
            hash: String::new(),
            key: keyring.current().clone(),
            mac: String::new(),
        };
        link.hash = link.hashed()?;
        (link.key, link.mac) = keyring.seal(Sealed::Link, link.hash.as_bytes());
        Ok(link)
    }

    /// Reads a link as it was exported or stored.
    ///
    /// # Errors
    /// Text that says where it is not one; it repeats nothing of it.
    pub fn parse(text: &str) -> Result<Self, NoLink> {
        serde_json::from_str(text).map_err(|error| NoLink {
            column: error.column(),
        })
    }

    /// Reads a link from the store, which keeps it in its canonical spelling and in no other: a text with a
    /// field twice would say one thing to one reader and another to the next.
    ///
    /// # Errors
    /// [`NoLink`].
    pub fn parse_stored(text: &str) -> Result<Self, NoLink> {
        let link = Self::parse(text)?;
        match canonical(&link) {
            Ok(bytes) if bytes == text.as_bytes() => Ok(link),
            _ => Err(NoLink { column: 0 }),
        }
    }

    /// Whether it is what was hashed, and stands where it says.
    #[must_use]
    pub fn holds(&self, chain: &Chain, seq: u64) -> bool {
        let hash = self.hashed();
        self.chain == *chain && self.seq == seq && hash.is_ok_and(|hash| hash == self.hash)
    }

    /// The record.
    ///
    /// # Errors
    /// [`PayloadError`] when what stands there is none.
    pub fn record(&self) -> Result<AuditRecord, PayloadError> {
        parse(self.record.to_string().as_bytes())
    }

    /// The hash that this link should have.
    ///
    /// # Errors
    /// [`Unwritable`].
    pub fn hashed(&self) -> Result<String, Unwritable> {
        let bytes = canonical(&Hashed {
            v: self.v,
            chain: &self.chain,
            seq: self.seq,
            prev: &self.prev,
            recorded_at: &self.recorded_at,
            record: &self.record,
        })?;
        Ok(sha256(&bytes))
    }

    /// Whether the seal is right. What it is over is the hash as it stands, so that is to be looked at too.
    pub(crate) fn sealed_by(&self, keyring: &Keyring) -> Check {
        keyring.check(Sealed::Link, &self.key, self.hash.as_bytes(), &self.mac)
    }
}

/// A text that is no link.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a record of an audit trail, at column {column}")]
pub struct NoLink {
    /// Where.
    pub column: usize,
}

/// A second as RFC 3339 writes it.
pub(crate) fn written(seconds: i64) -> String {
    let at = Timestamp::of_unix(seconds).map(serde_json::to_value);
    match at {
        Ok(Ok(Value::String(text))) => text,
        // No clock shows it.
        _ => "1970-01-01T00:00:00Z".to_owned(),
    }
}
