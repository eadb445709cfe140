//! What a look at Secrets Manager shows now.

use std::collections::BTreeMap;

use rekey_events::{Identifier, Strategy};

use crate::deadline::What;
use crate::record::{Pending, Presence, Secret};
use crate::snapshot::{
    APPROVAL_TAG, EVERY_TAG, GRACE_TAG, HEALTH_TAG, KIND_TAG, MAX_AGE_TAG, SERVICE_TAG, SITES_TAG,
    STRATEGY_TAG, SeenVersion, Snapshot, WINDOW_TAG,
};
use crate::state::SecretState;
use crate::version::{Version, VersionId};
use crate::window::Windows;

pub(crate) const CURRENT: &str = "AWSCURRENT";
pub(crate) const PREVIOUS: &str = "AWSPREVIOUS";
pub(crate) const PENDING: &str = "AWSPENDING";

/// How many versions are recorded with one commit. More are recorded with the next.
const AT_ONCE: usize = 50;

/// How many versions are kept. Secrets Manager keeps as many (User Guide, "Secrets Manager quotas").
const KEPT: usize = 100;

/// The word of the tag `rekey:approval`.
const MANUAL: &str = "manual";

/// The longest time between two rotations that is taken for one, in seconds.
const LONGEST: i64 = 3650 * 24 * 60 * 60;

/// How many are dropped with one commit.
const DROPPED_AT_ONCE: usize = 20;

/// A secret that was never seen before, as yet without its versions.
pub(super) fn first_seen(snapshot: &Snapshot, now: i64) -> SecretState {
    SecretState {
        secret: Secret {
            name: snapshot.name.clone(),
            arn: snapshot.arn.clone(),
            kind: String::new(),
            owner: None,
            created_at: None,
            registered_at: now,
            grace_tag: None,
            max_age_days: None,
            health: Vec::new(),
            window_tag: None,
            approval_manual: false,
            every: None,
            service: None,
            sites: Vec::new(),
            strategy_tag: None,
            strategy_seen: None,
            strategy_seen_at: None,
            bad_tags: Vec::new(),
            owning_service: None,
            rotation_enabled: false,
            rotation_function: None,
            next_rotation: None,
            last_rotated: None,
            last_changed: None,
            presence: Presence::Present,
            current: None,
            previous: None,
            current_seen_since: None,
            pending: None,
            quarantine: None,
            rollbacks: Vec::new(),
            abandonments: Vec::new(),
            rotation_failed_at: None,
            deletion_asked: None,
            restored_at: None,
            told: Vec::new(),
            requests: Vec::new(),
            highest_number: 0,
            found_late: 0,
            revision: 0,
            deadlines: BTreeMap::new(),
        },
        versions: BTreeMap::new(),
        consumers: Vec::new(),
        unsent: Vec::new(),
    }
}

/// Another secret has taken the name. The versions stay as history, and numbers go on; what was known of
/// the old secret as a whole does not apply to the new one.
pub(super) fn taken_over(state: &mut SecretState, snapshot: &Snapshot, now: i64) {
    let old = state.secret.clone();
    state.secret = Secret {
        registered_at: now,
        told: old.told,
        requests: old.requests,
        highest_number: old.highest_number,
        found_late: old.found_late,
        revision: old.revision,
        ..first_seen(snapshot, now).secret
    };
}

/// Whether an answer is older than one that was recorded: reads of Secrets Manager may lag behind.
pub(super) fn is_stale(secret: &Secret, snapshot: &Snapshot) -> bool {
    secret.arn == snapshot.arn && snapshot.last_changed < secret.last_changed
}

/// Records the versions that are new, in the order in which they were made. Returns whether all are.
pub(super) fn number(state: &mut SecretState, snapshot: &Snapshot) -> bool {
    let known = |version: &&SeenVersion| !state.versions.contains_key(&version.id);
    let mut new: Vec<_> = snapshot.versions.iter().filter(known).collect();
    new.sort_by_key(|version| (version.created_ms.unwrap_or(i64::MAX), &version.id));
    let all = new.len() <= AT_ONCE;
    for version in new.into_iter().take(AT_ONCE) {
        state.secret.highest_number = state.secret.highest_number.saturating_add(1);
        let created_at = version.created_ms.map(|ms| ms.div_euclid(1000));
        let record = Version::new(version.id.clone(), state.secret.highest_number, created_at);
        state.versions.insert(version.id.clone(), record);
    }
    all
}

/// Records what is so now.
pub(super) fn see(state: &mut SecretState, snapshot: &Snapshot, now: i64) {
    tags(&mut state.secret, snapshot);
    let secret = &mut state.secret;
    secret.created_at = snapshot.created_at.or(secret.created_at);
    secret.last_changed = snapshot.last_changed.or(secret.last_changed);
    secret.owning_service.clone_from(&snapshot.owning_service);
    secret.rotation_enabled = snapshot.rotation_enabled;
    secret
        .rotation_function
        .clone_from(&snapshot.rotation_function);
    secret.next_rotation = snapshot.next_rotation;
    secret.last_rotated = snapshot.last_rotated.or(secret.last_rotated);
    labels(state, snapshot, now);
    forget(state, snapshot);
}

fn labels(state: &mut SecretState, snapshot: &Snapshot, now: i64) {
    for version in state.versions.values_mut() {
        let seen = snapshot.versions.iter().find(|seen| seen.id == version.id);
        let mut labels = seen.map_or_else(Vec::new, |seen| seen.labels.clone());
        labels.sort();
        version.seen_pending |= labels.iter().any(|label| label == PENDING);
        version.labels = labels;
    }
    let current = snapshot.with(CURRENT).cloned();
    let previous = snapshot
        .with(PREVIOUS)
        .filter(|id| Some(*id) != current.as_ref());
    arrange(state, current.clone(), previous.cloned(), now);

    let pending = snapshot
        .with(PENDING)
        .filter(|id| Some(*id) != current.as_ref());
    let known = state.secret.pending.take();
    state.secret.pending = pending.map(|id| match known {
        Some(known) if known.version == *id => known,
        _ => Pending {
            version: id.clone(),
            since: created_at(state, id).unwrap_or(now),
            resumes: 0,
            last_resume: None,
        },
    });
}

/// Notes which version is current and which the one before, and since when that is seen.
pub(crate) fn arrange(
    state: &mut SecretState,
    current: Option<VersionId>,
    previous: Option<VersionId>,
    now: i64,
) {
    let secret = &mut state.secret;
    // That AWSPREVIOUS was taken away is no switch.
    let switched = secret.current != current || previous.is_some() && secret.previous != previous;
    if switched {
        secret.current_seen_since = Some(now);
    }
    secret.current = current;
    secret.previous = previous;
    let id = secret.current.as_ref();
    if let Some(version) = id.and_then(|id| state.versions.get_mut(id)) {
        if version.activations.is_empty() {
            version.seen_current.get_or_insert(now);
        }
        version.hold = None;
        version.void = None;
        version.retire_intent = None;
    }
}

fn created_at(state: &SecretState, id: &VersionId) -> Option<i64> {
    state.versions.get(id)?.created_at
}

/// What a look says of whether and when a secret may be rotated.
pub(crate) fn policy(secret: &mut Secret, snapshot: &Snapshot) {
    tags(secret, snapshot);
    secret.owning_service.clone_from(&snapshot.owning_service);
    secret.rotation_enabled = snapshot.rotation_enabled;
    secret
        .rotation_function
        .clone_from(&snapshot.rotation_function);
    secret.presence = match snapshot.deleted {
        None => Presence::Present,
        until @ Some(_) => Presence::Deleting { until },
    };
}

fn tags(secret: &mut Secret, snapshot: &Snapshot) {
    secret.owner = snapshot.owner().map(str::to_owned);
    secret.bad_tags.clear();
    secret.kind = snapshot.kind().to_owned();
    let kind = snapshot.tag(KIND_TAG);
    if kind.is_some_and(|tag| tag != secret.kind) {
        secret.bad_tags.push(KIND_TAG.to_owned());
    }
    secret.grace_tag = whole(secret, snapshot, GRACE_TAG);
    secret.max_age_days = whole(secret, snapshot, MAX_AGE_TAG);
    secret.health = snapshot.tag(HEALTH_TAG).map_or_else(Vec::new, |urls| {
        urls.split_whitespace().map(str::to_owned).collect()
    });
    policy_tags(secret, snapshot);
}

/// What says when, how often and with whose approval it may be rotated. Where that restricts, a text that
/// cannot be understood restricts most.
fn policy_tags(secret: &mut Secret, snapshot: &Snapshot) {
    let window_tag = snapshot.tags.get(WINDOW_TAG).cloned();
    if window_tag != secret.window_tag {
        // What lies in the old window is armed anew in the new one.
        let armed = secret.deadlines.iter_mut();
        for (_, deadline) in armed.filter(|(key, _)| key.what == What::Rotate) {
            deadline.due_at = None;
        }
    }
    secret.window_tag = window_tag;
    let window = secret.window_tag.as_deref().map(Windows::parse);
    let mut bad = Vec::new();
    bad.extend(matches!(window, Some(Err(_))).then_some(WINDOW_TAG));
    let approval = snapshot.tags.get(APPROVAL_TAG);
    secret.approval_manual = approval.is_some();
    bad.extend(
        approval
            .is_some_and(|it| it != MANUAL)
            .then_some(APPROVAL_TAG),
    );
    let every = snapshot.tag(EVERY_TAG).map(span);
    secret.every = every.flatten();
    bad.extend((every == Some(None)).then_some(EVERY_TAG));
    let service = snapshot.tag(SERVICE_TAG);
    let known = service.filter(|service| Identifier::new(*service).is_ok());
    secret.service = known.map(str::to_owned);
    bad.extend((service != known).then_some(SERVICE_TAG));
    let sites = snapshot.tag(SITES_TAG).unwrap_or_default();
    secret.sites = sites.split_whitespace().map(str::to_owned).collect();
    let strategy = snapshot.tag(STRATEGY_TAG);
    let known = strategy.filter(|word| Strategy::WORDS.contains(word));
    secret.strategy_tag = known.map(str::to_owned);
    bad.extend((strategy != known).then_some(STRATEGY_TAG));
    secret.bad_tags.extend(bad.into_iter().map(str::to_owned));
}

/// `30d`, `12h`, `90m`: how long that is, in seconds. At most ten years.
fn span(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "d" => 24 * 60 * 60,
        "h" => 60 * 60,
        "m" => 60,
        _ => return None,
    };
    let is_whole = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = number.parse::<i64>().ok()?.checked_mul(unit)?;
    (is_whole && (1..=LONGEST).contains(&seconds)).then_some(seconds)
}

/// A whole number that fits 32 bits, as the rotation function reads the tag too.
fn whole(secret: &mut Secret, snapshot: &Snapshot, tag: &str) -> Option<i64> {
    let number = snapshot.tag(tag)?.parse::<u32>();
    if number.is_err() {
        secret.bad_tags.push(tag.to_owned());
    }
    number.ok().map(i64::from)
}

/// Drops the oldest records of versions that Secrets Manager has dropped.
fn forget(state: &mut SecretState, snapshot: &Snapshot) {
    let surplus = state
        .versions
        .len()
        .saturating_sub(KEPT)
        .min(DROPPED_AT_ONCE);
    let by_number = state.by_number().into_iter();
    let gone = by_number.filter(|version| {
        let mut seen = snapshot.versions.iter();
        !seen.any(|seen| seen.id == version.id)
    });
    let gone: Vec<_> = gone
        .take(surplus)
        .map(|version| version.id.clone())
        .collect();
    for id in gone {
        state.versions.remove(&id);
    }
}

/// Whether the secret is there.
pub(super) fn presence(secret: &mut Secret, snapshot: Option<&Snapshot>, now: i64) {
    let asked = secret.deletion_asked.as_ref();
    let asked = asked.filter(|asked| Some(asked.at) > secret.restored_at);
    secret.presence = match snapshot {
        Some(snapshot) => match snapshot.deleted {
            None => Presence::Present,
            seen @ Some(_) => Presence::Deleting {
                until: asked.and_then(|asked| asked.until).or(seen),
            },
        },
        None => match &secret.presence {
            _ if asked.is_some() => Presence::Gone,
            Presence::Gone => Presence::Gone,
            Presence::Deleting { until } if until.is_none_or(|until| until <= now) => {
                Presence::Gone
            }
            missing @ Presence::Missing { .. } => missing.clone(),
            Presence::Present | Presence::Deleting { .. } => Presence::Missing {
                since: now,
                told: false,
            },
        },
    };
}
