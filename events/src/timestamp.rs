//! Points in time on the wire.

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::{LimitError, PayloadError};
use crate::fields::Field;

/// A point in time, an RFC 3339 string on the wire. Ours are written in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Timestamp(#[serde(with = "time::serde::rfc3339")] OffsetDateTime);

impl Timestamp {
    const LIMIT: &'static str = "an RFC 3339 date and time with an offset";

    /// The second, counted from 1970 as everywhere in our code.
    ///
    /// # Errors
    /// [`LimitError`] outside the years that RFC 3339 can write.
    pub fn of_unix(seconds: i64) -> Result<Self, LimitError> {
        OffsetDateTime::from_unix_timestamp(seconds)
            .ok()
            .filter(|at| (0..=9999).contains(&at.year()))
            .map(Self)
            .ok_or(LimitError { limit: Self::LIMIT })
    }

    /// Reads an RFC 3339 date and time with an offset.
    ///
    /// # Errors
    /// [`LimitError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, LimitError> {
        OffsetDateTime::parse(text, &Rfc3339)
            .map(Self)
            .map_err(|_| LimitError { limit: Self::LIMIT })
    }

    /// The seconds since 1970, without their fraction.
    #[must_use]
    pub fn unix(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// The point in time, with the offset it was written in.
    #[must_use]
    pub fn date_time(self) -> OffsetDateTime {
        self.0
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(at: OffsetDateTime) -> Self {
        Self(at.to_offset(time::UtcOffset::UTC))
    }
}

impl Field for Timestamp {
    fn read(value: Value) -> Result<Self, PayloadError> {
        Ok(Self::parse(&String::read(value)?)?)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "date-time",
            "description": Self::LIMIT,
        })
    }
}
