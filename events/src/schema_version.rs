//! The version of the contract that a payload keeps.

use serde::Serialize;
use serde_json::Value;

use crate::error::{PayloadError, Problem};
use crate::fields::Field;

/// `"v1"`. Absent means the same. New optional fields do not need a new version, so a payload that says
/// another one is refused: its known fields may mean something else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub enum SchemaVersion {
    /// The first version.
    #[default]
    #[serde(rename = "v1")]
    V1,
}

impl Field for SchemaVersion {
    fn read(value: Value) -> Result<Self, PayloadError> {
        match String::read(value)?.as_str() {
            "v1" => Ok(Self::V1),
            _ => Err(PayloadError::new(Problem::OutsideLimits {
                limit: "`v1`, the only version known here",
            })),
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for SchemaVersion {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SchemaVersion".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "enum": ["v1", null],
            "description": "version of the contract; absent means v1",
        })
    }
}
