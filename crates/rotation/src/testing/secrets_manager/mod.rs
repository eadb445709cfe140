//! Secrets Manager in memory: its verbs, and the rules of versions and staging labels that AWS documents.
//!
//! It calls no rotation function: whoever tests a rotation opens it with `RotateSecret` and delivers the
//! steps. The clock stands still unless it is moved.

mod labels;
mod rotation;
mod store;
mod value;
mod verbs;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::verbs::{ApiError, INVALID_REQUEST, NOT_FOUND};
use crate::{SecretId, SecretValue, StagingLabel, StoreError, VersionId};

const DAY: i64 = 86_400;

/// A Secrets Manager of one account and Region. Clones share it.
#[derive(Clone, Default)]
pub struct SecretsManager(Arc<Mutex<State>>);

/// A kind of read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reading {
    /// `DescribeSecret`.
    Description,
    /// `GetSecretValue` of the version that has the label.
    Value(StagingLabel),
    /// `GetSecretValue` of a version by its id alone.
    ValueById,
}

#[derive(Default)]
struct State {
    now: i64,
    secrets: BTreeMap<String, Secret>,
    serial: u64,
    drops_pending: bool,
    failing: Option<(Reading, StoreError)>,
}

#[derive(Default)]
struct Secret {
    name: String,
    arn: String,
    versions: BTreeMap<String, Version>,
    rotation_enabled: Option<bool>,
    rotation_function: Option<String>,
    last_rotated: Option<i64>,
    deleted: Option<Deletion>,
    owner: Option<String>,
    tags: BTreeMap<String, String>,
    trial: Option<String>,
    hidden_reads: u32,
}

#[derive(Clone, Copy)]
struct Deletion {
    final_at: i64,
}

#[derive(Default)]
struct Version {
    value: Option<SecretValue>,
    labels: BTreeSet<String>,
    created: i64,
}

impl SecretsManager {
    /// An empty one, whose clock shows `now` (seconds since 1970).
    pub fn new(now: i64) -> Self {
        let manager = Self::default();
        manager.state().now = now;
        manager
    }

    /// What its clock shows, in seconds since 1970.
    pub fn now(&self) -> i64 {
        self.state().now
    }

    /// Moves its clock.
    pub fn pass(&self, seconds: i64) {
        self.state().now += seconds;
    }

    /// Whether `AWSPENDING` leaves a version that becomes current. AWS documents both: the label may stay
    /// on the current version or be on none.
    pub fn drop_pending_when_promoted(&self, drops: bool) {
        self.state().drops_pending = drops;
    }

    /// Makes the next `reads` reads of the value under `AWSPENDING` find nothing, as may happen for a
    /// moment after it was written. Reads of a version that has no value do not count.
    pub fn hide_pending(&self, secret: &SecretId, reads: u32) {
        if let Ok(secret) = self.state().secret_mut(secret.as_str()) {
            secret.hidden_reads = reads;
        }
    }

    /// Gives the secret to a service that manages it, such as `rds`.
    pub fn hand_over(&self, secret: &SecretId, service: &str) {
        if let Ok(secret) = self.state().secret_mut(secret.as_str()) {
            secret.owner = Some(service.to_owned());
        }
    }

    fn owner(&self, secret: &SecretId) -> Option<String> {
        let state = self.state();
        state.secret(secret.as_str()).ok()?.owner.clone()
    }

    /// Makes one kind of read by the rotation fail, until it is mended with `None`.
    pub fn fail_reads(&self, failing: Option<(Reading, StoreError)>) {
        self.state().failing = failing;
    }

    /// Puts another value into a version, which no caller of the service can: stands for whoever writes the
    /// pending value before this rotation does.
    pub fn tamper(&self, secret: &SecretId, version: &VersionId, value: SecretValue) {
        if let Ok(secret) = self.state().secret_mut(secret.as_str())
            && let Some(version) = secret.versions.get_mut(version.as_str())
        {
            version.value = Some(value);
        }
    }

    /// The value under `label`, whatever is hidden or failing; `None` when there is none.
    pub fn peek(&self, secret: &SecretId, label: &StagingLabel) -> Option<SecretValue> {
        let state = self.state();
        let secret = state.secret(secret.as_str()).ok()?;
        let version = secret.versions.get(secret.holder(label.as_str())?)?;
        version.value.clone()
    }

    /// The value of a version, whatever is hidden or failing; `None` when there is none.
    pub fn peek_version(&self, secret: &SecretId, version: &VersionId) -> Option<SecretValue> {
        let state = self.state();
        let secret = state.secret(secret.as_str()).ok()?;
        secret.versions.get(version.as_str())?.value.clone()
    }

    /// The id of the version that has `label`.
    pub fn holder(&self, secret: &SecretId, label: &StagingLabel) -> Option<String> {
        let state = self.state();
        let secret = state.secret(secret.as_str()).ok()?;
        secret.holder(label.as_str()).map(str::to_owned)
    }

    /// The ids of all versions that have a value, labelled or not.
    pub fn versions_with_a_value(&self, secret: &SecretId) -> BTreeSet<String> {
        let state = self.state();
        state.secret(secret.as_str()).map_or_else(
            |_| BTreeSet::new(),
            |secret| {
                let with = secret.versions.iter().filter(|(_, v)| v.value.is_some());
                with.map(|(id, _)| id.clone()).collect()
            },
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that failed elsewhere has left nothing half done here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A secret by name or ARN, deleted or not.
    fn secret(&self, id: &str) -> Result<&Secret, ApiError> {
        self.secrets
            .values()
            .find(|secret| secret.name == id || secret.arn == id)
            .filter(|secret| secret.deleted.is_none_or(|d| d.final_at > self.now))
            .ok_or_else(missing)
    }

    fn secret_mut(&mut self, id: &str) -> Result<&mut Secret, ApiError> {
        let now = self.now;
        self.secrets
            .values_mut()
            .find(|secret| secret.name == id || secret.arn == id)
            .filter(|secret| secret.deleted.is_none_or(|d| d.final_at > now))
            .ok_or_else(missing)
    }

    /// A secret that may be changed and whose values may be read.
    fn usable(&mut self, id: &str) -> Result<&mut Secret, ApiError> {
        let secret = self.secret_mut(id)?;
        if secret.deleted.is_some() {
            return Err(ApiError::new(
                INVALID_REQUEST,
                "the secret is marked for deletion",
            ));
        }
        Ok(secret)
    }

    /// A token that the service makes itself.
    fn make_token(&mut self) -> String {
        self.serial += 1;
        format!("00000000-0000-4000-8000-{:012}", self.serial)
    }
}

fn missing() -> ApiError {
    ApiError::new(NOT_FOUND, "there is no such secret")
}
