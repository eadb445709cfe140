//! What a requester wishes beside the rotation itself: the keys of its `metadata` that are read.

use serde_json::Value;

use crate::error::{LimitError, PayloadError};
use crate::fields::Field;
use crate::text::{ClientRequestToken, Message};
use crate::timestamp::Timestamp;
use crate::topics::RotateRequested;

/// The keys that are read, with their types and meanings, for people.
#[cfg(feature = "schema")]
pub(crate) const KEYS: [(&str, &str, &str); 6] = [
    (
        "force",
        "true or false",
        "Do it outside its window, before its interval is over and inside the grace, which is ended first. It counts for who may force",
    ),
    (
        "dry_run",
        "true or false",
        "Check everything, try the change at the target and take it back, and change nothing",
    ),
    (
        "accept_no_overlap",
        "true or false",
        "The old credential may stop with the new one's first second, as a single user's does",
    ),
    (
        "rollout_note",
        "[Message](#texts)",
        "The note of the rollout that the rotation belongs to",
    ),
    (
        "window",
        "`start/end`, two [Timestamps](#texts)",
        "Only from the first to the second point in time",
    ),
    (
        "approves",
        "[ClientRequestToken](#texts)",
        "The id of a request that waits for a yes, which this is",
    ),
];

/// The wishes of a request. Whether they count is for the policy to say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wishes {
    /// `force`: do it outside the window and inside the grace. It counts for who may force.
    pub force: bool,
    /// `dry_run`: tell what would be done, and change nothing.
    pub dry_run: bool,
    /// `accept_no_overlap`: the old credential may stop with the new one's first second.
    pub accept_no_overlap: bool,
    /// `rollout_note`: the note of the rollout that the rotation belongs to.
    pub rollout_note: Option<Message>,
    /// `window`: only from the first to the second point in time; written `start/end`.
    pub window: Option<(Timestamp, Timestamp)>,
    /// `approves`: the id of a request that waits for a yes, which this is.
    pub approves: Option<ClientRequestToken>,
}

impl Wishes {
    /// The keys of `metadata` that it is read from.
    pub const KEYS: &'static [&'static str] = &[
        "force",
        "dry_run",
        "accept_no_overlap",
        "rollout_note",
        "window",
        "approves",
    ];
}

impl RotateRequested {
    /// Reads the keys of `metadata` that mean something here. All others are kept and passed on.
    ///
    /// # Errors
    /// [`PayloadError`] names the key (`detail.metadata.force`) when its value is none that it can have.
    pub fn wishes(&self) -> Result<Wishes, PayloadError> {
        Ok(Wishes {
            force: self.wish("force")?.unwrap_or_default(),
            dry_run: self.wish("dry_run")?.unwrap_or_default(),
            accept_no_overlap: self.wish("accept_no_overlap")?.unwrap_or_default(),
            rollout_note: self.wish("rollout_note")?,
            window: self
                .wish("window")?
                .map(|Interval(start, end)| (start, end)),
            approves: self.wish("approves")?,
        })
    }

    /// Absent and `null` are the same, as in every field.
    fn wish<T: Field>(&self, key: &str) -> Result<Option<T>, PayloadError> {
        match self.metadata.as_ref().and_then(|all| all.field(key)) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::read(value.clone())
                .map(Some)
                .map_err(|error| error.within(key).within("metadata").within("detail")),
        }
    }
}

/// `start/end`: an interval of ISO 8601 with two points in time of RFC 3339.
struct Interval(Timestamp, Timestamp);

impl Field for Interval {
    fn read(value: Value) -> Result<Self, PayloadError> {
        let text = String::read(value)?;
        text.split_once('/')
            .and_then(|(start, end)| {
                Some(Self(
                    Timestamp::parse(start).ok()?,
                    Timestamp::parse(end).ok()?,
                ))
            })
            .filter(|Self(start, end)| start < end)
            .ok_or_else(|| {
                let limit =
                    "`start/end`, two RFC 3339 dates and times with an offset, the earlier first";
                LimitError { limit }.into()
            })
    }
}
