//! What the function that observes does with the events of one secret.

use crate::decision::Decision;
use crate::engine::{Decide, Failed, Leftovers, Run};
use crate::observe::{Observation, Why, decide};
use crate::policy::Policy;
use crate::publisher::Publisher;
use crate::snapshot::{Look, Secrets};
use crate::state::SecretState;
use crate::store::Store;

/// What became of the events of a secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Whether the secret is registered.
    pub registered: bool,
    /// The observations, by their place, that could not be used: Secrets Manager lists no such version.
    /// It may not do so yet, so they are worth another try; one that never fits was forged, or its version
    /// is long gone.
    pub unlisted: Vec<usize>,
}

/// Records what events say of one secret and what a look shows, and announces what follows.
///
/// # Errors
/// [`Failed`]. The same call again finishes what is left.
pub async fn observe<S, K, P>(
    store: &S,
    secrets: &K,
    publisher: &P,
    policy: &Policy,
    name: &str,
    now: i64,
    observations: &[Observation],
) -> Result<Observed, Failed>
where
    S: Store,
    K: Secrets,
    P: Publisher,
{
    let mut watching = Watching {
        secrets,
        policy,
        name,
        now,
        observations,
        why: Why::Heard,
    };
    let run = Run {
        store,
        publisher,
        name,
        now,
        leftovers: Leftovers::Stale,
    };
    run.decided_by(&mut watching).await
}

/// A decision that takes a look first. The record is loaded by then and committed only if nobody else
/// wrote, so of two looks the one that is recorded later was taken later.
pub(crate) struct Watching<'a, K> {
    pub(crate) secrets: &'a K,
    pub(crate) policy: &'a Policy,
    pub(crate) name: &'a str,
    pub(crate) now: i64,
    pub(crate) observations: &'a [Observation],
    pub(crate) why: Why,
}

impl<K: Secrets> Decide for Watching<'_, K> {
    type Output = Observed;

    async fn decide(
        &mut self,
        before: Option<&SecretState>,
    ) -> Result<(Option<Decision>, Observed), Failed> {
        let look: Look = self.secrets.look(self.name).await?;
        let Self {
            observations,
            why,
            policy,
            now,
            ..
        } = self;
        let watched = decide(before, &look, observations, *why, policy, *now)?;
        let observed = Observed {
            registered: watched.is_some(),
            unlisted: watched
                .as_ref()
                .map_or_else(Vec::new, |watched| watched.unlisted.clone()),
        };
        Ok((watched.map(|watched| watched.decision), observed))
    }
}
