use std::fmt;

use super::super::aftermath;
use super::super::crash;
use super::super::violation::Violation;
use super::super::world::World;
use super::tried::Tried;
use crate::{Overlap, Works};

/// What was tried on a world, all of it with every promise kept: two lines of the page.
#[derive(Clone, Debug)]
pub struct Report {
    /// The set-up, as the worlds name it.
    pub world: String,
    /// The server and its version.
    pub version: String,
    /// How its credentials are rotated.
    pub overlap: Overlap,
    /// What was tried beside them; `None` when it was the steps alone.
    pub tried: Option<Tried>,
    /// The steps.
    pub steps: Option<crash::Report>,
    /// Retiring, rolling back, clearing; empty when they were not tried.
    pub after: Vec<aftermath::Report>,
    /// How many planted bugs were caught.
    pub caught: usize,
    /// How many random schedules of the steps were run.
    pub schedules: u64,
    /// How many of what comes after.
    pub schedules_after: u64,
}

/// What is said of a promise that this world was not asked to keep.
const NOT_TRIED: &str = "not tried here";

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(steps) = &self.steps {
            writeln!(f, "{steps}")?;
        }
        for after in &self.after {
            writeln!(f, "{after}")?;
        }
        write!(
            f,
            "conformance: {}: {} bugs caught, {} random schedules: all promises held",
            self.world,
            self.caught,
            self.schedules + self.schedules_after
        )
    }
}

impl Report {
    pub(super) fn begun<W: World>(world: &W, version: String) -> Self {
        Self {
            world: world.name(),
            version,
            overlap: world.overlap(),
            tried: None,
            steps: None,
            after: Vec::new(),
            caught: 0,
            schedules: 0,
            schedules_after: 0,
        }
    }

    pub(super) fn caught(&mut self, _seen: Violation) {
        self.caught += 1;
    }

    /// The cells of the table of promises, after the name of the world.
    pub(super) fn promises(&self) -> Vec<String> {
        let after = |seen: &str| {
            let tried = !self.after.is_empty();
            (if tried { seen } else { NOT_TRIED }).to_owned()
        };
        let beside = |found: fn(&Self, &Tried) -> String| match &self.tried {
            Some(tried) => found(self, tried),
            None => NOT_TRIED.to_owned(),
        };
        vec![
            self.version.clone(),
            self.overlap.as_str().to_owned(),
            match self.overlap.works() {
                Works::OnceKept => "no: works once kept",
                Works::OnceSet => "until setSecret",
                Works::OnceCurrent => "until finishSecret",
            }
            .to_owned(),
            match self.overlap {
                Overlap::SingleUser => "it or the pending one",
                _ => "yes",
            }
            .to_owned(),
            match self.overlap {
                Overlap::SingleUser => "no overlap",
                _ => "yes",
            }
            .to_owned(),
            match self.overlap {
                Overlap::Keyring => "never retired".to_owned(),
                _ => after("seen refused"),
            },
            match self.overlap {
                Overlap::Keyring => "never rolled back".to_owned(),
                _ => after("seen accepted"),
            },
            beside(Self::confirmed),
            beside(|_, tried| tried.fields.as_str().to_owned()),
            beside(Self::failures),
            beside(Self::dry_run),
            beside(Self::leaks),
        ]
    }

    fn confirmed(&self, tried: &Tried) -> String {
        let words: Vec<&str> = tried.confirmed.iter().map(|one| one.as_str()).collect();
        self.or_why_not(words.join(" and "), "no target of its own")
    }

    fn failures(&self, tried: &Tried) -> String {
        let words: Vec<&str> = tried.classes.iter().map(|one| one.as_str()).collect();
        self.or_why_not(words.join(", "), "no target to fail")
    }

    fn dry_run(&self, tried: &Tried) -> String {
        let words: Vec<&str> = tried.checks.iter().map(|one| one.as_str()).collect();
        let told = self.or_why_not(words.join(", "), "");
        let and = if told.is_empty() { "" } else { "; tells " };
        format!("changes nothing{and}{told}")
    }

    fn leaks(&self, tried: &Tried) -> String {
        let logs = if tried.searched { "logs and " } else { "" };
        let texts = tried.texts();
        let of_them = if texts == 1 { "text" } else { "texts" };
        format!("none in {logs}{texts} {of_them}")
    }

    /// What was tried. Where nothing was, it may be because there is nothing to be tried.
    fn or_why_not(&self, tried: String, without_a_target: &str) -> String {
        if !tried.is_empty() {
            return tried;
        }
        let has_a_target = self.overlap.has_a_target();
        (if has_a_target {
            NOT_TRIED
        } else {
            without_a_target
        })
        .to_owned()
    }

    /// The cells of the table of cuts, after the name of the world.
    pub(super) fn cuts(&self) -> Vec<String> {
        let steps = self.steps.as_ref();
        let disturbances = steps.map_or(0, |steps| {
            steps.survived
                + steps.interleavings
                + steps.late_runs
                + steps.duplicates
                + steps.orders
                + steps.second_rotations
                + steps.unreadable
                + steps.read_errors
        });
        let mut cells = vec![
            steps.map_or(0, |steps| steps.calls.len()).to_string(),
            steps.map_or(0, |steps| steps.cuts).to_string(),
            disturbances.to_string(),
        ];
        for place in 0..3 {
            cells.push(match self.after.get(place) {
                Some(after) => format!("{} / {}", after.calls.len(), after.cuts),
                None if self.overlap == Overlap::Keyring => "never".to_owned(),
                None => NOT_TRIED.to_owned(),
            });
        }
        cells.push(self.caught.to_string());
        cells.push((self.schedules + self.schedules_after).to_string());
        cells
    }
}
