//! What was asked for, and what came of it. The id of a request is the token of its rotation, so a version
//! leads back to who asked, why, and within what work; and its end is the request's.

use rekey_events::Outcome;

use crate::request::{Requested, Standing};
use crate::state::SecretState;
use crate::version::{Version, VersionId};

/// Notes on each version which request it was made for. It is reckoned anew from everything that is known:
/// that Secrets Manager took up an older rotation in place of a request may come after that version's end.
pub(crate) fn join(state: &mut SecretState) {
    for id in made_for_requests(state) {
        let Some(request) = request_of(state, &id).cloned() else {
            continue;
        };
        let Some(version) = state.versions.get_mut(&id) else {
            continue;
        };
        // RotateSecret alone makes a version with the token of a request. What was taken up in place of one
        // may have been a value put by hand by the time it was seen.
        if request.token == id || version.seen_pending || version.is_of_rotation() {
            let rotation = version.rotation_mut();
            rotation.asked_by = Some(request.actor.unwrap_or(request.source));
            rotation.request = Some(request.token);
            rotation.reason = request.reason;
        }
    }
}

fn made_for_requests(state: &SecretState) -> Vec<VersionId> {
    state.secret.requests.iter().map(made).cloned().collect()
}

/// The version that came of a request.
fn made(request: &Requested) -> &VersionId {
    request.superseded_by.as_ref().unwrap_or(&request.token)
}

/// The request that a version was made for. When several ended in it, its own, or else the first.
pub(crate) fn request_of<'a>(state: &'a SecretState, id: &VersionId) -> Option<&'a Requested> {
    let requests = || state.secret.requests.iter();
    let own = requests().find(|one| one.token == *id);
    own.or_else(|| requests().find(|one| made(one) == id))
}

/// How the rotations of requests have ended, as far as their own records do not say so yet.
pub(crate) fn outcomes(state: &mut SecretState, now: i64) -> Vec<(VersionId, Standing)> {
    let mut outcomes = Vec::new();
    let mut requests = std::mem::take(&mut state.secret.requests);
    for request in &mut requests {
        let version = state.versions.get(made(request));
        let Some((outcome, standing)) = version.and_then(|one| end(state, one, now)) else {
            continue;
        };
        if request.outcome.as_deref() != Some(outcome.as_str()) {
            request.outcome = Some(outcome.as_str().to_owned());
            outcomes.push((request.token.clone(), standing));
        }
    }
    state.secret.requests = requests;
    outcomes
}

/// How the rotation that made a version has ended, by what was announced of it. The last of its ends counts:
/// one that was given up may succeed, and one that succeeded may be rolled back.
fn end(state: &SecretState, version: &Version, now: i64) -> Option<(Outcome, Standing)> {
    let has = |outcome: &Outcome| version.told.ends.iter().any(|end| end == outcome.as_str());
    let ends = [
        Outcome::RolledBack,
        Outcome::Success,
        Outcome::Abandoned,
        Outcome::Failed,
    ];
    let outcome = ends.into_iter().find(has)?;
    let rotation = version.rotation.as_ref();
    let failure = version.last_failure.as_ref();
    let (at, class, message) = match outcome {
        Outcome::Success => (version.activated_at(), None, None),
        Outcome::RolledBack => {
            let mut rollbacks = state.secret.rollbacks.iter().rev();
            let rollback = rollbacks.find(|one| one.from == version.id);
            let why = rollback.and_then(|one| one.reason.clone());
            (rollback.and_then(|one| one.done_at), None, why)
        }
        _ => (
            rotation.and_then(|it| it.abandoned_at),
            failure.map(|it| it.class.clone()),
            failure.map(|it| it.message.clone()),
        ),
    };
    let standing = Standing::Ended {
        outcome: outcome.as_str().to_owned(),
        at: at.unwrap_or(now),
        class,
        message,
    };
    Some((outcome, standing))
}
