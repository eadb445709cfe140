//! An event of any type, ready to be published or kept until it is.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::envelope::Detail;
use crate::error::PayloadError;
use crate::event_id::EventId;
use crate::fields::{Field, Fields, payload};
use crate::topic::DetailType;

/// What a producer hands to the bus. An outbox stores it and sends it again, so it reads back as it was
/// written.
#[derive(Clone, PartialEq, Serialize)]
pub struct Announcement {
    /// The same for a repeat.
    pub event_id: EventId,
    /// What `detail` is.
    pub detail_type: DetailType,
    /// What it is about, for the envelope: the ARN of the secret, or its name.
    pub resource: String,
    /// The payload.
    pub detail: Value,
}

impl Announcement {
    /// Makes one of a payload.
    ///
    /// # Errors
    /// When the payload cannot be written as JSON. Those of this contract can.
    pub fn of<D: Detail + Serialize>(
        event_id: EventId,
        resource: impl Into<String>,
        detail: &D,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            event_id,
            detail_type: D::DETAIL_TYPE,
            resource: resource.into(),
            detail: serde_json::to_value(detail)?,
        })
    }
}

// The payload may hold what a newer producer added, so Debug does not show it.
impl fmt::Debug for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Announcement")
            .field("event_id", &self.event_id)
            .field("detail_type", &self.detail_type)
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}

impl Field for Announcement {
    fn read(value: Value) -> Result<Self, PayloadError> {
        let mut fields = Fields::of(value)?;
        Ok(Self {
            event_id: fields.required("event_id")?,
            detail_type: fields.required("detail_type")?,
            resource: fields.required("resource")?,
            detail: Value::Object(fields.required("detail")?),
        })
    }
}

payload!(Announcement);
