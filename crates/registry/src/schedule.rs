//! Rekey's own schedule of a secret: the tag `rekey:every`, inside the windows of `rekey:window`.
//!
//! The promise is the age at which a credential is to be replaced. What is due lies at the next opening of
//! the window, and a little later, so that the secrets of one window do not come all at once.

use rekey_events::{Actor, Arn, EventId, Message, RotateRequested};
use serde_json::{Map, json};

use crate::asking::{SCHEDULED, Wanted};
use crate::due::{Due, hash};
use crate::policy::Policy;
use crate::record::{Presence, Secret};
use crate::state::SecretState;
use crate::tell::{self, Telling};
use crate::window::Windows;

/// The most by which a rotation is put off, so that not all come at once.
const HOUR: i64 = 60 * 60;

/// When the credential of a secret is to be replaced, if Rekey is to see to that.
pub(crate) fn promised(state: &SecretState, policy: &Policy) -> Option<i64> {
    let secret = &state.secret;
    let every = secret.every?;
    // A person who cancelled the rotation meant it.
    if !secret.rotation_enabled || !secret.is_rotated_by_us(policy) {
        return None;
    }
    let born = state.current()?.created_at;
    Some(state.switched_at().or(born)?.saturating_add(every))
}

/// When a sweep shall ask for it: not before it is promised, and in a window. None while nobody should: its
/// rotations were given up until one succeeds, or its window never opens.
pub(crate) fn due_at(secret: &Secret, promised: i64, now: i64) -> Option<i64> {
    if secret.quarantine.is_some() || secret.presence != Presence::Present {
        return None;
    }
    let from = promised.max(now);
    match secret.windows() {
        Some(windows) => opening(&windows, &secret.name, promised, from),
        None => {
            let room = secret.every.unwrap_or_default() / 10;
            Some(from.saturating_add(jitter(&secret.name, promised, room)))
        }
    }
}

/// When it is asked for again: while the window is open after a while, and else when it opens again.
pub(crate) fn again_at(due: &Due, policy: &Policy, now: i64) -> i64 {
    let soon = now.saturating_add(policy.retry);
    match windows(due) {
        Some(windows) if !windows.is_open(soon) => {
            let opening = opening(&windows, &due.name, due.promised, soon);
            // One that never opens is looked at again with the tag.
            opening.unwrap_or(soon)
        }
        _ => soon,
    }
}

/// Whether it may be asked for now. A sweep may come late.
pub(crate) fn is_open(due: &Due, now: i64) -> bool {
    windows(due).is_none_or(|windows| windows.is_open(now))
}

fn windows(due: &Due) -> Option<Windows> {
    let text = due.window.as_deref()?;
    Some(Windows::parse(text).unwrap_or_else(|_| Windows::never()))
}

/// In the first half of what is left of the window that is open then, or opens next.
fn opening(windows: &Windows, name: &str, promised: i64, from: i64) -> Option<i64> {
    let opening = windows.next_opening(from)?;
    let closes_at = windows.closes_at(opening).unwrap_or(i64::MAX);
    let room = closes_at.saturating_sub(opening) / 2;
    Some(opening.saturating_add(jitter(name, promised, room)))
}

/// The same for the same secret and promise, and different for others.
fn jitter(name: &str, promised: i64, room: i64) -> i64 {
    let spread = room.clamp(0, HOUR).unsigned_abs().saturating_add(1);
    let hash = hash(name.bytes().chain(promised.to_be_bytes()));
    // The high bits are the well mixed ones.
    let within = (hash >> 32).checked_rem(spread).unwrap_or_default();
    i64::try_from(within).unwrap_or_default()
}

/// The request that is put on the bus. Its id is the same in every repetition for one promise, so that the
/// function that takes it knows it again, until a rotation that came of it has failed.
pub(crate) fn wanted(due: &Due, policy: &Policy, now: i64) -> Telling<Wanted> {
    let (key, scope) = tell::key(&due.name, policy)?;
    let secret = tell::secret(&due.name, &due.arn)?;
    let mut request = RotateRequested::new(key, tell::time(now)?);
    let what = match &due.after {
        None => format!("{}/{}", due.what, due.promised),
        Some(failed) => format!("{}/{}/{failed}", due.what, due.promised),
    };
    request.event_id = Some(EventId::derive(&due.arn, &what));
    request.scope = scope;
    request.requested_by = Actor::new(SCHEDULED).ok();
    request.reason = Some(Message::clipped(SCHEDULED));
    request.secret = Some(secret);
    let mut more = Map::new();
    more.insert("rollout_note".to_owned(), json!("scheduled by policy"));
    request.metadata = Some(more.into());
    let arn = tell::fits("arn", Arn::new(due.arn.as_str()))?;
    Ok(Wanted { request, arn })
}
