//! When a secret may be rotated: the tag `rekey:window`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

use proptest::prelude::*;
use rekey_registry::Windows;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Monday, 2026-11-23, 00:00 UTC.
const MONDAY: i64 = 1_795_392_000;

fn windows(text: &str) -> Windows {
    Windows::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The whole minutes of that week in which it is open, as ranges from Monday.
fn open_in_week(text: &str) -> Vec<(i64, i64)> {
    let windows = windows(text);
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for minute in 0..7 * 24 * 60 {
        let is_open = windows.is_open(MONDAY + minute * MINUTE);
        match ranges.last_mut().filter(|(_, until)| *until == minute) {
            Some((_, until)) if is_open => *until += 1,
            _ if is_open => ranges.push((minute, minute + 1)),
            _ => {}
        }
    }
    ranges
}

/// Minutes from Monday.
fn at(day: i64, hour: i64, minute: i64) -> i64 {
    (day * 24 + hour) * 60 + minute
}

#[test]
fn a_window_is_open_from_its_first_second_to_the_one_before_its_end() {
    let windows = windows("Tue 02:00-04:30");
    let opens = MONDAY + DAY + 2 * HOUR;
    let closes = MONDAY + DAY + 4 * HOUR + 30 * MINUTE;
    for (at, is_open) in [
        (opens - 1, false),
        (opens, true),
        (closes - 1, true),
        (closes, false),
        (opens + DAY, false),
        (opens + 7 * DAY, true),
        (opens - 3000 * 7 * DAY, true),
    ] {
        assert_eq!(windows.is_open(at), is_open, "{at}");
    }
    assert_eq!(windows.next_opening(MONDAY), Some(opens));
    assert_eq!(windows.next_opening(opens + 5), Some(opens + 5));
    assert_eq!(windows.next_opening(closes), Some(opens + 7 * DAY));
    assert_eq!(windows.closes_at(opens), Some(closes));
    assert_eq!(windows.closes_at(closes), None);
}

#[test]
fn days_are_one_or_a_range_or_several_and_without_them_it_is_every_day() {
    for (text, days) in [
        ("Mon 02:00-04:00", &[0][..]),
        ("Mon-Fri 02:00-04:00", &[0, 1, 2, 3, 4]),
        ("Sat Sun 02:00-04:00", &[5, 6]),
        ("Mon-Tue Thu 02:00-04:00", &[0, 1, 3]),
        ("Fri-Mon 02:00-04:00", &[0, 4, 5, 6]),
        ("02:00-04:00", &[0, 1, 2, 3, 4, 5, 6]),
        ("  Mon   02:00-04:00 ", &[0]),
    ] {
        let expected: Vec<_> = days
            .iter()
            .map(|day| (at(*day, 2, 0), at(*day, 4, 0)))
            .collect();
        assert_eq!(open_in_week(text), expected, "{text}");
    }
}

#[test]
fn over_midnight_it_belongs_to_the_day_on_which_it_begins() {
    assert_eq!(
        open_in_week("Sun 22:00-02:00"),
        [(0, at(0, 2, 0)), (at(6, 22, 0), at(7, 0, 0))]
    );
    assert_eq!(
        open_in_week("Wed 22:00-02:00"),
        [(at(2, 22, 0), at(3, 2, 0))]
    );
    let windows = windows("Wed 22:00-02:00");
    let opens = MONDAY + at(2, 22, 0) * MINUTE;
    assert_eq!(windows.closes_at(opens + 3 * HOUR), Some(opens + 4 * HOUR));
}

#[test]
fn a_day_ends_at_24_00_and_windows_that_touch_are_one() {
    assert_eq!(
        open_in_week("Fri 22:00-24:00 / Sat 00:00-02:00"),
        [(at(4, 22, 0), at(5, 2, 0))]
    );
    let windows = windows("Fri 22:00-24:00 / Sat 00:00-02:00 / Sat 01:00-03:00");
    let opens = MONDAY + at(4, 22, 0) * MINUTE;
    assert_eq!(windows.closes_at(opens), Some(opens + 5 * HOUR));
}

#[test]
fn what_is_always_open_never_closes() {
    for text in ["00:00-24:00", "00:00-12:00 / 11:00-00:00"] {
        let windows = windows(text);
        assert_eq!(open_in_week(text), [(0, 7 * 24 * 60)], "{text}");
        assert_eq!(windows.closes_at(MONDAY + 5), None, "{text}");
        assert_eq!(windows.next_opening(MONDAY + 5), Some(MONDAY + 5), "{text}");
    }
}

#[test]
fn a_text_that_is_no_window_is_refused_with_what_to_write() {
    for (text, place, what) in [
        ("", 1, "nothing in it"),
        ("Mon", 1, "two times"),
        ("02:00", 1, "two times"),
        ("2:00-4:00", 1, "five characters"),
        ("02:00-25:00", 1, "between 00:00 and 24:00"),
        ("02:60-03:00", 1, "between 00:00 and 24:00"),
        ("24:00-03:00", 1, "begins at 24:00"),
        ("+2:00-03:00", 1, "five characters"),
        ("02:00-02:00", 1, "empty"),
        ("Mo 02:00-04:00", 1, "a day is none of"),
        ("mon 02:00-04:00", 1, "a day is none of"),
        ("Mon-Fri-Sat 02:00-04:00", 1, "a day is none of"),
        ("Mon, Tue 02:00-04:00", 1, "a day is none of"),
        ("Mon 02:00-04:00 UTC", 1, "two times"),
        ("02:00-04:00 /", 2, "nothing in it"),
        ("02:00-04:00 / hunter2", 2, "two times"),
        ("always", 1, "two times"),
    ] {
        let error = Windows::parse(text).expect_err(text);
        assert_eq!(error.place, place, "{text}");
        let told = error.to_string();
        assert!(told.contains(what), "{text}: {told}");
        assert!(told.contains("Mon-Fri 02:00-04:00 / Sat 00:00-24:00"));
        assert!(!told.contains("hunter2"), "{told}");
    }
}

/// Any window, as somebody may write it.
fn any_window() -> impl Strategy<Value = String> {
    const DAYS: [&str; 6] = ["", "Mon ", "Tue-Thu ", "Sat Sun ", "Fri-Mon ", "Wed Fri "];
    let days = proptest::sample::select(&DAYS[..]);
    (days, 0..1440_i64, 1..1440_i64).prop_map(|(days, from, long)| {
        let until = (from + long) % 1440;
        let text = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
        format!("{days}{}-{}", text(from), text(until))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_open_when_it_opens_next_and_closed_before_and_after(
        all in proptest::collection::vec(any_window(), 1..4),
        now in MONDAY - 400 * DAY..MONDAY + 400 * DAY,
    ) {
        let text = all.join(" / ");
        let windows = windows(&text);
        let opening = windows.next_opening(now).unwrap();
        prop_assert!(opening >= now, "{text}");
        prop_assert!(opening < now + 8 * DAY, "{text}");
        prop_assert!(windows.is_open(opening), "{text}");
        prop_assert_eq!(opening == now, windows.is_open(now), "{}", text);
        if opening > now {
            prop_assert!(!windows.is_open(opening - 1), "{text}");
            prop_assert!(!windows.is_open(now + (opening - 1 - now) / 2), "{text}");
            prop_assert_eq!(windows.closes_at(now), None);
        }
        if let Some(closes_at) = windows.closes_at(opening) {
            prop_assert!(closes_at > opening, "{text}");
            prop_assert!(windows.is_open(closes_at - 1), "{text}");
            prop_assert!(windows.is_open(opening + (closes_at - opening) / 2), "{text}");
            prop_assert!(!windows.is_open(closes_at), "{text}");
        }
    }

    #[test]
    fn no_text_and_no_time_is_too_much(text in "[A-Za-z0-9 :/-]{0,40}", now: i64) {
        if let Ok(windows) = Windows::parse(&text) {
            windows.is_open(now);
            windows.next_opening(now);
            windows.closes_at(now);
        }
    }
}
