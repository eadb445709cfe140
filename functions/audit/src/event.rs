//! A message of the queue to a record.

use rekey_audit::{Unreadable, heard};
use rekey_events::{AuditRecord, PayloadError, Timestamp, parse};
use serde_json::Value;

/// An event, read.
#[derive(Clone, Debug)]
pub struct Event {
    /// As it is recorded.
    pub record: AuditRecord,
    /// When it came onto the bus, in seconds since 1970: from then on it is late. What it tells of may have
    /// been long before; CloudTrail alone takes a quarter of an hour to tell of a read.
    pub published: i64,
}

/// A message that is no event of the inner bus. What stood there is not repeated.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EventError {
    /// Not JSON.
    #[error("the event cannot be read: {0}")]
    Payload(#[from] PayloadError),
    /// It breaks its contract.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// Reads the text of a message.
///
/// # Errors
/// [`EventError`].
pub fn event(body: &str) -> Result<Event, EventError> {
    let Any(event) = parse(body.as_bytes())?;
    let time = event.get("time").and_then(Value::as_str);
    let published = time.and_then(|time| Timestamp::parse(time).ok());
    let heard = heard(event)?;
    Ok(Event {
        record: heard.record,
        published: published.map_or(heard.at, Timestamp::unix),
    })
}

/// Any JSON.
struct Any(Value);

impl TryFrom<Value> for Any {
    type Error = PayloadError;

    fn try_from(event: Value) -> Result<Self, PayloadError> {
        Ok(Self(event))
    }
}
