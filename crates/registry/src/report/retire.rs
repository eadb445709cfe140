//! A credential is taken out of use.

use rekey_events::{
    Announcement, HoldCause, Identifier, Message, Proof, ProofMethod, RetireIntended, SecretRef,
    SecretRetireHeld, SecretRetired, Strategy, Word,
};

use super::{ReportError, Retired, make, secret, version};
use crate::deadline::{DeadlineKey, What};
use crate::observe::look::PREVIOUS;
use crate::policy::Policy;
use crate::state::SecretState;
use crate::tell::{self, Telling};
use crate::version::{Hold, Intent, Retirement, VersionId, Void};

const DAY: i64 = 24 * 60 * 60;
/// How many announcements of one wait are remembered.
const REMEMBERED: usize = 64;

/// How long a retirement still waits for what holds it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Patience {
    /// It waits.
    Wait,
    /// It has waited as long as it may.
    BoundReached,
}

/// Whether the retirement of a version has waited for others as long as it may: from the first time that it
/// did, and never before its grace had ended.
pub fn patience(state: &SecretState, id: &VersionId, policy: &Policy, now: i64) -> Patience {
    let hold = state.versions.get(id).and_then(|one| one.hold.as_ref());
    let Some(since) = hold.and_then(|hold| hold.waiting_since) else {
        return Patience::Wait;
    };
    let deadline = state
        .secret
        .deadlines
        .get(&DeadlineKey::new(What::Retire, id));
    let begun = deadline.map_or(since, |deadline| deadline.promised.max(since));
    if begun.saturating_add(policy.hold_bound) <= now {
        Patience::BoundReached
    } else {
        Patience::Wait
    }
}

/// Whether a cause is one of others, for whom a retirement waits.
fn is_of_others(cause: &str) -> bool {
    [
        HoldCause::ConsumerNotMoved,
        HoldCause::SessionsOpen,
        HoldCause::HealthCheckFailing,
        HoldCause::KeptUntil,
    ]
    .iter()
    .any(|one| one.as_str() == cause)
}

/// The intent is told once; a repetition acts under the one that is open.
pub(super) fn intended(
    state: &mut SecretState,
    id: &VersionId,
    requested_by: &Option<String>,
    reason: &Option<String>,
    now: i64,
) -> Result<Option<Announcement>, ReportError> {
    let (secret, kind) = (secret(state)?, tell::kind(&state.secret.kind)?);
    let version = version(state, id)?;
    if version.retire_intent.is_some() || version.is_dead() {
        return Ok(None);
    }
    version.retire_intent = Some(Intent {
        at: now,
        requested_by: requested_by.clone(),
        reason: reason.clone(),
    });
    let token = tell::version(id)?;
    let event = RetireIntended::id(&secret, &token, &cause(now));
    let mut detail = RetireIntended::new(event, tell::time(now)?, secret.clone(), token, kind);
    detail.requested_by = tell::actor(requested_by.as_deref());
    detail.reason = tell::message(reason.as_deref());
    make(event, &detail, &secret)
}

/// What made a retirement due, in the id of its events: a credential that was brought back and is revoked
/// again has another.
fn cause(intended_at: i64) -> String {
    format!("at {intended_at}")
}

pub(super) fn done(
    state: &mut SecretState,
    retired: &Retired,
    now: i64,
) -> Result<Option<Announcement>, ReportError> {
    let (secret, kind) = (secret(state)?, tell::kind(&state.secret.kind)?);
    let is_current = state.secret.current.as_ref() == Some(&retired.version);
    let version = version(state, &retired.version)?;
    let known = version.retirement.as_ref();
    if version.is_dead() || known.is_some_and(|known| known.at >= retired.refused_at) {
        return Ok(None);
    }
    let intended_at = version
        .retire_intent
        .take()
        .map_or(retired.refused_at, |intent| intent.at);
    // Clocks are minutes apart: what is dead now died after it was last alive, unless it lives again.
    let alive = version.activations.last().copied().max(version.revived_at);
    let at = alive.filter(|_| !is_current).max(Some(retired.refused_at));
    version.retirement = Some(Retirement {
        at: at.unwrap_or(retired.refused_at),
        sessions_ended: retired.sessions_ended,
        forced: retired.forced,
        requested_by: retired.requested_by.clone(),
        reason: retired.reason.clone(),
    });
    version.hold = None;
    if retired.label_removed {
        version.labels.retain(|label| label != PREVIOUS);
        let previous = &mut state.secret.previous;
        previous.take_if(|previous| *previous == retired.version);
    }
    let token = tell::version(&retired.version)?;
    let intent = RetireIntended::id(&secret, &token, &cause(intended_at));
    let event = SecretRetired::id(&intent);
    let mut proof = Proof::new(ProofMethod::LoginRefused, tell::time(retired.refused_at)?);
    proof.sessions_ended = Some(retired.sessions_ended);
    let waited_for = retired
        .waited_for
        .iter()
        .filter_map(|word| hold_cause(word));
    let mut detail = SecretRetired::new(
        event,
        tell::time(now)?,
        secret.clone(),
        token,
        kind,
        proof,
        retired.label_removed,
        retired.forced,
        waited_for.collect(),
    );
    let strategy = retired.strategy.as_deref().map(Word::new);
    detail.strategy = strategy.and_then(Result::ok).map(Strategy::from);
    detail.requested_by = tell::actor(retired.requested_by.as_deref());
    detail.reason = tell::message(retired.reason.as_deref());
    make(event, &detail, &secret)
}

/// Held is said once for each cause and day of the wait.
pub(super) fn held(
    state: &mut SecretState,
    id: &VersionId,
    (cause, message, services): (&str, &str, &[String]),
    policy: &Policy,
    now: i64,
) -> Result<Option<Announcement>, ReportError> {
    let secret = secret(state)?;
    let version = version(state, id)?;
    if !version.has(PREVIOUS) {
        return Ok(None);
    }
    let known = version.hold.take();
    let since = known.as_ref().map_or(now, |known| known.since);
    let waited = known.as_ref().and_then(|known| known.waiting_since);
    let waiting_since = waited.or_else(|| is_of_others(cause).then_some(now));
    let mut told = known.map_or_else(Vec::new, |known| known.told);
    let day = now.saturating_sub(since).div_euclid(DAY);
    let today = (cause.to_owned(), day);
    let is_told = told.contains(&today);
    if !is_told {
        told.push(today);
        let surplus = told.len().saturating_sub(REMEMBERED);
        told.drain(..surplus);
    }
    version.hold = Some(Hold {
        cause: cause.to_owned(),
        since,
        waiting_since,
        at: now,
        message: message.to_owned(),
        services: services.to_vec(),
        told,
    });
    if is_told {
        return Ok(None);
    }
    let hold = telling(
        &secret,
        id,
        (cause, message, services),
        (since, day),
        policy,
        now,
    )?;
    make(hold.event_id, &hold, &secret)
}

fn telling(
    secret: &SecretRef,
    id: &VersionId,
    (cause, message, services): (&str, &str, &[String]),
    (since, day): (i64, i64),
    policy: &Policy,
    now: i64,
) -> Telling<SecretRetireHeld> {
    let token = tell::version(id)?;
    let cause = hold_cause(cause).unwrap_or(HoldCause::StillInUse);
    let today = tell::time(since.saturating_add(day.saturating_mul(DAY)))?;
    let services = services
        .iter()
        .filter_map(|name| Identifier::new(name).ok());
    let mut detail = SecretRetireHeld::new(
        SecretRetireHeld::id(secret, &token, &cause, today),
        tell::time(now)?,
        secret.clone(),
        token,
        cause,
        Message::clipped(message),
        services.collect(),
        tell::time(since)?,
    );
    detail.bound = Some(tell::time(since.saturating_add(policy.hold_bound))?);
    detail.next_try = Some(tell::time(now.saturating_add(policy.retry))?);
    Ok(detail)
}

fn hold_cause(word: &str) -> Option<HoldCause> {
    Word::new(word).ok().map(HoldCause::from)
}

/// Nothing to retire: the deadline is closed, and stays so until there is another switch.
pub(super) fn void(
    state: &mut SecretState,
    id: &VersionId,
    why: &str,
    now: i64,
) -> Result<(), ReportError> {
    let version = version(state, id)?;
    version.hold = None;
    version.retire_intent = None;
    version.void.get_or_insert_with(|| Void {
        at: now,
        why: why.to_owned(),
    });
    for what in [What::Retire, What::GraceEnding] {
        let key = DeadlineKey::new(what, id);
        if let Some(deadline) = state.secret.deadlines.get_mut(&key) {
            deadline.due_at = None;
            deadline.done_at.get_or_insert(now);
        }
    }
    Ok(())
}
