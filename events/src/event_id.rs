//! Ids of our own events.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::error::{LimitError, PayloadError};
use crate::fields::Field;

/// The id of an event: a UUID version 5 (RFC 9562) of what caused it and what is said about it. A repeat
/// of the same work has the same id, so a consumer knows it; EventBridge gives every entry a new envelope
/// id and cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct EventId(Uuid);

impl EventId {
    /// The root under which all our ids are derived. Changing it would make every repeat a new event.
    const NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_3c52_8e0b_4f7a_9a64_2b7d_51c8_e3f0);
    const LIMIT: &'static str = "a UUID with hyphens";

    /// The id of the event `what` that `source_id` caused. Two steps, so that no pair can be mistaken for
    /// another by moving characters between its halves.
    #[must_use]
    pub fn derive(source_id: &str, what: &str) -> Self {
        let source = Uuid::new_v5(&Self::NAMESPACE, source_id.as_bytes());
        Self(Uuid::new_v5(&source, what.as_bytes()))
    }

    /// Reads the form with hyphens, the only one on the wire.
    ///
    /// # Errors
    /// [`LimitError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, LimitError> {
        let limit = LimitError { limit: Self::LIMIT };
        // The length tells the hyphenated form from the braced, URN and bare ones that uuid takes too.
        if text.len() != 36 {
            return Err(limit);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| limit)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Field for EventId {
    fn read(value: Value) -> Result<Self, PayloadError> {
        Ok(Self::parse(&String::read(value)?)?)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for EventId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EventId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
            "description": Self::LIMIT,
        })
    }
}
