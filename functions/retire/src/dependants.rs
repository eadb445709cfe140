use rekey_aws::RegistryTable;
use rekey_registry::{Policy, Store as _};
use rekey_rotation::{Cause, Dependants, DependantsError, SecretId, VersionId};

use crate::health::HealthChecks;
use crate::order::name_of;

/// Who depends on a secret, as the registry knows it: its consumers, and the endpoints in its tag
/// `rekey:health`.
#[derive(Debug)]
pub struct KnownDependants {
    /// The registry.
    pub store: RegistryTable,
    /// The endpoints are asked by these.
    pub health: HealthChecks,
    /// The numbers that decisions go by.
    pub policy: Policy,
    /// The clock, in seconds since 1970.
    pub now: fn() -> i64,
}

impl Dependants for KnownDependants {
    async fn holds(
        &self,
        secret: &SecretId,
        _version: &VersionId,
    ) -> Result<Vec<Cause>, DependantsError> {
        let loaded = self.store.load(&name_of(secret)).await;
        let state = loaded.map_err(|error| DependantsError(error.to_string()))?;
        let Some(state) = state else {
            return Err(DependantsError("the secret is not registered".to_owned()));
        };
        let failing = self.health.failing(&state.secret.health).await;
        let mut causes: Vec<Cause> = failing
            .into_iter()
            .map(|what| Cause::HealthCheck { what })
            .collect();
        let behind = state.consumers_not_moved(&self.policy, (self.now)());
        if !behind.is_empty() {
            causes.push(Cause::Consumers {
                services: behind.iter().map(|one| one.service.clone()).collect(),
            });
        }
        Ok(causes)
    }
}
