//! From an event of the inner bus to the record that is kept of it.

mod actor;
mod event;
mod fit;
mod mapping;
mod metadata;
mod redact;
mod told;

use rekey_events::{AuditRecord, Envelope, PayloadError};
use serde_json::Value;

use event::Anything;

/// An event, as it is recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// The record.
    pub record: AuditRecord,
    /// When what it tells of happened, in seconds since 1970.
    pub at: i64,
}

/// An event that breaks its contract. The text names the field and repeats nothing of it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the event cannot be recorded: {0}")]
pub struct Unreadable(#[from] pub PayloadError);

/// Reads an event of the inner bus, as EventBridge delivers it. The same event makes the same record. A type of
/// event that is not known here is recorded too, as `event.unrecognised`.
///
/// # Errors
/// [`Unreadable`] when the envelope, or an event of a known type, breaks its contract.
pub fn heard(event: Value) -> Result<Heard, Unreadable> {
    let mut envelope = Envelope::<Anything>::try_from(event)?;
    let Anything(detail) = std::mem::take(&mut envelope.detail);
    let record = match event::known(envelope.detail_type.as_str()) {
        Some(detail_type) => {
            let detail =
                event::read(detail_type, detail).map_err(|error| error.within("detail"))?;
            told::known(&envelope, detail_type, detail)?
        }
        None => told::unrecognised(&envelope, &detail)?,
    };
    let at = record.created_at.unix();
    Ok(Heard { record, at })
}
