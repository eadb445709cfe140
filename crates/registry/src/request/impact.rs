//! Who is affected by a rotation: its blast radius.

use serde::{Deserialize, Serialize};

use crate::policy::Policy;
use crate::record::Secret;
use crate::state::SecretState;

/// Who is affected by a rotation of a secret.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Impact {
    /// Who looks after it.
    #[serde(default)]
    pub owner: Option<String>,
    /// The services that read it in the time that the policy remembers, the latest first.
    #[serde(default)]
    pub consumers: Vec<Affected>,
    /// How many more there are than are listed.
    #[serde(default)]
    pub more_consumers: usize,
    /// The sites that it is used by: the tag `rekey:sites`, and the tenant of a reference.
    #[serde(default)]
    pub sites: Vec<String>,
    /// The health checks that must pass before the old credential is retired.
    #[serde(default)]
    pub health: Vec<String>,
    /// The service whose secrets are rotated one at a time: the tag `rekey:service`.
    #[serde(default)]
    pub service: Option<String>,
    /// Whether old and new both work for a while. None when that is not known before the first rotation.
    #[serde(default)]
    pub overlap: Option<bool>,
    /// For how long, in seconds.
    pub grace: i64,
}

/// A service that reads a secret.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Affected {
    /// Which.
    pub service: String,
    /// When it last read it, in seconds since 1970.
    pub last_used_at: i64,
}

/// How many services are listed with a request: its record is one item of at most 400 KB ("Quotas in
/// Amazon DynamoDB").
const LISTED: usize = 100;

impl Impact {
    /// Who would be affected now.
    pub fn of(state: &SecretState, policy: &Policy, now: i64) -> Self {
        let secret = &state.secret;
        let remembered = now.saturating_sub(policy.consumer_memory);
        let mut consumers: Vec<Affected> = state
            .consumers
            .iter()
            .filter(|one| one.last_used_at >= remembered)
            .map(|one| Affected {
                service: one.service.clone(),
                last_used_at: one.last_used_at,
            })
            .collect();
        consumers.sort_by(|a, b| (b.last_used_at, &a.service).cmp(&(a.last_used_at, &b.service)));
        let more_consumers = consumers.len().saturating_sub(LISTED);
        consumers.truncate(LISTED);
        Self {
            owner: secret.owner.clone(),
            consumers,
            more_consumers,
            sites: sites(secret),
            health: secret.health.clone(),
            service: secret.service.clone(),
            overlap: secret.overlap(),
            grace: secret.grace(policy),
        }
    }
}

/// The sites that a secret is used by.
pub(crate) fn sites(secret: &Secret) -> Vec<String> {
    let mut sites = secret.sites.clone();
    sites.extend(tenant(&secret.name).map(str::to_owned));
    sites.sort();
    sites.dedup();
    sites
}

/// The tenant of a reference.
pub(crate) fn tenant(name: &str) -> Option<&str> {
    let mut parts = name.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("tenant"), Some(tenant), Some(_), Some(_)) => Some(tenant),
        _ => None,
    }
}
