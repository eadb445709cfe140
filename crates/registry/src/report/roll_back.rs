//! An earlier credential is the current one again.

use rekey_events::{Announcement, Message, Proof, ProofMethod, RollbackIntended, SecretRolledBack};

use super::{BroughtBack, ReportError, make, secret, version};
use crate::observe::look::{CURRENT, PREVIOUS, arrange};
use crate::record::Rollback;
use crate::state::SecretState;
use crate::tell;
use crate::version::{RolledBack, VersionId};

/// How far the clocks of two of our functions may be apart, in seconds.
const CLOCKS_APART: i64 = 10 * 60;
/// How many rollbacks are remembered.
const REMEMBERED: usize = 8;

/// The intent is told once; a repetition acts under the one that is open.
pub(super) fn intended(
    state: &mut SecretState,
    (from, to): (&VersionId, &VersionId),
    requested_by: &Option<String>,
    reason: &Option<String>,
    now: i64,
) -> Result<Option<Announcement>, ReportError> {
    let (secret, kind) = (secret(state)?, tell::kind(&state.secret.kind)?);
    version(state, from)?;
    version(state, to)?;
    let is_open = |it: &Rollback| it.done_at.is_none() && !it.told;
    let last = last_of(state, from, to);
    if last.is_some_and(|it| is_open(it)) {
        return Ok(None);
    }
    begin(
        state,
        Rollback {
            from: from.clone(),
            to: to.clone(),
            intended_at: now,
            requested_by: requested_by.clone(),
            reason: reason.clone(),
            done_at: None,
            told: false,
        },
    );
    let token = tell::version(to)?;
    let event = RollbackIntended::id(&secret, &token, &cause(now));
    let mut detail = RollbackIntended::new(event, tell::time(now)?, secret.clone(), token, kind);
    detail.from_version = Some(tell::version(from)?);
    detail.requested_by = tell::actor(requested_by.as_deref());
    detail.reason = tell::message(reason.as_deref());
    make(event, &detail, &secret)
}

/// What a rollback goes by, in the id of its events: the same version may be brought back more than once.
fn cause(intended_at: i64) -> String {
    format!("at {intended_at}")
}

pub(super) fn done(
    state: &mut SecretState,
    back: &BroughtBack,
    now: i64,
) -> Result<Option<Announcement>, ReportError> {
    let secret = secret(state)?;
    let (from, to) = (&back.from, &back.to);
    version(state, from)?;
    version(state, to)?;
    if last_of(state, from, to).is_none() {
        begin(
            state,
            Rollback {
                from: from.clone(),
                to: to.clone(),
                intended_at: now,
                requested_by: back.requested_by.clone(),
                reason: Some(back.reason.clone()),
                done_at: None,
                told: false,
            },
        );
    }
    let intended_at = match last_of(state, from, to) {
        Some(known) if known.done_at.is_none() => {
            known.done_at = Some(now);
            known.intended_at
        }
        _ => return Ok(None),
    };
    version(state, from)?.rolled_back = Some(RolledBack {
        at: now,
        to: to.clone(),
        reason: back.reason.clone(),
        by: back.requested_by.clone(),
    });
    let came_back = version(state, from)?.activations.last().copied();
    let revived = version(state, to)?;
    // Clocks are minutes apart: what was retired just before is alive again.
    let dead = revived.retirement.as_ref().map(|retired| retired.at);
    let just_before = dead.filter(|at| *at < back.accepted_at.saturating_add(CLOCKS_APART));
    let after = just_before.map(|at| at.saturating_add(1));
    revived.revived_at = revived.revived_at.max(Some(back.accepted_at)).max(after);
    // What moved the labels knows where they are, unless they were moved on since and that is known.
    if state.secret.current.as_ref() == Some(from) && came_back <= Some(back.accepted_at) {
        swap_labels(state, from, to);
        arrange(state, Some(to.clone()), Some(from.clone()), now);
    }
    let token = tell::version(to)?;
    let intent = RollbackIntended::id(&secret, &token, &cause(intended_at));
    let event = SecretRolledBack::id(&intent);
    let proof = Proof::new(ProofMethod::LoginAccepted, tell::time(back.accepted_at)?);
    let mut detail = SecretRolledBack::new(
        event,
        tell::time(now)?,
        secret.clone(),
        tell::version(from)?,
        token,
        Message::clipped(&back.reason),
        proof,
        back.restored,
    );
    detail.requested_by = tell::actor(back.requested_by.as_deref());
    make(event, &detail, &secret)
}

/// The last rollback between the two.
fn last_of<'a>(
    state: &'a mut SecretState,
    from: &VersionId,
    to: &VersionId,
) -> Option<&'a mut Rollback> {
    let rollbacks = state.secret.rollbacks.iter_mut();
    rollbacks.rev().find(|it| it.from == *from && it.to == *to)
}

fn begin(state: &mut SecretState, rollback: Rollback) {
    let rollbacks = &mut state.secret.rollbacks;
    rollbacks.push(rollback);
    let surplus = rollbacks.len().saturating_sub(REMEMBERED);
    rollbacks.drain(..surplus);
}

fn swap_labels(state: &mut SecretState, from: &VersionId, to: &VersionId) {
    for version in state.versions.values_mut() {
        let moves = [(CURRENT, to), (PREVIOUS, from)];
        for (label, owner) in moves {
            version.labels.retain(|one| one != label);
            if version.id == *owner {
                version.labels.push(label.to_owned());
            }
        }
        version.labels.sort();
    }
}
