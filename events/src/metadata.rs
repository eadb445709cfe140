//! What a producer of one of the five topics says beside the contract.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::PayloadError;
use crate::fields::Field;

/// An open object, kept and passed on, never printed. Whoever writes into it keeps secret values out of it.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of one field. Whoever prints it answers for what is in it.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

impl From<Map<String, Value>> for Metadata {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} fields]", self.0.len())
    }
}

impl Field for Metadata {
    fn read(value: Value) -> Result<Self, PayloadError> {
        Map::read(value).map(Self)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Metadata {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Metadata".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "additionalProperties": true,
            "description": "anything but a secret value",
        })
    }
}
