use crate::{CheckName, ErrorClass};

/// What a world could be asked beside its steps and what comes after the switch, with every promise kept.
#[derive(Clone, Debug)]
pub struct Tried {
    /// What was seen to be confirmed before anything is changed.
    pub confirmed: Vec<Confirmed>,
    /// What becomes of what somebody else has put into the secret.
    pub fields: Fields,
    /// The classes of failures that were provoked.
    pub classes: Vec<ErrorClass>,
    /// The checks of the dry run that were made to fail.
    pub checks: Vec<CheckName>,
    /// Whether the target writes things down, and was searched for values.
    pub searched: bool,
}

/// What is proved before anything is changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Confirmed {
    /// That `AWSCURRENT` is valid.
    Credential,
    /// That both values are of one target.
    Target,
}

/// What becomes of a field that no kind knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fields {
    /// It is in every later version.
    Kept,
    /// There is no room for it.
    Refused,
}

impl Tried {
    /// How many texts of ours were searched for values: that of each failure, and of the refusal that every kind
    /// can be made to say.
    pub const fn texts(&self) -> usize {
        self.confirmed.len() + self.classes.len() + self.checks.len() + 1
    }
}

impl Confirmed {
    /// The word in the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Target => "target",
        }
    }
}

impl Fields {
    /// The word in the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Refused => "refused",
        }
    }
}
