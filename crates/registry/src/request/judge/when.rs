//! Whether it may be rotated now: nothing open, the window, the interval, the turn, the old credential, the gap.

use rekey_events::ErrorClass;

use super::{Verdict, no, registered};
use crate::observe::look::{CURRENT, PENDING, PREVIOUS, policy as policy_of};
use crate::policy::Policy;
use crate::request::record::{Refusal, Wishes};
use crate::request::store::Turn;
use crate::snapshot::Snapshot;
use crate::state::SecretState;
use crate::version::VersionId;

/// The environment in which a rotation needs a window or a note (spec 2.3).
const PRODUCTION: &str = "prod";

/// What is judged of a secret that is registered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    pub(crate) state: &'a SecretState,
    /// How it is now, where a look was taken.
    pub(crate) look: Option<&'a Snapshot>,
    /// Whose turn it is among the secrets of its service.
    pub(crate) turn: Option<&'a Turn>,
    /// The request, if it has a record.
    pub(crate) token: Option<&'a VersionId>,
    pub(crate) wishes: &'a Wishes,
    /// Whether its force counts.
    pub(crate) forced: bool,
    /// Whether the owner's own tag asks for it.
    pub(crate) scheduled: bool,
    pub(crate) policy: &'a Policy,
    pub(crate) now: i64,
}

/// What our own record alone speaks against. It costs no look.
pub(crate) fn by_record(case: &Case<'_>) -> Result<(), Box<Refusal>> {
    interval(case)
}

/// Everything. What is not known without a look is taken from the record.
pub(crate) fn verdict(case: &Case<'_>, approved: bool) -> Verdict {
    let checked = open_rotation(case)
        .and_then(|()| window(case))
        .and_then(|()| interval(case))
        .and_then(|()| turn(case))
        .and_then(|()| overlap(case));
    if let Err(refusal) = checked {
        return Verdict::Refuse(refusal);
    }
    let awaits = case.state.secret.approval_manual && !approved;
    let ends_inside = case
        .state
        .secret
        .strategy()
        .is_some_and(|it| it.ends_inside());
    match old_credential(case) {
        Some((_, refusal)) if !case.forced => Verdict::Refuse(refusal),
        Some((_, refusal)) if ends_inside && is_promised_by_tag(case, &refusal) => {
            Verdict::Refuse(promised_by_tag(case, *refusal))
        }
        // Force opens no approval: nothing is retired before somebody else has said yes.
        _ if awaits => Verdict::Await,
        // No retirement ends it: the rotation itself does.
        Some(_) if ends_inside => Verdict::Accept,
        Some((version, _)) => Verdict::RetireFirst(version),
        None => Verdict::Accept,
    }
}

fn open_rotation(case: &Case<'_>) -> Result<(), Box<Refusal>> {
    let open = match case.look {
        Some(look) => look
            .with(PENDING)
            .filter(|id| Some(*id) != look.with(CURRENT)),
        None => case.state.secret.pending.as_ref().map(|one| &one.version),
    };
    match open.filter(|id| case.token != Some(*id)) {
        None => Ok(()),
        Some(id) => Err(Box::new(Refusal {
            version: Some(id.clone()),
            ..*no(
                ErrorClass::RotationOpen,
                "another rotation of the secret is not finished",
                "wait for its end, or see what keeps it: rekey doctor",
                case.now,
            )
        })),
    }
}

fn window(case: &Case<'_>) -> Result<(), Box<Refusal>> {
    let Case {
        now,
        forced,
        wishes,
        ..
    } = *case;
    if forced {
        return Ok(());
    }
    let closed = |message: &str, advice: &str, retry_at: Option<i64>| {
        Err(Box::new(Refusal {
            retry_at,
            ..*no(ErrorClass::WindowClosed, message, advice, now)
        }))
    };
    let windows = case.state.secret.windows();
    if let Some(windows) = &windows
        && !windows.is_open(now)
    {
        return closed(
            "the secret's maintenance window (tag rekey:window) is closed",
            "ask again when it opens; somebody who may force need not wait",
            windows.next_opening(now),
        );
    }
    if let Some((from, until)) = wishes.window
        && !(from <= now && now < until)
    {
        return closed(
            "now is outside the window that the request itself names (metadata.window)",
            "ask again inside it, or name another",
            Some(from).filter(|from| *from > now),
        );
    }
    let production = case.policy.environment.as_deref() == Some(PRODUCTION);
    let covered = windows.is_some() || wishes.window.is_some() || wishes.rollout_note.is_some();
    if production && !covered {
        return closed(
            "a rotation in production needs a maintenance window or a rollout note",
            "send metadata.rollout_note or metadata.window (rekey rotate --note, --window), or give the secret the tag rekey:window",
            None,
        );
    }
    Ok(())
}

fn interval(case: &Case<'_>) -> Result<(), Box<Refusal>> {
    let others = case.state.secret.requests.iter();
    let last = others
        .filter(|one| case.token != Some(&one.token))
        .map(|one| one.at)
        .max();
    let again = last.map(|at| at.saturating_add(case.policy.interval));
    match again.filter(|again| *again > case.now && !case.forced) {
        None => Ok(()),
        Some(again) => Err(Box::new(Refusal {
            retry_at: Some(again),
            ..*no(
                ErrorClass::Throttled,
                "a rotation of this secret was accepted a short time ago",
                "ask again later; one request in this time is accepted",
                case.now,
            )
        })),
    }
}

fn turn(case: &Case<'_>) -> Result<(), Box<Refusal>> {
    let name = &case.state.secret.name;
    let other = case.turn.filter(|turn| turn.secret != *name);
    let free = other.map(|turn| turn.at.saturating_add(case.policy.apart));
    match (other, free.filter(|free| *free > case.now && !case.forced)) {
        (Some(turn), Some(free)) => Err(Box::new(Refusal {
            retry_at: Some(free),
            ..*no(
                ErrorClass::Throttled,
                format!(
                    "{}, another secret of the service {}, was rotated a short time ago; they are kept apart",
                    turn.secret, turn.service
                ),
                "ask again later",
                case.now,
            )
        })),
        _ => Ok(()),
    }
}

/// The old credential, while it must not be overwritten: it is still promised to work, or is held because
/// somebody uses it.
fn old_credential(case: &Case<'_>) -> Option<(VersionId, Box<Refusal>)> {
    let secret = &case.state.secret;
    let (id, rotated) = match case.look {
        Some(look) => (look.with(PREVIOUS)?, look.last_rotated),
        None => (secret.previous.as_ref()?, secret.last_rotated),
    };
    // A rollback, or a value put by hand, is a switch too, and no rotation.
    let rotated = rotated.max(case.state.switched_at());
    let old = case.state.versions.get(id);
    if old.is_some_and(|old| old.is_dead()) {
        return None;
    }
    let ends = rotated.map(|at| at.saturating_add(secret.grace(case.policy)));
    let refusal = if let Some(ends) = ends.filter(|ends| *ends > case.now) {
        Box::new(Refusal {
            retry_at: Some(ends),
            ..*no(
                ErrorClass::GraceRunning,
                "the grace of the last rotation is running: the old credential is promised to work until its end",
                "ask again after it, or retire the old one early (rekey retire); somebody who may force may rotate now",
                case.now,
            )
        })
    } else {
        let hold = old?.hold.as_ref()?;
        no(
            ErrorClass::StillInUse,
            format!("the old credential is still in use: {}", hold.message),
            "mend what holds it (rekey doctor); somebody who may force may rotate now",
            case.now,
        )
    };
    Some((id.clone(), refusal))
}

/// Whether the grace that runs is that of the tag `rekey:grace`, which the rotation function keeps, whoever asks.
fn is_promised_by_tag(case: &Case<'_>, refusal: &Refusal) -> bool {
    refusal.class == ErrorClass::GraceRunning.as_str() && case.state.secret.grace_tag.is_some()
}

fn promised_by_tag(case: &Case<'_>, refusal: Refusal) -> Box<Refusal> {
    Box::new(Refusal {
        retry_at: refusal.retry_at,
        ..*no(
            ErrorClass::GraceRunning,
            "the old value is promised by the tag rekey:grace, and its end stands in the current one, so it cannot be retired sooner: only another rotation ends it, and the rotation function keeps the promise too",
            "to end the old value now, take the tag rekey:grace from the secret and ask again; to end the one in use with the rotation, set the tag to 0 first",
            case.now,
        )
    })
}

fn overlap(case: &Case<'_>) -> Result<(), Box<Refusal>> {
    if case.scheduled || case.wishes.accept_no_overlap {
        return Ok(());
    }
    let message = match case.state.secret.overlap() {
        Some(true) => return Ok(()),
        // A rehearsal changes nothing, and finds it out.
        None if case.wishes.dry_run => return Ok(()),
        Some(false) => {
            "the secret has a single user: the old password stops when the new one is set"
        }
        None => {
            "it is not known whether old and new will both work: Rekey has not rotated this secret yet"
        }
    };
    Err(no(
        ErrorClass::InvalidRequest,
        message,
        "send metadata.accept_no_overlap: true (rekey rotate --accept-no-overlap), or give it two users: a masterarn in its value, and the tag rekey:strategy = alternating-users",
        case.now,
    ))
}

/// What speaks against a request that would be made now by somebody who may, without any wish. For people
/// who ask before they ask.
pub fn outlook(
    state: &SecretState,
    look: Option<&Snapshot>,
    turn_of_service: Option<&Turn>,
    wishes: &Wishes,
    policy: &Policy,
    now: i64,
) -> Option<Refusal> {
    let mut fresh = state.clone();
    if let Some(look) = look {
        policy_of(&mut fresh.secret, look);
    }
    if let Err(refusal) = registered(&fresh, policy, now) {
        return Some(*refusal);
    }
    let case = Case {
        state: &fresh,
        look,
        turn: turn_of_service,
        token: None,
        wishes,
        forced: false,
        scheduled: false,
        policy,
        now,
    };
    match verdict(&case, true) {
        Verdict::Refuse(refusal) => Some(*refusal),
        Verdict::Accept | Verdict::Await | Verdict::RetireFirst(_) => None,
    }
}
