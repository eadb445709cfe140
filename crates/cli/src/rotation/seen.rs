//! What was seen of a rotation: only what a record says, and which one.

use super::facts::{Ended, Facts, end_of};
use super::gather::Story;
use super::said::{NOT_RECORDED, Said};

/// One thing that should have been seen.
#[derive(Debug)]
pub struct Check {
    /// What.
    pub what: &'static str,
    /// What the trail says of it.
    pub said: String,
    /// Where it says so; empty where it says nothing.
    pub place: String,
    /// Whether somebody saw it; what only follows from other records was not seen.
    pub is_seen: bool,
}

impl Check {
    fn new(what: &'static str, said: Option<(String, String)>) -> Self {
        let is_seen = said.is_some();
        let (said, place) = said.unwrap_or_else(|| (NOT_RECORDED.to_owned(), String::new()));
        Self {
            what,
            said,
            place,
            is_seen,
        }
    }

    /// Of what no event tells.
    fn follows(what: &'static str, said: Option<(String, String)>) -> Self {
        Self {
            is_seen: false,
            ..Self::new(what, said)
        }
    }
}

impl Story {
    /// What was seen, in the order in which it should be.
    pub fn checks(&self, facts: &Facts<'_>) -> Vec<Check> {
        let mut checks = vec![
            Check::follows("login with the new credential", self.login()),
            Check::new("switch of AWSCURRENT", self.switch()),
            Check::new("holds of the retirement", self.holds(facts)),
            Check::new("old credential refused by the target", self.retired(facts)),
        ];
        if facts.ended == Ended::RolledBack {
            checks.push(Check::new(
                "login with the credential that is back",
                self.brought_back(),
            ));
        }
        checks
    }

    /// The last record that our function was about to change the target, when none tells that a step failed
    /// after it. Two of one second may stand in either order.
    fn made_by_us(&self) -> Option<&rekey_audit::Entry> {
        let mut entries = self.entries.iter().rev();
        let intended = entries.find(|entry| {
            entry.action() == "rotation.intended"
                && entry.record.actor_id.as_str() == "rekey.rotate"
        })?;
        let failed = |entry: &rekey_audit::Entry| {
            entry.action() == "rotation.step_failed" && entry.at() >= intended.at()
        };
        (!self.entries.iter().any(failed)).then_some(intended)
    }

    /// No event tells of the login itself; which function made the change is recorded.
    fn login(&self) -> Option<(String, String)> {
        let intended = self.made_by_us()?;
        let promoted = self.switched()?;
        let said = format!(
            "no record of its own; rekey.rotate made this version, and moves AWSCURRENT only to what it saw log in ({})",
            promoted.place()
        );
        Some((said, intended.place()))
    }

    fn switched(&self) -> Option<&rekey_audit::Entry> {
        let mut entries = self.entries.iter();
        entries.find(|entry| end_of(entry) == Some(Ended::Success))
    }

    fn switch(&self) -> Option<(String, String)> {
        let entry = self.switched()?;
        let moved = match self.made_by_us() {
            Some(_) => "",
            None => "AWSCURRENT was moved, ",
        };
        Some((format!("{moved}seen at {}", entry.when()), entry.place()))
    }

    /// What kept the old credential alive, or that nothing did.
    fn holds(&self, facts: &Facts<'_>) -> Option<(String, String)> {
        let of_the_old = |action: &str| {
            self.entries.iter().rev().find(|entry| {
                let old =
                    facts.rotated_from.is_some() && entry.text("version_id") == facts.rotated_from;
                old && entry.action() == action
            })
        };
        if let Some(entry) = of_the_old("credential.retired") {
            let waited = entry
                .texts("waited_for")
                .filter(|causes| !causes.is_empty());
            let waited = waited.map(|causes| format!(", after waiting for {}", causes.join(", ")));
            let waited = waited.unwrap_or_default();
            let said = match entry.flag("forced")? {
                false => format!("nothing held the retirement of the old credential{waited}"),
                true => format!("the old credential was retired by force{waited}"),
            };
            return Some((said, entry.place()));
        }
        let held = of_the_old("credential.retire_held")?;
        let cause = held.text("cause")?;
        Some((format!("held at {}: {cause}", held.when()), held.place()))
    }

    fn retired(&self, facts: &Facts<'_>) -> Option<(String, String)> {
        let entry = self.entries.iter().rev().find(|entry| {
            // After a rollback the credential that does not count any more is the new one.
            let version = match facts.ended {
                Ended::RolledBack => Some(self.id.as_str()),
                _ => facts.rotated_from,
            };
            let of_it = version.is_some() && entry.text("version_id") == version;
            of_it && entry.action() == "credential.retired"
        })?;
        Some((proof(entry)?, entry.place()))
    }

    fn brought_back(&self) -> Option<(String, String)> {
        let mut entries = self.entries.iter().rev();
        let entry = entries.find(|entry| entry.action() == "secret.rolled_back")?;
        Some((proof(entry)?, entry.place()))
    }
}

/// `login_refused, seen at 2026-11-22T04:00:10Z, 2 sessions ended`.
fn proof(entry: &rekey_audit::Entry) -> Option<String> {
    let proof = entry.proof()?;
    let at = proof.seen_at.map(|at| format!(", seen at {at}"));
    let ended = proof
        .sessions_ended
        .map(|count| format!(", {count} sessions ended"));
    Some(format!(
        "{}{}{}",
        proof.method,
        at.unwrap_or_default(),
        ended.unwrap_or_default()
    ))
}
