//! Why a payload was refused. A refusal names the field and the limit, never what stood there: the
//! text that broke the limit may be a secret in the wrong place.

use std::fmt;

/// A piece of text is outside its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be {limit}")]
pub struct LimitError {
    pub(crate) limit: &'static str,
}

impl LimitError {
    /// `limit` says what would have been taken.
    #[must_use]
    pub const fn new(limit: &'static str) -> Self {
        Self { limit }
    }
}

impl LimitError {
    /// What the text has to be, for people: "32 to 64 printable ASCII characters without spaces".
    #[must_use]
    pub fn limit(&self) -> &'static str {
        self.limit
    }
}

/// A payload that breaks the contract: where, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadError {
    path: String,
    problem: Problem,
}

/// What is wrong at one place of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The bytes are not one JSON document.
    #[error("is not JSON (line {line}, column {column})")]
    NotJson {
        /// Line of the first byte that does not fit, from 1.
        line: usize,
        /// Column of that byte, from 1; 0 at the start of a line.
        column: usize,
    },
    /// A required field is not there.
    #[error("is missing")]
    Missing,
    /// The JSON type is another one.
    #[error("must be {expected}, not {found}")]
    WrongType {
        /// The type asked for, with its article.
        expected: &'static str,
        /// The type found, with its article.
        found: &'static str,
    },
    /// The type is right, the content is not.
    #[error("must be {limit}")]
    OutsideLimits {
        /// What the content has to be.
        limit: &'static str,
    },
}

impl PayloadError {
    pub(crate) fn new(problem: Problem) -> Self {
        Self {
            path: String::new(),
            problem,
        }
    }

    /// The same error, one level further out.
    #[must_use]
    pub fn within(mut self, field: &str) -> Self {
        self.path = if self.path.is_empty() {
            field.to_owned()
        } else {
            format!("{field}.{}", self.path)
        };
        self
    }

    /// The field, with dots for nesting (`detail.secret.name`); empty for the payload as a whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong there.
    #[must_use]
    pub fn problem(&self) -> Problem {
        self.problem
    }
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "the payload {}", self.problem)
        } else {
            write!(f, "`{}` {}", self.path, self.problem)
        }
    }
}

impl std::error::Error for PayloadError {}

impl From<LimitError> for PayloadError {
    fn from(error: LimitError) -> Self {
        Self::new(Problem::OutsideLimits { limit: error.limit })
    }
}
