use std::fmt;

use crate::{SecretId, SecretValue};

/// A keyed fingerprint of a value: tells two values apart for whoever holds the key, and nothing to
/// anyone else. Never a bare hash: a weak secret would be found from it by trying.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Wraps the text of a fingerprint, such as `hmac-sha256:9f86d081884c7d659a2feaa0c55ad015`.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes fingerprints. The secret is part of what is hashed, so that one value used in two secrets does
/// not show.
pub trait Fingerprints: Sync {
    /// The fingerprint of `value` as a value of `secret`.
    fn fingerprint(&self, secret: &SecretId, value: &SecretValue) -> Fingerprint;
}
