//! The life of a version: the table that the decisions go by, and the diagram that is drawn from it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a version is in its life.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is there, and was never under a label that means something.
    Made,
    /// Under AWSPENDING: a rotation is open.
    Pending,
    /// Under AWSCURRENT.
    Current,
    /// Under AWSPREVIOUS: its grace runs, or has ended and it is about to be retired.
    Previous,
    /// Its grace has ended and something keeps it from being retired.
    Held,
    /// Its credential is proved dead.
    Retired,
    /// It lost its label to a newer version before it was retired.
    Superseded,
    /// Its rotation never came to its end.
    Abandoned,
}

impl State {
    /// Every one of them, in the order of a life.
    pub const ALL: [Self; 8] = [
        Self::Made,
        Self::Pending,
        Self::Current,
        Self::Previous,
        Self::Held,
        Self::Retired,
        Self::Superseded,
        Self::Abandoned,
    ];

    /// Its name in the store and in the diagram.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Pending => "pending",
            Self::Current => "current",
            Self::Previous => "previous",
            Self::Held => "held",
            Self::Retired => "retired",
            Self::Superseded => "superseded",
            Self::Abandoned => "abandoned",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happens to a version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// AWSPENDING came to it.
    Opened,
    /// AWSCURRENT came to it.
    Activated,
    /// AWSCURRENT went to another version, and AWSPREVIOUS came to it.
    Replaced,
    /// Its retirement was held.
    Held,
    /// Its credential was revoked and is proved dead.
    Retired,
    /// It lost its last label.
    LabelLost,
}

impl Event {
    /// Every one of them.
    pub const ALL: [Self; 6] = [
        Self::Opened,
        Self::Activated,
        Self::Replaced,
        Self::Held,
        Self::Retired,
        Self::LabelLost,
    ];

    /// What the diagram says.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "AWSPENDING comes",
            Self::Activated => "AWSCURRENT comes",
            Self::Replaced => "AWSCURRENT goes to another version",
            Self::Held => "retirement is held",
            Self::Retired => "login refused",
            Self::LabelLost => "last label goes",
        }
    }
}

/// Which state follows on which, by what.
pub const TRANSITIONS: &[(State, Event, State)] = &[
    (State::Made, Event::Opened, State::Pending),
    (State::Made, Event::Activated, State::Current),
    (State::Pending, Event::Activated, State::Current),
    (State::Pending, Event::LabelLost, State::Abandoned),
    (State::Current, Event::Replaced, State::Previous),
    (State::Previous, Event::Held, State::Held),
    (State::Previous, Event::Retired, State::Retired),
    (State::Held, Event::Retired, State::Retired),
    (State::Previous, Event::LabelLost, State::Superseded),
    (State::Held, Event::LabelLost, State::Superseded),
    // A rollback, ours or by hand.
    (State::Previous, Event::Activated, State::Current),
    (State::Held, Event::Activated, State::Current),
    (State::Retired, Event::Activated, State::Current),
    (State::Superseded, Event::Activated, State::Current),
    (State::Abandoned, Event::Activated, State::Current),
    // A label put back by hand.
    (State::Retired, Event::Opened, State::Pending),
    (State::Superseded, Event::Opened, State::Pending),
    (State::Abandoned, Event::Opened, State::Pending),
];

/// The state after `event`. What the table does not know changes nothing.
pub fn next(state: State, event: Event) -> State {
    let mut rows = TRANSITIONS.iter();
    let row = rows.find(|(from, by, _)| *from == state && *by == event);
    row.map_or(state, |(_, _, to)| *to)
}

/// The table as a state diagram for Mermaid.
pub fn mermaid() -> String {
    let mut lines = vec![
        "stateDiagram-v2".to_owned(),
        format!("    [*] --> {}", State::Made),
    ];
    for (from, event, to) in TRANSITIONS {
        lines.push(format!("    {from} --> {to}: {}", event.as_str()));
    }
    lines.join("\n") + "\n"
}
