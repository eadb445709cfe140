use std::fmt;

use rekey_events::AuditRecord;
use serde::{Deserialize, Serialize};

/// The name of a chain: a tenant, or `platform` for what belongs to none. At most 63 characters, as a
/// tenant's slug is.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Chain(String);

/// A text that names no chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a chain is named by a tenant: 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit"
)]
pub struct NoChain;

impl Chain {
    /// The chain of what belongs to no tenant.
    #[must_use]
    pub fn platform() -> Self {
        Self("platform".to_owned())
    }

    /// Takes the name of a tenant.
    ///
    /// # Errors
    /// [`NoChain`].
    pub fn parse(text: &str) -> Result<Self, NoChain> {
        let begins = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if begins && text.len() <= 63 && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NoChain)
        }
    }

    /// The chain that a record stands in.
    ///
    /// # Errors
    /// [`NoChain`] when its tenant names none.
    pub fn of(record: &AuditRecord) -> Result<Self, NoChain> {
        Self::parse(record.tenant.as_str())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
