//! What the five rotations come down to.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::application::Seen;
use super::cast::{Cast, secrets_in};
use super::progress::{Progress, State};
use super::table;
use crate::report::Story;

/// The longest that an application may be without an operation, on a machine that does much else.
const GAP: Duration = Duration::from_secs(5);

pub struct Verdict {
    /// Every value that was used.
    pub values: Vec<String>,
    table: Vec<String>,
    kinds: Vec<Kind>,
    events: usize,
}

struct Kind {
    kind: &'static str,
    target: String,
    overlap: String,
    retired: bool,
    both_valid: u32,
    old_refused: bool,
    proof: String,
    steps_failed: u32,
    switched_after: Option<Duration>,
    retired_after: Option<Duration>,
    seen: Seen,
    ran: Duration,
}

impl Verdict {
    /// Stops the applications, and sums up.
    pub fn of(cast: &Cast, progress: &[Progress], events: usize) -> Self {
        let table = table::lines(&cast.players, progress);
        let mut values = cast.passwords.clone();
        let mut kinds = Vec::new();
        for (player, progress) in cast.players.iter().zip(progress) {
            let (seen, ran) = player.application.stop();
            let versions = seen.versions.iter().chain([&progress.old]);
            for version in versions.chain(&progress.new) {
                for value in secrets_in(&version.value) {
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
            }
            kinds.push(Kind {
                kind: player.kind,
                target: player.target.clone(),
                overlap: progress.overlap.clone(),
                retired: progress.state == State::Retired,
                both_valid: progress.both_valid,
                old_refused: progress.old_refused,
                proof: progress.proof.clone(),
                steps_failed: progress.steps_failed,
                switched_after: progress.switched.map(|at| at - progress.begun),
                retired_after: progress.retired,
                seen,
                ran,
            });
        }
        Self {
            values,
            table,
            kinds,
            events,
        }
    }

    /// `shown`: the table stands there already.
    pub fn tell(&self, story: &mut Story, shown: bool) {
        if !shown {
            story.line("");
            for line in &self.table {
                story.line(line);
            }
        }
        story.line("");
        let sum = |of: fn(&Kind) -> u64| self.kinds.iter().map(of).sum::<u64>();
        let operations = sum(|kind| kind.seen.operations);
        let errors = sum(|kind| kind.seen.errors.len() as u64);
        let time = self.kinds.iter().map(|kind| kind.ran).max();
        story.line(&format!(
            "  {} kinds, {operations} operations of their applications in {:.0} s, {errors} errors",
            self.kinds.len(),
            time.unwrap_or_default().as_secs_f64()
        ));
        story.line(&format!(
            "  tried again: {}, on a new connection (Redis ends those of a user when it retires a password)",
            sum(|kind| kind.seen.reconnected)
        ));
        story.line(&format!(
            "  {} events on the bus, {} steps failed",
            self.events,
            sum(|kind| kind.steps_failed.into())
        ));
        for kind in &self.kinds {
            for error in kind.seen.errors.iter().take(3) {
                story.line(&format!("  error: {}: {error}", kind.kind));
            }
        }
    }

    pub fn judge(&self) -> Result<()> {
        for kind in &self.kinds {
            let (name, seen) = (kind.kind, &kind.seen);
            let errors = seen.errors.len();
            ensure!(errors == 0, "the application of {name} saw {errors} errors");
            ensure!(
                seen.longest_gap < GAP,
                "the application of {name} did nothing for {:.1} s",
                seen.longest_gap.as_secs_f64()
            );
            let versions = seen.versions.len();
            ensure!(
                versions == 2,
                "the application of {name} was given {versions} versions, not 2"
            );
            ensure!(
                kind.both_valid > 1,
                "both credentials of {name} were tried {} times",
                kind.both_valid
            );
            ensure!(
                kind.retired && kind.old_refused && !kind.proof.is_empty(),
                "the old credential of {name} is not proved dead"
            );
        }
        Ok(())
    }

    pub fn json(&self, bytes: usize) -> Value {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        let kinds = self.kinds.iter().map(|kind| {
            json!({
                "kind": kind.kind, "target": kind.target, "overlap": kind.overlap,
                "operations": kind.seen.operations, "application_errors": kind.seen.errors.len(),
                "reconnected": kind.seen.reconnected, "seconds": kind.ran.as_secs_f64(),
                "longest_gap_seconds": kind.seen.longest_gap.as_secs_f64(),
                "both_valid": kind.both_valid, "old_refused": kind.old_refused, "proof": kind.proof,
                "steps_failed": kind.steps_failed,
                "switched_after_seconds": seconds(kind.switched_after),
                "retired_after_seconds": seconds(kind.retired_after),
            })
        });
        json!({
            "kinds": kinds.collect::<Value>(), "events": self.events,
            "bytes_searched": bytes, "values_searched": self.values.len(), "leaks": 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use rekey_tests::secrets::Version;

    use super::*;

    fn verdict(spoil: fn(&mut Kind)) -> Result<()> {
        let version = |id: &str| Version {
            id: id.to_owned(),
            value: Value::Null,
        };
        let mut kind = Kind {
            kind: "redis",
            target: String::new(),
            overlap: String::new(),
            retired: true,
            both_valid: 2,
            old_refused: true,
            proof: "login_refused".to_owned(),
            steps_failed: 0,
            switched_after: None,
            retired_after: None,
            seen: Seen::default(),
            ran: Duration::from_secs(1),
        };
        kind.seen.operations = 100;
        kind.seen.versions = vec![version("old"), version("new")];
        spoil(&mut kind);
        let verdict = Verdict {
            values: Vec::new(),
            table: Vec::new(),
            kinds: vec![kind],
            events: 0,
        };
        verdict.judge()
    }

    #[test]
    fn a_run_without_a_flaw_is_taken_and_each_flaw_by_itself_is_not() {
        assert!(verdict(|_| {}).is_ok());
        type Flaw = (fn(&mut Kind), &'static str);
        let flaws: [Flaw; 7] = [
            (|kind| kind.seen.errors.push(String::new()), "1 errors"),
            (|kind| kind.seen.longest_gap = GAP, "did nothing"),
            (|kind| kind.seen.versions.truncate(1), "1 versions"),
            (|kind| kind.both_valid = 1, "both credentials"),
            (|kind| kind.old_refused = false, "proved dead"),
            (|kind| kind.proof.clear(), "proved dead"),
            (|kind| kind.retired = false, "proved dead"),
        ];
        for (flaw, told) in flaws {
            let refused = verdict(flaw).unwrap_err().to_string();
            assert!(refused.contains(told), "{refused}");
        }
    }
}
