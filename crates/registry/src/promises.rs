//! What falls due of a secret, and when: it follows from what is known, and is moved when that changes.

use std::collections::BTreeMap;

use crate::deadline::{Deadline, DeadlineKey, What};
use crate::policy::Policy;
use crate::record::Presence;
use crate::schedule;
use crate::state::SecretState;

const DAY: i64 = 24 * 60 * 60;

/// By how much a promise that was kept must move before it is made again. Less than that is a better word
/// on the same time.
const MATERIAL: i64 = 60 * 60;

/// Each warning of an age, with what makes it pointless.
const AGE: [(What, What); 3] = [
    (What::NearExpiry30, What::NearExpiry10),
    (What::NearExpiry10, What::NearExpiry1),
    (What::NearExpiry1, What::OverdueAge),
];

/// What is promised for a secret, and for when. A secret that an AWS service manages is promised nothing.
pub(crate) fn promises(state: &SecretState, policy: &Policy) -> BTreeMap<DeadlineKey, i64> {
    let mut promises = BTreeMap::new();
    let secret = &state.secret;
    if !secret.is_ours() {
        return promises;
    }
    // What another function rotates is not ours to retire.
    let old = state
        .previous()
        .filter(|version| !version.is_dead() && secret.is_rotated_by_us(policy));
    if let (Some(old), Some(switched_at)) = (old, state.switched_at()) {
        let retire = switched_at.saturating_add(secret.grace(policy));
        let warning = retire.saturating_sub(policy.warning).max(switched_at);
        promises.insert(DeadlineKey::new(What::Retire, &old.id), retire);
        promises.insert(DeadlineKey::new(What::GraceEnding, &old.id), warning);
    }
    let Some(current) = state.current() else {
        return promises;
    };
    let born = current.created_at.or(current.activated_at());
    if let (Some(born), Some(days)) = (born, secret.max_age_days) {
        let end = born.saturating_add(days.saturating_mul(DAY));
        promises.insert(DeadlineKey::new(What::OverdueAge, &current.id), end);
        for (what, _) in AGE {
            let before = i64::from(what.days_before().unwrap_or_default());
            let at = end.saturating_sub(before.saturating_mul(DAY));
            // A warning of something that was never that far away is none.
            if at > born {
                promises.insert(DeadlineKey::new(what, &current.id), at);
            }
        }
    }
    if let Some(at) = secret.next_rotation.filter(|_| secret.rotation_enabled) {
        let at = at.saturating_add(policy.overdue_slack);
        promises.insert(DeadlineKey::new(What::OverdueRotation, &current.id), at);
    }
    if let Some(at) = schedule::promised(state, policy) {
        promises.insert(DeadlineKey::new(What::Rotate, &current.id), at);
    }
    promises
}

/// Brings the deadlines in line with the promises. One that is late is armed for now.
pub(crate) fn arm(state: &mut SecretState, policy: &Policy, now: i64) {
    let promises = promises(state, policy);
    let is_there = state.secret.presence == Presence::Present;
    let known = std::mem::take(&mut state.secret.deadlines);
    for (key, promised) in &promises {
        let mut deadline = match known.get(key) {
            Some(known) => moved(*known, *promised, now),
            None => fresh(*promised),
        };
        if !known.contains_key(key) && is_pointless(key, &promises, now) {
            deadline.done_at = Some(now);
        }
        // While a secret is deleted nothing falls due; when it is restored, everything does again.
        let due_at = match key.what {
            What::Rotate => schedule::due_at(&state.secret, *promised, now),
            _ => Some((*promised).max(now)),
        };
        let due_at = due_at.filter(|_| is_there && deadline.done_at.is_none());
        deadline.due_at = due_at.map(|at| deadline.due_at.unwrap_or(at));
        state.secret.deadlines.insert(key.clone(), deadline);
    }
}

fn fresh(promised: i64) -> Deadline {
    Deadline {
        promised,
        due_at: None,
        attempt: 0,
        done_at: None,
    }
}

/// What becomes of a deadline when its promise is another one now.
fn moved(known: Deadline, promised: i64, now: i64) -> Deadline {
    if known.promised == promised {
        return known;
    }
    match known.done_at {
        Some(done_at) if promised > done_at.saturating_add(MATERIAL) => fresh(promised),
        Some(_) => Deadline { promised, ..known },
        // It is being tried already: only a promise that lies ahead stops that.
        None if known.attempt > 0 && promised <= now => Deadline { promised, ..known },
        None => fresh(promised),
    }
}

fn is_pointless(key: &DeadlineKey, promises: &BTreeMap<DeadlineKey, i64>, now: i64) -> bool {
    let mut overtaken = AGE.iter().filter(|(what, _)| *what == key.what);
    overtaken.any(|(_, by)| {
        let by = DeadlineKey::new(*by, &key.version);
        promises.get(&by).is_some_and(|at| *at <= now)
    })
}
