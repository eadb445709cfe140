//! What an event says, merged so that neither order nor repetition matters: the earliest or the latest
//! counts, never the last that was processed.

use crate::observe::look::CURRENT;
use crate::observe::observation::{Happening, Observation};
use crate::record::{DeletionAsked, Secret};
use crate::state::SecretState;
use crate::version::{Deed, Failure, Version, VersionId};

/// How many times of a version's activation are kept, the latest.
const ACTIVATIONS: usize = 8;
/// How many failures of a version are told apart, the latest.
const FAILURES: usize = 16;
/// How many abandoned rotations may wait to be found.
const ABANDONMENTS: usize = 8;

/// What became of an observation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Heard {
    /// It counts.
    Noted,
    /// Secrets Manager lists no such version: forged, long pruned, or not to be seen yet.
    Unlisted,
    /// It is about an earlier secret of the same name.
    Foreign,
}

/// Notes what one event says.
pub(super) fn hear(state: &mut SecretState, observation: &Observation) -> Heard {
    let arn = observation.arn.as_ref();
    if arn.is_some_and(|arn| *arn != state.secret.arn) {
        return Heard::Foreign;
    }
    match &observation.what {
        Happening::LabelMoved { label, version, at } if label == CURRENT => {
            on(state, version, |version| activated(version, *at))
        }
        Happening::LabelMoved { .. } | Happening::Touched => Heard::Noted,
        Happening::RotateRequested { version, at, actor } => {
            let deed = Deed {
                at: *at,
                actor: actor.clone(),
            };
            listed(state, version.as_ref(), |version| {
                earliest(&mut version.rotation_mut().requested, deed);
            });
            Heard::Noted
        }
        Happening::RotationStarted { version, .. }
        | Happening::RotationSucceeded { version, .. } => {
            listed(state, version.as_ref(), |version| {
                version.rotation_mut();
            });
            Heard::Noted
        }
        Happening::RotationFailed { version, at } => {
            let named = listed(state, version.as_ref(), |version| {
                let rotation = version.rotation_mut();
                rotation.failed_at = rotation.failed_at.max(Some(*at));
            });
            if !named {
                let failed = &mut state.secret.rotation_failed_at;
                *failed = (*failed).max(Some(*at));
            }
            Heard::Noted
        }
        Happening::RotationAbandoned { version, at } => {
            let named = listed(state, version.as_ref(), |version| abandoned(version, *at));
            if !named && !is_found(state, *at) {
                latest(&mut state.secret.abandonments, *at, ABANDONMENTS);
            }
            Heard::Noted
        }
        Happening::Put {
            version,
            at,
            actor,
            pending,
        } => on(state, version, |version| {
            if *pending {
                version.seen_pending = true;
            } else {
                let actor = actor.clone();
                earliest(&mut version.put, Deed { at: *at, actor });
            }
        }),
        Happening::Deleted { at, actor, until } => {
            let asked = DeletionAsked {
                at: *at,
                until: *until,
                actor: actor.clone(),
            };
            let known = state.secret.deletion_asked.take();
            state.secret.deletion_asked = known.max(Some(asked));
            Heard::Noted
        }
        Happening::Restored { at } => {
            let restored = &mut state.secret.restored_at;
            *restored = (*restored).max(Some(*at));
            Heard::Noted
        }
        Happening::Intended {
            version,
            at,
            strategy,
        } => {
            let heard = on(state, version, |version| begun(version, *at));
            if let (Heard::Noted, Some(strategy)) = (heard, strategy) {
                intended(&mut state.secret, *at, strategy);
            }
            heard
        }
        Happening::StepFailed {
            version,
            id,
            step,
            class,
            message,
            at,
        } => on(state, version, |version| {
            // Turning rotation on tests a version that is thrown away; a failure there is no rotation's.
            if step.as_deref() != Some("testSecret") {
                begun(version, *at);
            }
            let failure = Failure {
                step: step.clone(),
                class: class.clone(),
                message: message.clone(),
                at: *at,
                ids: Vec::new(),
            };
            failed(version, failure, id);
        }),
    }
}

/// Whether it is known which rotation was abandoned then.
fn is_found(state: &SecretState, at: i64) -> bool {
    let mut rotations = state
        .versions
        .values()
        .filter_map(|one| one.rotation.as_ref());
    rotations.any(|rotation| rotation.abandoned_at == Some(at))
}

/// Does it to the version, if Secrets Manager lists it.
fn on(state: &mut SecretState, id: &VersionId, note: impl FnOnce(&mut Version)) -> Heard {
    if listed(state, Some(id), note) {
        Heard::Noted
    } else {
        Heard::Unlisted
    }
}

fn listed(
    state: &mut SecretState,
    id: Option<&VersionId>,
    note: impl FnOnce(&mut Version),
) -> bool {
    let version = id.and_then(|id| state.versions.get_mut(id));
    version.map(note).is_some()
}

fn activated(version: &mut Version, at: i64) {
    latest(&mut version.activations, at, ACTIVATIONS);
    version.seen_current = None;
}

/// The last word on the strategy counts; of two in one second, the greater: any order gives the same.
fn intended(secret: &mut Secret, at: i64, strategy: &str) {
    let known = (secret.strategy_seen_at, secret.strategy_seen.as_deref());
    if known < (Some(at), Some(strategy)) {
        secret.strategy_seen_at = Some(at);
        secret.strategy_seen = Some(strategy.to_owned());
    }
}

fn begun(version: &mut Version, at: i64) {
    let begun = &mut version.rotation_mut().begun_at;
    *begun = Some(begun.map_or(at, |known| known.min(at)));
}

pub(crate) fn abandoned(version: &mut Version, at: i64) {
    let abandoned = &mut version.rotation_mut().abandoned_at;
    *abandoned = Some(abandoned.map_or(at, |known| known.min(at)));
}

fn failed(version: &mut Version, failure: Failure, id: &str) {
    let mut ids = version
        .last_failure
        .as_mut()
        .map_or_else(Vec::new, |known| std::mem::take(&mut known.ids));
    latest(&mut ids, (failure.at, id.to_owned()), FAILURES);
    // Of two in one second, the one with the greater id: any order gives the same.
    let newest = ids
        .last()
        .is_some_and(|(at, last)| (*at, last.as_str()) == (failure.at, id));
    let known = version.last_failure.take().filter(|_| !newest);
    version.last_failure = Some(Failure {
        ids,
        ..known.unwrap_or(failure)
    });
}

fn earliest(known: &mut Option<Deed>, deed: Deed) {
    if known.as_ref().is_none_or(|known| deed < *known) {
        *known = Some(deed);
    }
}

/// Puts it in its place, once, and keeps the latest.
fn latest<T: Ord>(all: &mut Vec<T>, one: T, most: usize) {
    if let Err(place) = all.binary_search(&one) {
        all.insert(place, one);
        let surplus = all.len().saturating_sub(most);
        all.drain(..surplus);
    }
}
