//! What is the matter with a secret, for people: what, since when, and what to do.

use crate::deadline::{Deadline, What};
use crate::drift::drift;
use crate::observe::look::PREVIOUS;
use crate::policy::Policy;
use crate::record::{Pending, Presence};
use crate::snapshot::{
    APPROVAL_TAG, EVERY_TAG, GRACE_TAG, KIND_TAG, MAX_AGE_TAG, SERVICE_TAG, STRATEGY_TAG, Snapshot,
    WINDOW_TAG,
};
use crate::state::SecretState;
use crate::treatment::is_stuck;
use crate::version::Version;

/// Something that people should know of a secret. Texts hold no value and no time: those stand beside.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// A stable name.
    pub code: &'static str,
    /// The number of the version that it is about.
    pub version: Option<u32>,
    /// Since when, in seconds since 1970.
    pub since: Option<i64>,
    /// Until when, in seconds since 1970.
    pub until: Option<i64>,
    /// What it is.
    pub text: String,
    /// What to do.
    pub advice: String,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Somebody must act.
    Problem,
    /// Somebody should look.
    Warning,
    /// All is as it should be.
    Note,
}

impl Severity {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Finding {
    fn new(severity: Severity, code: &'static str, text: impl Into<String>, advice: &str) -> Self {
        Self {
            severity,
            code,
            version: None,
            since: None,
            until: None,
            text: text.into(),
            advice: advice.to_owned(),
        }
    }

    fn of(self, version: &Version) -> Self {
        Self {
            version: Some(version.number),
            ..self
        }
    }

    fn since(self, since: i64) -> Self {
        Self {
            since: Some(since),
            ..self
        }
    }

    fn until(self, until: i64) -> Self {
        Self {
            until: Some(until),
            ..self
        }
    }
}

/// Everything that people should know of a secret now, what matters most first. With a snapshot, what is
/// recorded is compared with it.
pub fn explain(
    state: &SecretState,
    snapshot: Option<&Snapshot>,
    policy: &Policy,
    now: i64,
) -> Vec<Finding> {
    let mut found = Vec::new();
    presence(state, &mut found);
    if let Some(snapshot) = snapshot {
        let differences = drift(state, snapshot).into_iter();
        found.extend(differences.map(|difference| {
            let advice = "an event was missed or is on its way; the next round records it, or run \
                          `rekey doctor --run`";
            Finding::new(Severity::Warning, "drift", difference, advice)
        }));
    }
    rotation(state, policy, now, &mut found);
    old_credential(state, policy, now, &mut found);
    lateness(state, now, &mut found);
    record(state, &mut found);
    found.sort_by_key(|finding| finding.severity);
    found
}

fn presence(state: &SecretState, found: &mut Vec<Finding>) {
    match &state.secret.presence {
        Presence::Present => {}
        Presence::Deleting { until } => {
            let text = "it is scheduled for deletion, and nothing falls due until it is restored";
            let advice = "to keep it, call RestoreSecret before it is gone";
            let finding = Finding::new(Severity::Warning, "deleting", text, advice);
            found.push(Finding {
                until: *until,
                ..finding
            });
        }
        Presence::Gone => {
            let text = "it was deleted; this is its history";
            found.push(Finding::new(Severity::Note, "gone", text, "nothing to do"));
        }
        Presence::Missing { since, .. } => {
            let text = "it is registered and not there, and nobody is known to have deleted it";
            let advice = "find out who deleted or renamed it (CloudTrail: DeleteSecret), and create \
                          it again under the same name";
            found.push(Finding::new(Severity::Problem, "missing", text, advice).since(*since));
        }
    }
}

fn rotation(state: &SecretState, policy: &Policy, now: i64, found: &mut Vec<Finding>) {
    let secret = &state.secret;
    let Some(pending) = &secret.pending else {
        return;
    };
    let version = state.versions.get(&pending.version);
    let failure = version.and_then(|version| version.last_failure.as_ref());
    let why = match failure {
        Some(failure) => format!(
            "{} failed with {} ({} times): {}",
            failure.step.as_deref().unwrap_or("a step"),
            failure.class,
            failure.count(),
            failure.message
        ),
        None => "no step of ours has failed for it".to_owned(),
    };
    let finding = if let Some(quarantine) = secret.quarantine.as_ref() {
        let clearing = quarantine.clearing.as_deref().unwrap_or("not cleared yet");
        let text = format!("its rotation was given up; {why}; the open version: {clearing}");
        let advice = "mend the cause, then call RotateSecret; a success lifts the quarantine";
        Finding::new(Severity::Problem, "quarantined", text, advice).since(quarantine.since)
    } else if is_stuck(state, policy, now) {
        let text = format!("its rotation is stuck; {why}; {}", resumes(pending, policy));
        let advice = match failure {
            Some(_) => {
                "do what the failure says; the rotation is then resumed by itself, or call \
                        RotateSecret"
            }
            None => {
                "look into the rotation function's log; Secrets Manager may not be able to call it"
            }
        };
        Finding::new(Severity::Problem, "stuck", text, advice).since(pending.since)
    } else {
        let text = format!("a rotation is open; {why}");
        Finding::new(Severity::Note, "open", text, "nothing to do").since(pending.since)
    };
    found.push(match version {
        Some(version) => finding.of(version),
        None => finding,
    });
}

fn resumes(pending: &Pending, policy: &Policy) -> String {
    format!("resumed {} of {} times", pending.resumes, policy.resumes)
}

fn old_credential(state: &SecretState, policy: &Policy, now: i64, found: &mut Vec<Finding>) {
    if let Some(current) = state.current().filter(|version| version.is_dead()) {
        let text = "AWSCURRENT is on a version whose credential was revoked: it works nowhere";
        let advice = "roll back with `rekey rollback`, which makes a credential valid again, or \
                      call RotateSecret";
        found.push(Finding::new(Severity::Problem, "current_is_dead", text, advice).of(current));
    }
    let Some(old) = state.previous().filter(|version| version.has(PREVIOUS)) else {
        return;
    };
    let retire = state.secret.deadlines.iter();
    let retire = retire
        .filter(|(key, _)| key.what == What::Retire && key.version == old.id)
        .map(|(_, deadline)| *deadline)
        .next();
    if let Some(void) = &old.void {
        let text = format!("the old credential is not retired: {}", void.why);
        found.push(Finding::new(Severity::Note, "void", text, "nothing to do").of(old));
        return;
    }
    if let Some(hold) = &old.hold {
        let text = format!(
            "the old credential is not revoked yet, because of {}: {}",
            hold.cause, hold.message
        );
        let advice = "remove what is in the way, wait for the bound, or run `rekey retire --force`";
        let finding = Finding::new(Severity::Warning, "held", text, advice).of(old);
        let bound = hold.since.saturating_add(policy.hold_bound);
        found.push(finding.since(hold.since).until(bound));
    } else if let Some(deadline) = retire.filter(|deadline| deadline.attempt > 2) {
        let text = format!(
            "the old credential should be revoked; that was ordered {} times and nothing came back",
            deadline.attempt
        );
        let advice = "look into the log and the dead-letter queue of the function that retires";
        let finding = Finding::new(Severity::Problem, "retire_unanswered", text, advice);
        found.push(finding.of(old).since(deadline.promised));
    }
    let waiting = state.consumers_not_moved(policy, now);
    if !waiting.is_empty() {
        let names: Vec<_> = waiting.iter().map(|one| one.service.as_str()).collect();
        let text = format!(
            "these have not read the secret since it changed: {}",
            names.join(", ")
        );
        let advice = "let them read it again before the grace ends; they refresh or restart";
        let is_late = retire.is_some_and(|it| it.promised.saturating_sub(policy.warning) <= now);
        let severity = if is_late {
            Severity::Warning
        } else {
            Severity::Note
        };
        let finding = Finding::new(severity, "consumers_not_moved", text, advice).of(old);
        found.push(match retire {
            Some(retire) => finding.until(retire.promised),
            None => finding,
        });
    }
}

/// Whether it should have been rotated by now and was not: what [`explain`] calls `overdue`, and a rotation
/// that Rekey would ask for had it not been given up.
pub fn is_overdue(state: &SecretState, now: i64) -> bool {
    let mut found = Vec::new();
    lateness(state, now, &mut found);
    let given_up = state.secret.quarantine.is_some() && state.secret.presence == Presence::Present;
    let mut deadlines = state.secret.deadlines.iter();
    found.iter().any(|one| one.code == "overdue")
        || given_up && deadlines.any(|(key, it)| key.what == What::Rotate && it.promised <= now)
}

fn lateness(state: &SecretState, now: i64, found: &mut Vec<Finding>) {
    if state.secret.presence != Presence::Present {
        return;
    }
    let late = state.secret.deadlines.iter();
    for (key, deadline) in late.filter(|(_, deadline)| deadline.promised <= now) {
        let (text, advice) = match key.what {
            What::OverdueAge => (
                "it is older than its tag rekey:max-age allows",
                "call RotateSecret, or put a new value",
            ),
            What::OverdueRotation => (
                "its schedule should have rotated it by now",
                "see whether its rotation function can be called, then call RotateSecret",
            ),
            What::Rotate => {
                found.extend(schedule(deadline, now));
                continue;
            }
            _ => continue,
        };
        let finding = Finding::new(Severity::Warning, "overdue", text, advice);
        found.push(finding.since(deadline.promised));
    }
}

/// A rotation that Rekey itself is to ask for by now.
fn schedule(deadline: &Deadline, now: i64) -> Option<Finding> {
    // Who is given up, or has no window that opens, is told of elsewhere.
    let due_at = deadline.due_at?;
    if deadline.attempt > 2 {
        let text = format!(
            "its rotation is due by its tag rekey:every; it was asked for {} times, and none followed",
            deadline.attempt
        );
        let advice = "`rekey requests list` says what became of the request";
        let finding = Finding::new(Severity::Warning, "overdue", text, advice);
        Some(finding.since(deadline.promised))
    } else if due_at > now {
        let text = match deadline.attempt {
            0 => "its rotation is due by its tag rekey:every, and is asked for in its window",
            _ => "its rotation is due by its tag rekey:every, and was asked for",
        };
        let finding = Finding::new(Severity::Note, "due", text, "nothing to do");
        Some(finding.since(deadline.promised).until(due_at))
    } else {
        None
    }
}

/// What a tag may hold.
fn wants(tag: &str) -> &'static str {
    match tag {
        KIND_TAG => "a word: lower-case letters, digits, _ and -",
        GRACE_TAG => "a whole number of seconds",
        MAX_AGE_TAG => "a whole number of days",
        WINDOW_TAG => "as in Mon-Fri 02:00-04:00 / Sat 00:00-24:00, in UTC",
        APPROVAL_TAG => "manual, or no such tag",
        EVERY_TAG => "as in 30d, 12h or 90m, at most ten years",
        SERVICE_TAG => "the name of a service",
        STRATEGY_TAG => "single-user, alternating-users or two-passwords",
        _ => "see docs/lifecycle.md",
    }
}

fn record(state: &SecretState, found: &mut Vec<Finding>) {
    let secret = &state.secret;
    if !secret.bad_tags.is_empty() {
        let tags = secret.bad_tags.iter();
        let tags: Vec<_> = tags.map(|tag| format!("{tag} ({})", wants(tag))).collect();
        let text = format!("tags that cannot be understood: {}", tags.join(", "));
        let advice = "correct them; until then no request for a rotation is accepted, rekey:window \
                      is never open, rekey:approval is manual, and the others count as absent";
        found.push(Finding::new(Severity::Warning, "bad_tags", text, advice));
    }
    if secret.owner.is_none() {
        let text = "nobody looks after it: the tag rekey:owner is gone";
        let advice = "put the tag back";
        found.push(Finding::new(Severity::Warning, "no_owner", text, advice));
    }
    if let Some(oldest) = state.unsent.iter().map(|one| one.at).min() {
        let text = format!(
            "{} announcements are not known to be published",
            state.unsent.len()
        );
        let advice = "they are published with the next event of this secret, or by the doctor \
                      within two hours; if not, look into the function's log";
        found.push(Finding::new(Severity::Warning, "unsent", text, advice).since(oldest));
    }
    if secret.found_late > 0 {
        let text = format!(
            "{} times the doctor recorded what an event had missed",
            secret.found_late
        );
        let advice = "see that a trail records management events and that the rules are on";
        found.push(Finding::new(Severity::Note, "found_late", text, advice));
    }
    if let Some(service) = &secret.owning_service {
        let text = format!("it is managed by {service}: recorded, and left alone");
        found.push(Finding::new(
            Severity::Note,
            "managed",
            text,
            "nothing to do",
        ));
    }
}
