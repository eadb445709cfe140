//! What follows from events and from a look at Secrets Manager.
//!
//! Events come in any order, twice, and late. So what they say is merged by earliest and latest, what is
//! concluded is concluded anew from everything that is known, and what is so *now* comes from a look alone.
//! Looks have an order: each is taken after the record was loaded, and recorded only if nobody recorded
//! anything since.

pub(crate) mod announce;
pub(crate) mod conclude;
pub(crate) mod hear;
pub(crate) mod join;
pub(crate) mod look;
mod observation;

pub use observation::{Happening, Observation};

use crate::decision::Decision;
use crate::drift::drift;
use crate::policy::Policy;
use crate::promises::arm;
use crate::record::{DeletionAsked, Presence};
use crate::request::Turn;
use crate::snapshot::{Look, Snapshot};
use crate::state::SecretState;
use crate::tell::Untellable;
use announce::Announcing;
use hear::Heard;

/// Why a look was taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// Something was heard.
    Heard,
    /// The reconciliation came by. What was missed is counted, and where a word of Secrets Manager never
    /// came, what is seen must do.
    Reconciling,
}

/// A decision, and which observations it could not use.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched {
    /// The decision.
    pub decision: Decision,
    /// The observations, by their place, whose version Secrets Manager does not list.
    pub unlisted: Vec<usize>,
}

/// Decides what follows. None when the secret is not registered and does not become so.
///
/// # Errors
/// [`Untellable`] when what is known cannot be announced.
pub fn decide(
    before: Option<&SecretState>,
    look: &Look,
    observations: &[Observation],
    why: Why,
    policy: &Policy,
    now: i64,
) -> Result<Option<Watched>, Untellable> {
    let snapshot = match look {
        Look::Found(snapshot) => Some(snapshot.as_ref()),
        Look::Missing => None,
    };
    let mut state = match (before, snapshot) {
        (Some(before), _) => before.clone(),
        (None, Some(snapshot)) if snapshot.owner().is_some() => look::first_seen(snapshot, now),
        (None, _) => return Ok(None),
    };
    if let Some(snapshot) = snapshot.filter(|it| !look::is_stale(&state.secret, it)) {
        if snapshot.arn != state.secret.arn {
            look::taken_over(&mut state, snapshot, now);
        }
        if !look::number(&mut state, snapshot) {
            let mut decision = Decision::new(state, Vec::new());
            decision.more = true;
            let unlisted = Vec::new();
            return Ok(Some(Watched { decision, unlisted }));
        }
        look::see(&mut state, snapshot, now);
    }
    let mut announcing = Announcing::new(policy, now);
    let mut unlisted = Vec::new();
    for (place, observation) in observations.iter().enumerate() {
        match hear::hear(&mut state, observation) {
            Heard::Noted => announcing.of_observation(&mut state, observation)?,
            // Of a secret that is gone nothing more can be learned.
            Heard::Unlisted if snapshot.is_some() => unlisted.push(place),
            Heard::Unlisted | Heard::Foreign => {}
        }
    }
    look::presence(&mut state.secret, snapshot, now);
    if why == Why::Reconciling {
        reconcile(&mut state, before, snapshot, &mut announcing, policy, now)?;
    }
    if let Some(over) = conclude::conclude(&mut state) {
        announcing.released(&state, &over)?;
    }
    announcing.of_versions(&mut state)?;
    arm(&mut state, policy, now);
    let outcomes = join::outcomes(&mut state, now);
    let decision = Decision {
        outcomes,
        turn: before.and_then(|before| turn(before, &state, now)),
        ..Decision::new(state, announcing.made)
    };
    Ok(Some(Watched { decision, unlisted }))
}

/// That a secret of a service has changed, by whatever way: the others of the service are kept apart from
/// it.
fn turn(before: &SecretState, state: &SecretState, now: i64) -> Option<Turn> {
    let service = state.secret.service.clone()?;
    let current = state.secret.current.as_ref()?;
    let known = before.secret.current.as_ref()?;
    (known != current).then(|| Turn {
        service,
        secret: state.secret.name.clone(),
        token: current.clone(),
        at: state.switched_at().unwrap_or(now),
    })
}

/// What only the reconciliation does: count what was missed, settle what no word came for, and announce
/// what is missing.
fn reconcile(
    state: &mut SecretState,
    before: Option<&SecretState>,
    snapshot: Option<&Snapshot>,
    announcing: &mut Announcing<'_>,
    policy: &Policy,
    now: i64,
) -> Result<(), Untellable> {
    if let (Some(before), Some(snapshot)) = (before, snapshot)
        && !drift(before, snapshot).is_empty()
    {
        state.secret.found_late = state.secret.found_late.saturating_add(1);
    }
    conclude::settle(state, policy, now);
    let was_deleting =
        before.is_some_and(|before| matches!(before.secret.presence, Presence::Deleting { .. }));
    let asked = state.secret.deletion_asked.as_ref().map(|asked| asked.at);
    if was_deleting
        && asked <= state.secret.restored_at
        && let Presence::Deleting { until } = state.secret.presence
    {
        // Nobody's word on the deletion came, and it was seen before.
        let asked = DeletionAsked {
            at: now,
            until,
            actor: None,
        };
        let cause = format!("until {}", until.unwrap_or_default());
        announcing.deleted(&mut state.secret, &asked, &cause)?;
    }
    if let Presence::Missing { since, told: false } = state.secret.presence
        && since.saturating_add(policy.missing_after) <= now
    {
        announcing.missing(&state.secret, since)?;
        state.secret.presence = Presence::Missing { since, told: true };
    }
    Ok(())
}
