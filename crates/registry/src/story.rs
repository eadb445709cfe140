//! What happened to a version, told from what is recorded of it: the way through the table of
//! [`lifecycle`](crate::lifecycle) that ends in its state. It is told anew from everything that is known,
//! so that what comes late finds its place.

use crate::lifecycle::{Event, State, next};
use crate::observe::look::{CURRENT, PENDING, PREVIOUS};
use crate::state::SecretState;
use crate::version::{Rotation, Version};

/// Brings the states of all versions up to date.
pub(crate) fn tell_states(state: &mut SecretState) {
    let mut switches: Vec<_> = state
        .versions
        .values()
        .flat_map(|version| version.activations.iter().map(|at| (*at, version.number)))
        .collect();
    switches.sort_unstable();
    for version in state.versions.values_mut() {
        let story = story(version, &switches);
        version.state = story.into_iter().fold(State::Made, next);
        version.rotation_reason = reason(version).map(str::to_owned);
    }
}

/// Why a version was made, as far as is known: what the request says, somebody called RotateSecret, a rotation
/// that nobody is known to have asked for (its schedule, where there is a trail), or a value put by hand.
fn reason(version: &Version) -> Option<&str> {
    let requested = |it: &Rotation| it.requested.is_some() || it.request.is_some();
    match (&version.rotation, &version.put) {
        (
            Some(Rotation {
                reason: Some(reason),
                ..
            }),
            _,
        ) => Some(reason),
        (Some(rotation), _) if requested(rotation) => Some("requested"),
        (Some(_), _) => Some("rotation"),
        (None, Some(_)) => Some("put"),
        (None, None) => None,
    }
}

/// What happened to a version. `switches` is when which version became AWSCURRENT, by number.
pub(crate) fn story(version: &Version, switches: &[(i64, u32)]) -> Vec<Event> {
    let mut story = Vec::new();
    let rotation = version.rotation.as_ref();
    let opened = rotation.is_some_and(|it| it.begun_at.or(it.abandoned_at).is_some());
    let pending = version.has(PENDING) && !version.has(CURRENT);
    if opened || pending {
        story.push(Event::Opened);
    }
    let estimate = version
        .seen_current
        .filter(|_| version.activations.is_empty());
    let mut activations = version
        .activations
        .iter()
        .copied()
        .chain(estimate)
        .peekable();
    while let Some(from) = activations.next() {
        story.push(Event::Activated);
        if let Some(until) = activations.peek() {
            story.push(Event::Replaced);
            story.extend(between(version, switches, from, *until));
        }
    }
    if version.has(CURRENT) {
        if !version.was_active() {
            story.push(Event::Activated);
        }
    } else if version.was_active() || version.has(PREVIOUS) || version.is_dead() {
        // One that was current before anybody looked.
        if !version.was_active() {
            story.push(Event::Activated);
        }
        story.push(Event::Replaced);
        if version.has(PREVIOUS) {
            story.extend(version.hold.is_some().then_some(Event::Held));
        } else if version.is_dead() {
            story.push(Event::Retired);
        } else {
            story.push(Event::LabelLost);
        }
        story.extend(pending.then_some(Event::Opened));
    } else if opened && !pending {
        story.push(Event::LabelLost);
    }
    story
}

/// What became of it before it was brought back.
fn between(version: &Version, switches: &[(i64, u32)], from: i64, until: i64) -> Option<Event> {
    let retired = version.retirement.as_ref();
    if retired.is_some_and(|retired| (from..until).contains(&retired.at)) {
        return Some(Event::Retired);
    }
    let others = switches
        .iter()
        .filter(|(_, number)| *number != version.number);
    let others = others.filter(|(at, _)| from < *at && *at < until);
    // With the first of them AWSPREVIOUS came, with the second it went.
    (others.count() > 1).then_some(Event::LabelLost)
}
