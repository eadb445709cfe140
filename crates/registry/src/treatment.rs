//! What is done about a rotation that is stuck.

use rekey_events::Outcome;

use crate::decision::Decision;
use crate::observe::announce::{Announcing, quarantined};
use crate::observe::join::outcomes;
use crate::policy::Policy;
use crate::record::{Presence, Quarantine};
use crate::state::SecretState;
use crate::tell::Untellable;
use crate::version::VersionId;

/// What is to be done.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Treatment {
    /// Nothing, or not yet.
    #[default]
    Leave,
    /// RotateSecret: Secrets Manager takes the open version up again.
    Resume(VersionId),
    /// It was resumed often enough: announce it and try no more.
    GiveUp(VersionId),
    /// It was given up: have the open version cleared, if nothing that works depends on it.
    Clear(VersionId),
}

/// What is to be done about the open rotation of a secret.
pub fn treatment(state: &SecretState, policy: &Policy, now: i64) -> Treatment {
    let secret = &state.secret;
    let treatable = secret.is_ours()
        && secret.presence == Presence::Present
        && secret.is_rotated_by_us(policy)
        // A person who cancelled the rotation meant it.
        && secret.rotation_enabled;
    let Some(pending) = secret.pending.as_ref().filter(|_| treatable) else {
        return Treatment::Leave;
    };
    let id = pending.version.clone();
    let is_over =
        |since: Option<i64>, span: i64| since.is_none_or(|since| since.saturating_add(span) <= now);
    if let Some(quarantine) = secret.quarantine.as_ref().filter(|it| it.version == id) {
        let asked = is_over(quarantine.clear_asked_at, policy.resume_every);
        return match quarantine.clearing {
            None if asked => Treatment::Clear(id),
            _ => Treatment::Leave,
        };
    }
    if !is_over(Some(pending.since), policy.stuck_after)
        || !is_over(pending.last_resume, policy.resume_every)
    {
        Treatment::Leave
    } else if pending.resumes < policy.resumes {
        Treatment::Resume(id)
    } else {
        Treatment::GiveUp(id)
    }
}

/// Whether a rotation is open for longer than it should be.
pub fn is_stuck(state: &SecretState, policy: &Policy, now: i64) -> bool {
    let pending = state.secret.pending.as_ref();
    pending.is_some_and(|pending| pending.since.saturating_add(policy.stuck_after) <= now)
}

/// Records that a treatment is about to be given, which is what makes it the only one of its time. None
/// when it is not due any more.
///
/// # Errors
/// [`Untellable`].
pub fn begin(
    before: &SecretState,
    wanted: &Treatment,
    policy: &Policy,
    now: i64,
) -> Result<Option<Decision>, Untellable> {
    if treatment(before, policy, now) != *wanted {
        return Ok(None);
    }
    let mut state = before.clone();
    let mut announcing = Announcing::new(policy, now);
    match wanted {
        Treatment::Leave => return Ok(None),
        Treatment::Resume(_) => {
            if let Some(pending) = &mut state.secret.pending {
                pending.resumes = pending.resumes.saturating_add(1);
                pending.last_resume = Some(now);
            }
        }
        Treatment::GiveUp(id) => give_up(&mut state, id, &mut announcing, now)?,
        Treatment::Clear(_) => {
            if let Some(quarantine) = &mut state.secret.quarantine {
                quarantine.clear_asked_at = Some(now);
            }
        }
    }
    let outcomes = outcomes(&mut state, now);
    Ok(Some(Decision {
        outcomes,
        ..Decision::new(state, announcing.made)
    }))
}

fn give_up(
    state: &mut SecretState,
    id: &VersionId,
    announcing: &mut Announcing<'_>,
    now: i64,
) -> Result<(), Untellable> {
    let failure = state
        .versions
        .get(id)
        .and_then(|version| version.last_failure.clone());
    let failure = failure.as_ref();
    let quarantine = Quarantine {
        since: now,
        version: id.clone(),
        step: failure.and_then(|failure| failure.step.clone()),
        class: failure.map(|failure| failure.class.clone()),
        clearing: None,
        clear_asked_at: None,
    };
    let resumes = state
        .secret
        .pending
        .as_ref()
        .map_or(0, |pending| pending.resumes);
    let mut detail = quarantined(&state.secret, &quarantine, resumes, false, now)?;
    detail.message = crate::tell::message(failure.map(|failure| failure.message.as_str()));
    state.secret.quarantine = Some(quarantine);
    announcing.make(detail.event_id, &detail.secret.clone(), &detail)?;
    announcing.completed(state, id, Outcome::Failed, now)
}
