use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rekey_rotation::{
    Description, PutValue, SecretId, SecretStore, SecretValue, Selector, StagingLabel, StoreError,
    VersionId, VersionedValue,
};
use serde_json::{Map, Value, json};

const VERSION: &str = "5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10";

/// A store of one secret: the key ring that `keyring` of rekey-audit's `testing` makes. Clones share it.
#[derive(Clone, Debug)]
pub struct HeldKeys {
    held: Arc<AtomicU32>,
    reads: Arc<AtomicU32>,
}

impl HeldKeys {
    /// With so many keys.
    pub fn of(held: u32) -> Self {
        Self {
            held: Arc::new(AtomicU32::new(held)),
            reads: Arc::default(),
        }
    }

    /// Holds so many from now on; with none at all, the store does not answer.
    pub fn hold(&self, keys: u32) {
        self.held.store(keys, Ordering::Relaxed);
    }

    /// How often the value was read.
    pub fn reads(&self) -> u32 {
        self.reads.load(Ordering::Relaxed)
    }
}

fn away<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("no answer".to_owned()))
}

impl SecretStore for HeldKeys {
    async fn value(
        &self,
        secret: &SecretId,
        which: Selector<'_>,
    ) -> Result<VersionedValue, StoreError> {
        let Selector::Label(StagingLabel::Current) = which else {
            return Err(StoreError::NotFound(secret.as_str().to_owned()));
        };
        self.reads.fetch_add(1, Ordering::Relaxed);
        let held = self.held.load(Ordering::Relaxed);
        if held == 0 {
            return away();
        }
        let mut ring = Map::new();
        ring.insert("current".to_owned(), json!(held.to_string()));
        for key in 1..=held {
            ring.insert(key.to_string(), json!(format!("{key:0>64}")));
        }
        let value = SecretValue::new(Value::Object(ring).to_string());
        let value = value.map_err(|error| StoreError::Unusable(error.to_string()))?;
        let Some(version) = VersionId::parse(VERSION) else {
            return away();
        };
        Ok(VersionedValue {
            version,
            labels: vec![StagingLabel::Current],
            value,
        })
    }

    async fn describe(&self, _: &SecretId) -> Result<Description, StoreError> {
        away()
    }

    async fn put(&self, _: PutValue<'_>) -> Result<(), StoreError> {
        away()
    }

    async fn move_label(
        &self,
        _: &SecretId,
        _: &StagingLabel,
        _: &VersionId,
        _: Option<&VersionId>,
    ) -> Result<(), StoreError> {
        away()
    }

    async fn remove_label(
        &self,
        _: &SecretId,
        _: &StagingLabel,
        _: &VersionId,
    ) -> Result<(), StoreError> {
        away()
    }
}
