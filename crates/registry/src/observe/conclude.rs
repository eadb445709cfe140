//! What follows from what was seen and heard, together.

use std::collections::BTreeMap;

use crate::observe::hear::abandoned;
use crate::observe::join::join;
use crate::policy::Policy;
use crate::record::Quarantine;
use crate::state::SecretState;
use crate::story::tell_states;
use crate::version::{Version, VersionId};

/// Draws the conclusions; returns the quarantine that a success has ended.
pub(crate) fn conclude(state: &mut SecretState) -> Option<Quarantine> {
    if state.told_switch().is_some() {
        state.secret.current_seen_since = None;
    }
    join(state);
    find_abandoned(state);
    find_predecessors(state);
    tell_states(state);
    state.secret.quarantine.take_if(|quarantine| {
        let number = |id| state.versions.get(id).map(|version| version.number);
        let given_up = number(&quarantine.version);
        let mut active = state
            .versions
            .values()
            .filter(|version| version.was_active());
        active.any(|version| Some(version.number) >= given_up)
    })
}

/// Secrets Manager may not say which rotation it abandoned. It is the one whose version is older, has no
/// label and never was current; when there are several such versions, another word is waited for.
fn find_abandoned(state: &mut SecretState) {
    let times = state.secret.abandonments.clone();
    for at in times {
        let candidate = |version: &&mut Version| {
            let rotation = version.rotation.as_ref();
            version.created_at <= Some(at)
                && version.labels.is_empty()
                && version.put.is_none()
                && !version.was_active()
                && rotation.is_none_or(|rotation| rotation.abandoned_at.is_none())
        };
        let mut candidates = state.versions.values_mut().filter(candidate);
        if let (Some(version), None) = (candidates.next(), candidates.next()) {
            abandoned(version, at);
            state.secret.abandonments.retain(|one| *one != at);
        }
    }
}

/// Which version was current before which. Each decision reckons it anew, as words may come late; what is
/// known of a version whose predecessor's record was dropped is kept.
fn find_predecessors(state: &mut SecretState) {
    let mut switches: Vec<(i64, u32, VersionId)> = Vec::new();
    for version in state.versions.values() {
        let estimate = version
            .seen_current
            .filter(|_| version.activations.is_empty());
        let times = version.activations.iter().copied().chain(estimate);
        switches.extend(times.map(|at| (at, version.number, version.id.clone())));
    }
    switches.sort_unstable();
    let mut before: Option<VersionId> = None;
    let mut predecessors = BTreeMap::new();
    for (_, _, id) in switches {
        predecessors
            .entry(id.clone())
            .or_insert_with(|| before.clone());
        before = Some(id);
    }
    let recorded: Vec<_> = state.versions.keys().cloned().collect();
    for version in state.versions.values_mut() {
        let kept = version.rotated_from.take();
        let predecessor = predecessors.remove(&version.id).flatten();
        version.rotated_from = predecessor.or(kept.filter(|id| !recorded.contains(id)));
    }
}

/// Where Secrets Manager's word on a version never came, what is seen must do. Only the reconciliation
/// asks, and only of what is old enough that a word would have come.
pub(super) fn settle(state: &mut SecretState, policy: &Policy, now: i64) {
    let rotated_at = state.secret.last_rotated;
    let current = state.secret.current.clone();
    let old = now.saturating_sub(policy.settle_after);
    let registered_at = state.secret.registered_at;
    for version in state.versions.values_mut() {
        let ours = version.created_at > Some(registered_at);
        if !ours || version.created_at >= Some(old) {
            continue;
        }
        if version.was_active() && !version.is_of_rotation() && version.put.is_none() {
            // LastRotatedDate is when the last rotation ended. A rotation makes its version before that.
            let rotated = Some(&version.id) == current.as_ref() && rotated_at >= version.created_at;
            if rotated {
                version.rotation_mut();
            } else {
                version.put = version
                    .created_at
                    .map(|at| crate::version::Deed { at, actor: None });
            }
        }
        let begun = version
            .rotation
            .as_ref()
            .is_some_and(|it| it.begun_at.is_some() || it.request.is_some());
        if begun && !version.was_active() && version.labels.is_empty() {
            let rotation = version.rotation_mut();
            rotation.abandoned_at.get_or_insert(now);
        }
    }
}
