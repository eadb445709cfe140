//! When a secret may be rotated: `Mon-Fri 02:00-04:00 / Sat 00:00-24:00`, in UTC.

const MINUTE: i64 = 60;
const MINUTES: i64 = 24 * 60;
const DAY: i64 = MINUTES * MINUTE;
const WEEK: i64 = 7;

/// Whole days since 1970 to days since a Monday: 1970 began on a Thursday.
const THURSDAY: i64 = 3;

const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The windows in which a secret may be rotated. Each is `[days] HH:MM-HH:MM` in UTC; several are joined by
/// ` / `. Days are `Mon`, `Mon-Fri`, `Sat Sun`; without days it is every day. What ends before it begins
/// goes over midnight and belongs to the day on which it begins. A day ends at `24:00`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Windows(Vec<Window>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Window {
    /// On which days it begins, from Monday.
    days: [bool; 7],
    /// Minutes of that day.
    from: i64,
    /// Minutes of that day too: over 24 hours when it ends on the next.
    until: i64,
}

/// A text that is no window.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "window {place}: {what}; write `[days] HH:MM-HH:MM` in UTC, several joined by ` / `, as in \
     `Mon-Fri 02:00-04:00 / Sat 00:00-24:00`"
)]
pub struct WindowError {
    /// Which of the windows, from 1.
    pub place: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Windows {
    /// Reads the text of the tag `rekey:window`.
    ///
    /// # Errors
    /// [`WindowError`] says which window cannot be understood, and what to write.
    pub fn parse(text: &str) -> Result<Self, WindowError> {
        let windows = text.split('/').enumerate().map(|(place, text)| {
            Window::parse(text).map_err(|what| WindowError {
                place: place.saturating_add(1),
                what,
            })
        });
        windows.collect::<Result<_, _>>().map(Self)
    }

    /// One that never opens: what becomes of a text that cannot be understood.
    pub(crate) const fn never() -> Self {
        Self(Vec::new())
    }

    /// Whether it is open at a point in time, in seconds since 1970.
    pub fn is_open(&self, now: i64) -> bool {
        self.end_of_open(now).is_some()
    }

    /// When it opens next: `now` when it is open. None when it never does, as it cannot be understood.
    pub fn next_opening(&self, now: i64) -> Option<i64> {
        if self.is_open(now) {
            return Some(now);
        }
        let today = now.div_euclid(DAY);
        let days = today..=today.saturating_add(WEEK);
        let openings = days.flat_map(|day| self.on(day).map(|(from, _)| from));
        openings.filter(|from| *from >= now).min()
    }

    /// When it closes, if it is open. None when it is not, and when it never closes.
    pub fn closes_at(&self, now: i64) -> Option<i64> {
        let mut until = self.end_of_open(now)?;
        // What is open for a whole week is open for ever.
        let end = now.saturating_add(WEEK * DAY);
        while let Some(later) = self.end_of_open(until).filter(|later| *later > until) {
            if later > end {
                return None;
            }
            until = later;
        }
        Some(until)
    }

    /// The latest end of the windows that are open.
    fn end_of_open(&self, now: i64) -> Option<i64> {
        let today = now.div_euclid(DAY);
        let open = [today.saturating_sub(1), today]
            .into_iter()
            .flat_map(|day| self.on(day));
        let open = open.filter(|(from, until)| (*from..*until).contains(&now));
        open.map(|(_, until)| until).max()
    }

    /// From when until when the windows are that begin on a day.
    fn on(&self, day: i64) -> impl Iterator<Item = (i64, i64)> {
        let weekday = day.saturating_add(THURSDAY).rem_euclid(WEEK);
        let at = move |minute: i64| {
            day.saturating_mul(DAY)
                .saturating_add(minute.saturating_mul(MINUTE))
        };
        let begins = move |window: &&Window| {
            let weekday = usize::try_from(weekday).ok();
            weekday.and_then(|day| window.days.get(day)) == Some(&true)
        };
        let windows = self.0.iter().filter(begins);
        windows.map(move |window| (at(window.from), at(window.until)))
    }
}

impl Window {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut words: Vec<_> = text.split_whitespace().collect();
        let times = words.pop().ok_or("there is nothing in it")?;
        let (from, until) = times
            .split_once('-')
            .ok_or("it does not end with two times, as in `02:00-04:00`")?;
        let (from, until) = (minutes(from)?, minutes(until)?);
        if from == MINUTES {
            return Err("it begins at 24:00, which is 00:00 of the next day");
        }
        if from == until {
            return Err("it is empty; a whole day is `00:00-24:00`");
        }
        let over_midnight = if until < from { MINUTES } else { 0 };
        Ok(Self {
            days: days(&words)?,
            from,
            until: until.saturating_add(over_midnight),
        })
    }
}

/// `HH:MM`, to minutes of a day.
fn minutes(text: &str) -> Result<i64, &'static str> {
    const WRONG: &str = "a time is not between 00:00 and 24:00, written with five characters";
    let number = |text: &str| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|_| is_number)
    };
    let (hours, minutes) = text.split_once(':').ok_or(WRONG)?;
    match (number(hours), number(minutes)) {
        (Some(24), Some(0)) => Ok(MINUTES),
        (Some(hours @ 0..=23), Some(minutes @ 0..=59)) => Ok(hours * 60 + minutes),
        _ => Err(WRONG),
    }
}

/// `Mon`, `Mon-Fri`, `Sat Sun`; nothing is every day.
fn days(words: &[&str]) -> Result<[bool; 7], &'static str> {
    const WRONG: &str = "a day is none of Mon, Tue, Wed, Thu, Fri, Sat, Sun";
    let weekday = |word: &str| NAMES.iter().position(|name| *name == word).ok_or(WRONG);
    let mut days = [words.is_empty(); 7];
    for word in words {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let (first, last) = (weekday(first)?, weekday(last)?);
        for (day, is_in) in days.iter_mut().enumerate() {
            // From Friday to Monday goes over Sunday.
            *is_in |= if first <= last {
                (first..=last).contains(&day)
            } else {
                day >= first || day <= last
            };
        }
    }
    Ok(days)
}
