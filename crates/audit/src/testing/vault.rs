use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::checkpoint::{Vault, VaultError};

/// Checkpoints in memory.
#[derive(Debug, Default)]
pub struct MemoryVault(Mutex<BTreeMap<String, String>>);

impl MemoryVault {
    /// What is kept, by name. Tests put other things there, as nobody can where it counts.
    pub fn kept(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vault for MemoryVault {
    async fn of_day(&self, day: &str) -> Result<Vec<String>, VaultError> {
        let prefix = format!("checkpoints/{day}/");
        let kept = self.kept();
        let names = kept.keys().filter(|name| name.starts_with(&prefix));
        Ok(names.cloned().collect())
    }

    async fn days(&self) -> Result<Vec<String>, VaultError> {
        let kept = self.kept();
        let days = kept.keys().filter_map(|name| name.split('/').nth(1));
        let mut days: Vec<String> = days.map(str::to_owned).collect();
        days.dedup();
        Ok(days)
    }

    async fn read(&self, name: &str) -> Result<String, VaultError> {
        let found = self.kept().get(name).cloned();
        found.ok_or_else(|| VaultError::Unavailable("there is no such checkpoint".to_owned()))
    }

    async fn keep(&self, name: &str, text: &str) -> Result<(), VaultError> {
        let mut kept = self.kept();
        if kept.contains_key(name) {
            return Err(VaultError::Taken);
        }
        kept.insert(name.to_owned(), text.to_owned());
        Ok(())
    }
}
