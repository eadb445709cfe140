use rekey_audit::Entry;
use rekey_events::SecretName;

use super::gather::Story;
use super::said::{NOT_RECORDED, Said};
use crate::moment::rfc3339;

/// How a rotation stands, in the words of its artifact.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    Success,
    RolledBack,
    Failed,
    InProgress,
    /// The trail tells of the version, and not of its rotation.
    NotRecorded,
}

impl Ended {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::RolledBack => "rolled_back",
            Self::Failed => "failed",
            Self::InProgress => "in_progress",
            Self::NotRecorded => NOT_RECORDED,
        }
    }
}

/// What is recorded of a rotation, put together. What is not recorded is nothing.
#[derive(Debug)]
pub struct Facts<'a> {
    pub ended: Ended,
    /// What there is to know of the result: the class of a failure, for example.
    pub detail: Option<String>,
    /// The second of the switch; else of the end, or of the first record while there is none.
    pub at: i64,
    /// The second of the last that the trail says of how it ended.
    pub told_at: i64,
    pub operator: Option<String>,
    pub approved_by: Option<&'a str>,
    pub provider: Option<String>,
    pub reason: Option<&'a str>,
    pub rollout_note: Option<&'a str>,
    pub consumers: Option<Vec<&'a str>>,
    pub sites: Option<Vec<&'a str>>,
    pub rotated_from: Option<&'a str>,
    pub rollback: Option<Rollback<'a>>,
}

/// That the credential before it was brought back.
#[derive(Debug)]
pub struct Rollback<'a> {
    /// The record of it.
    pub entry: &'a Entry,
    pub by: String,
    pub reason: Option<&'a str>,
    pub to: Option<&'a str>,
}

/// How the rotation ended by what one record says; none when it does not say.
pub fn end_of(entry: &Entry) -> Option<Ended> {
    match entry.action() {
        "secret.rotated" => Some(Ended::Success),
        "secret.rolled_back" | "rotation.rolled_back" => Some(Ended::RolledBack),
        "rotation.failed"
        | "rotation.abandoned"
        | "rotation.missing"
        | "rotation.refused"
        | "rotation.superseded" => Some(Ended::Failed),
        _ => None,
    }
}

impl<'a> Facts<'a> {
    /// Of the records of a rotation.
    pub fn of(story: &'a Story) -> Self {
        let entries = &story.entries;
        let end = entries.iter().rev().find(|entry| end_of(entry).is_some());
        // A request that was refused once may have been taken later, and a rollback is the end of all.
        let rolled = entries.iter().rev().find(|entry| is_rollback(entry));
        let ended = match rolled.or(end) {
            Some(entry) => end_of(entry).unwrap_or(Ended::NotRecorded),
            None if entries.iter().any(is_begin) => Ended::InProgress,
            None => Ended::NotRecorded,
        };
        let told = rolled.or(end).or(entries.first());
        let switch = entries
            .iter()
            .find(|entry| end_of(entry) == Some(Ended::Success));
        let text = |name: &str| entries.iter().rev().find_map(|entry| entry.text(name));
        // A list is empty where it was not known, too.
        let texts = |name: &str| {
            let said = || entries.iter().rev().filter_map(|entry| entry.texts(name));
            said()
                .find(|texts| !texts.is_empty())
                .or_else(|| said().next())
        };
        Self {
            ended,
            detail: detail(entries, ended),
            at: switch.or(told).map_or(0, Said::at),
            told_at: told.map_or(0, Said::at),
            operator: operator(entries),
            approved_by: text("approved_by"),
            provider: provider(story),
            reason: reason(entries),
            rollout_note: text("rollout_note"),
            consumers: texts("consumers"),
            sites: texts("sites"),
            rotated_from: text("rotated_from"),
            rollback: rollback(entries),
        }
    }

    /// `yyyy-mm-dd`.
    pub fn date(&self) -> String {
        rfc3339(self.at).chars().take(10).collect()
    }

    /// The result, with what there is to know of it.
    pub fn result(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{} ({detail})", self.ended.as_str()),
            None => self.ended.as_str().to_owned(),
        }
    }
}

fn is_rollback(entry: &Entry) -> bool {
    end_of(entry) == Some(Ended::RolledBack)
}

fn is_begin(entry: &Entry) -> bool {
    entry.action().starts_with("rotation.")
}

/// Who asked for it: whoever the trail names first that is not one of our functions.
fn operator(entries: &[Entry]) -> Option<String> {
    const ASKED: [&str; 4] = [
        "rotation.accepted",
        "rotation.awaiting_approval",
        "rotation.refused",
        "rotation.requested",
    ];
    let of = |action: &str| {
        let mut entries = entries.iter().filter(|entry| entry.action() == action);
        entries.find(|entry| !is_function(entry.record.actor_id.as_str()))
    };
    let mut actions = ASKED
        .into_iter()
        .chain(["secret.rotated", "rotation.failed"]);
    actions.find_map(of).map(who)
}

/// `anna (internal_admin)`.
fn who(entry: &Entry) -> String {
    let actor = &entry.record.actor_id;
    match &entry.record.actor_role {
        Some(role) => format!("{actor} ({role})"),
        None => actor.to_string(),
    }
}

/// Whether it is a function of ours, which does what others asked for. The schedule is no function: it asks.
fn is_function(actor: &str) -> bool {
    actor.starts_with("rekey.") && !actor.starts_with("rekey.requester.")
}

/// The provider in a reference; of a platform's key the kind of target.
fn provider(story: &Story) -> Option<String> {
    let reference = SecretName::parse(&story.target)
        .ok()
        .filter(|name| name.tenant().is_some());
    if reference.is_some() {
        return story.target.split('.').nth(2).map(str::to_owned);
    }
    let kind = story.entries.iter().find_map(|entry| entry.text("kind"));
    kind.map(str::to_owned)
}

/// Why it was asked for. Why an old credential was retired is another matter.
fn reason(entries: &[Entry]) -> Option<&str> {
    let mut asked = entries.iter().filter(|entry| {
        let action = entry.action();
        (action.starts_with("rotation.") && action != "rotation.rolled_back")
            || action == "secret.rotated"
    });
    asked.find_map(|entry| entry.text("reason"))
}

/// What is to be known of a result that is not a success.
fn detail(entries: &[Entry], ended: Ended) -> Option<String> {
    match ended {
        Ended::Failed => {
            let mut ends = entries.iter().rev();
            let end = ends.find(|entry| end_of(entry) == Some(Ended::Failed))?;
            let what = end
                .action()
                .strip_prefix("rotation.")
                .filter(|what| *what != "failed");
            let why = end.text("class").or(end.text("superseded_by"));
            match (what, why) {
                (Some(what), Some(why)) => Some(format!("{what}: {why}")),
                (one, other) => one.or(other).map(str::to_owned),
            }
        }
        Ended::InProgress => {
            let last = entries.iter().rev().find(|entry| is_begin(entry))?;
            let class = last.text("class").map(|class| format!(": {class}"));
            Some(format!("{}{}", last.action(), class.unwrap_or_default()))
        }
        Ended::Success | Ended::RolledBack | Ended::NotRecorded => None,
    }
}

fn rollback(entries: &[Entry]) -> Option<Rollback<'_>> {
    let of = |action: &str| entries.iter().rev().find(|entry| entry.action() == action);
    // The one with the proof, where there is one: by hand there is none.
    let entry = of("secret.rolled_back").or_else(|| of("rotation.rolled_back"))?;
    Some(Rollback {
        entry,
        by: who(entry),
        reason: entry.text("reason"),
        to: entry.text("to_version").or(entry.text("current_version")),
    })
}
