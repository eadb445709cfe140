//! Fields that this version of the contract does not know.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::PayloadError;
use crate::fields::{Fields, Flattened};

/// What a newer producer added: kept and passed on, never printed.
///
/// Nothing is known about these values, so Debug tells how many there are and no more.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Extra(Map<String, Value>);

impl Extra {
    pub(crate) fn new(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    /// How many unknown fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the producer sent nothing beyond the contract.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of one unknown field. Whoever prints it answers for what is in it.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

impl Flattened for Extra {
    fn take(fields: &mut Fields) -> Result<Self, PayloadError> {
        Ok(fields.rest())
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} more]", self.0.len())
    }
}
