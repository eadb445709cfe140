//! Points in time, and spans, as people read and write them.

use std::time::Duration;

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// RFC 3339 in UTC, for JSON.
pub fn rfc3339(at: i64) -> String {
    let formatted = OffsetDateTime::from_unix_timestamp(at)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok());
    formatted.unwrap_or_else(|| format!("@{at}"))
}

/// `2 h ago (2026-11-21 21:59Z)`, for tables.
pub fn told(at: i64, now: i64) -> String {
    format!("{} ({})", relative(at, now), absolute(at))
}

/// `2 h ago`, `in 3 d`, `now`.
pub fn relative(at: i64, now: i64) -> String {
    let apart = now.saturating_sub(at);
    match apart {
        0 => "now".to_owned(),
        1.. => format!("{} ago", span(apart)),
        _ => format!("in {}", span(apart.saturating_neg())),
    }
}

/// `2026-11-21 21:59Z`. Seconds are left to JSON.
pub fn absolute(at: i64) -> String {
    let short = format_description!("[year]-[month]-[day] [hour]:[minute]Z");
    let formatted = OffsetDateTime::from_unix_timestamp(at)
        .ok()
        .and_then(|time| time.format(short).ok());
    formatted.unwrap_or_else(|| format!("@{at}"))
}

/// The largest unit that fits at least twice, so that nothing is off by more than a third: `90 s`,
/// `2 min`, `25 h`, `3 d`.
pub fn span(seconds: i64) -> String {
    let (unit, name) = match seconds {
        ..120 => (1, "s"),
        120..7_200 => (MINUTE, "min"),
        7_200..172_800 => (HOUR, "h"),
        _ => (DAY, "d"),
    };
    format!("{} {name}", seconds / unit)
}

/// Reads `90s`, `15m`, `2h`, `1d`; a bare number is seconds.
///
/// # Errors
/// A sentence for the command line.
pub fn duration(text: &str) -> Result<Duration, String> {
    let refusal = || "a time such as 90s, 15m, 2h or 1d".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u32 = digits.parse().map_err(|_| refusal())?;
    let unit = match text.strip_prefix(digits) {
        Some("" | "s") => 1,
        Some("m" | "min") => MINUTE,
        Some("h") => HOUR,
        Some("d") => DAY,
        _ => return Err(refusal()),
    };
    let seconds = u64::from(number).saturating_mul(unit.unsigned_abs());
    Ok(Duration::from_secs(seconds))
}

/// A point in time, as somebody names it on the command line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Since {
    /// So many seconds ago.
    Ago(i64),
    /// Then, in seconds since 1970.
    At(i64),
}

impl Since {
    /// Reads `90s`, `2h`, `7d`, a date, or a date and a time.
    ///
    /// # Errors
    /// A sentence for the command line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let day = format_description!("[year]-[month]-[day]");
        let midnight = |date: Date| date.midnight().assume_utc().unix_timestamp();
        let ago = duration(text).map(|time| Self::Ago(seconds(time)));
        ago.or_else(|_| Date::parse(text, day).map(|date| Self::At(midnight(date))))
            .or_else(|_| {
                OffsetDateTime::parse(text, &Rfc3339).map(|at| Self::At(at.unix_timestamp()))
            })
            .map_err(|_| {
                "a time ago such as 2h or 7d, a date such as 2026-11-01, or 2026-11-01T12:00:00Z"
                    .to_owned()
            })
    }

    /// In seconds since 1970.
    pub const fn at(self, now: i64) -> i64 {
        match self {
            Self::Ago(time) => now.saturating_sub(time),
            Self::At(at) => at,
        }
    }
}

/// A span in whole seconds.
pub fn seconds(time: Duration) -> i64 {
    time.as_secs().try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_the_largest_unit_that_fits_twice() {
        for (seconds, told) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7_199, "119 min"),
            (7_200, "2 h"),
            (172_799, "47 h"),
            (172_800, "2 d"),
        ] {
            assert_eq!(span(seconds), told);
        }
    }

    #[test]
    fn a_moment_is_told_relative_to_now_and_absolutely() {
        let now = 1_795_305_600;
        assert_eq!(told(now - 7_200, now), "2 h ago (2026-11-21 22:00Z)");
        assert_eq!(relative(now + 300, now), "in 5 min");
        assert_eq!(relative(now, now), "now");
        assert_eq!(rfc3339(now), "2026-11-22T00:00:00Z");
    }

    #[test]
    fn a_moment_that_no_calendar_holds_is_still_told() {
        assert_eq!(rfc3339(i64::MAX), format!("@{}", i64::MAX));
        assert!(told(i64::MIN, i64::MAX).contains('@'));
    }

    #[test]
    fn a_time_is_named_by_how_long_ago_it_was_or_by_its_date() {
        let now = 1_795_305_600;
        for (text, at) in [
            ("2h", now - 7_200),
            ("7d", now - 7 * 86_400),
            ("2026-11-22", now),
            ("2026-11-22T01:00:00+01:00", now),
        ] {
            assert_eq!(Since::parse(text).unwrap().at(now), at, "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "22.11.2026"] {
            assert!(Since::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_duration_names_its_unit() {
        for (text, seconds) in [
            ("90", 90),
            ("90s", 90),
            ("15m", 900),
            ("2h", 7_200),
            ("1d", 86_400),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "m", "-5m", "5 m", "1w", "1.5h", "99999999999"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
