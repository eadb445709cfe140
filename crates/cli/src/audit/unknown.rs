//! Seals that the keys of a file could not look at: it was made before the keys were rotated.

use std::collections::BTreeSet;

use rekey_audit::{Finding, Head, Keyring, Stored, Verdict};

/// What could not be looked at in a chain for lack of a key.
#[derive(Debug, Default)]
pub struct UnknownKeys {
    /// The keys.
    pub keys: BTreeSet<String>,
    /// How many seals.
    pub seals: usize,
}

impl UnknownKeys {
    /// The keys, in a line.
    pub fn list(&self) -> String {
        let keys: Vec<_> = self.keys.iter().map(String::as_str).collect();
        keys.join(", ")
    }

    /// Whether the findings of a chain are all of this kind. Those that are not told one by one are counted.
    pub fn is_all_of(&self, verdict: &Verdict) -> bool {
        let told = &verdict.findings;
        let alike = |finding: &Finding| matches!(finding, Finding::UnknownKey { .. });
        self.seals > 0 && told.iter().all(alike) && told.len() + verdict.more == self.seals
    }
}

/// Looks at the keys of a chain's seals, beside the inspection.
#[derive(Debug)]
pub struct Looking<'a> {
    keyring: Option<&'a Keyring>,
    last: u64,
    pub found: UnknownKeys,
}

impl<'a> Looking<'a> {
    /// Of one chain. Without a keyring no seal is looked at.
    pub fn new(keyring: Option<&'a Keyring>) -> Self {
        Self {
            keyring,
            last: 0,
            found: UnknownKeys::default(),
        }
    }

    /// The next record. Of one out of order the seal is not looked at.
    pub fn look(&mut self, stored: &Stored) {
        if stored.seq <= self.last {
            return;
        }
        self.last = stored.seq;
        if let Ok(link) = &stored.link {
            self.note(&link.key);
        }
    }

    /// The end.
    pub fn end(&mut self, head: Option<&Head>) {
        if let Some(head) = head {
            self.note(&head.key);
        }
    }

    fn note(&mut self, key: &rekey_audit::KeyId) {
        if self.keyring.is_some_and(|keyring| !keyring.has(key)) {
            self.found.seals += 1;
            self.found.keys.insert(key.to_string());
        }
    }
}
