use clap::ValueEnum;
use rekey_registry::{Policy, SecretState, State, explain};
use serde::Serialize;

use crate::table::Tone;

/// How a secret stands, in a word: the first of these that fits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nobody deleted it, and it is not there.
    Missing,
    /// Deleted for good.
    Gone,
    /// Scheduled for deletion.
    Deleting,
    /// Its rotations were given up until one succeeds.
    Quarantined,
    /// A rotation has been open for too long.
    Stuck,
    /// Its schedule or its greatest age has passed.
    Overdue,
    /// The old credential should be retired, and something keeps it.
    Held,
    /// A rotation is open.
    Rotating,
    /// The old credential works beside the new one.
    Grace,
    /// An AWS service rotates it; Rekey only records.
    Managed,
    /// One credential works, and nothing is due.
    Steady,
}

impl Standing {
    /// How `state` stands at `now`: by what the registry finds, and else by where its old version is.
    pub fn of(state: &SecretState, policy: &Policy, now: i64) -> Self {
        let found = explain(state, None, policy, now);
        let named = |one: &Self| found.iter().any(|finding| finding.code == one.code());
        if let Some(found) = Self::FOUND.into_iter().find(named) {
            return found;
        }
        match state.previous().map(|version| version.state) {
            Some(State::Previous) => Self::Grace,
            _ => Self::Steady,
        }
    }

    /// Those that the registry finds, the worst first.
    const FOUND: [Self; 9] = [
        Self::Missing,
        Self::Gone,
        Self::Deleting,
        Self::Managed,
        Self::Quarantined,
        Self::Stuck,
        Self::Overdue,
        Self::Held,
        Self::Rotating,
    ];

    /// The finding that it goes by.
    const fn code(self) -> &'static str {
        match self {
            Self::Rotating => "open",
            found => found.as_str(),
        }
    }

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Gone => "gone",
            Self::Deleting => "deleting",
            Self::Quarantined => "quarantined",
            Self::Stuck => "stuck",
            Self::Overdue => "overdue",
            Self::Held => "held",
            Self::Rotating => "rotating",
            Self::Grace => "grace",
            Self::Managed => "managed",
            Self::Steady => "steady",
        }
    }

    /// How it is meant.
    pub const fn tone(self) -> Tone {
        match self {
            Self::Missing | Self::Quarantined | Self::Stuck | Self::Overdue => Tone::Bad,
            Self::Deleting | Self::Held | Self::Rotating => Tone::Notice,
            Self::Grace | Self::Steady => Tone::Good,
            Self::Gone | Self::Managed => Tone::Plain,
        }
    }
}
