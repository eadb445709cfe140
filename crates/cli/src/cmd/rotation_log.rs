mod sheet;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use rekey_audit::{Chain, Entry, Head, Trail, Wanted};
use serde::Serialize;
use time::Date;
use time::macros::format_description;

use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::moment::rfc3339;
use crate::rotation::{Facts, Said, Story, gather, keep, kept, of_time, sign_off_of};
use crate::world::{World, of_trail};
use sheet::{Signed, sheet, sign};

const DAY: i64 = 24 * 60 * 60;

/// How long before its end a rotation may have been asked for: a request waits so long for an approval.
const ASKED_BEFORE: i64 = 8 * DAY;

/// Write the log of the rotations of one day, and sign it off.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey rotation-log 2026-11-21
  rekey rotation-log 2026-11-21 --sign-off 'Anna Berg'

Days are days of UTC. A rotation stands there with the result that it had at the end of the day;
one that is rolled back on another day stands in both logs. A sign-off holds the hash of the newest
record of each chain at that moment, so that it can be told later what there was to see. It stays
when the log is written again.")]
pub struct RotationLog {
    /// The day: 2026-11-21.
    #[arg(value_name = "DATE", value_parser = day)]
    date: Date,
    /// Add a sign-off by this person.
    #[arg(long, value_name = "NAME")]
    sign_off: Option<String>,
    /// The folder that it is written into.
    #[arg(long, value_name = "DIR", default_value = "security/secret-rotations")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Document<'a> {
    date: String,
    rotations: Vec<Row<'a>>,
    signed_off_by: Option<&'a str>,
    file: String,
    changed: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    rotation: &'a str,
    secret: &'a str,
    result: &'a str,
    detail: Option<String>,
    operator: Option<String>,
}

impl RotationLog {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let now = world.clock().now();
        let begin = self.date.midnight().assume_utc().unix_timestamp();
        let end = begin.saturating_add(DAY);
        if begin > now {
            return Err(Error::Usage("the day has not come yet".into()));
        }
        let (stories, unreadable) = stories(world, begin, end).await?;
        let path = self.out.join(format!("{}.md", self.date));
        let before = kept(&path)?;
        let mut sign_off = before.as_deref().and_then(sign_off_of);
        if let Some(name) = &self.sign_off {
            let signed = Signed {
                name,
                at: rfc3339(now),
                rotations: stories.len(),
                ends: ends(world, &stories).await?,
            };
            sign_off = Some(sign(sign_off, &signed));
        }
        let date = self.date.to_string();
        let page = sheet(&date, &stories, sign_off.as_deref());
        let changed = before.as_deref() != Some(page.as_str());
        if changed {
            keep(&path, &page)?;
        }
        let file = path.display().to_string();
        if console.is_json() {
            console.json(&Document {
                date,
                rotations: stories.iter().map(row).collect(),
                signed_off_by: self.sign_off.as_deref(),
                file,
                changed,
            })?;
        } else {
            let what = if changed { "written" } else { "nothing new" };
            let count = match stories.len() {
                1 => "1 rotation".to_owned(),
                count => format!("{count} rotations"),
            };
            console.line(&format!("{file}: {what}; {count}"))?;
        }
        if end > now {
            console.note("the day is not over; write the log again when it is")?;
        }
        if unreadable > 0 {
            console.note(&format!(
                "warning: {unreadable} records cannot be read; which, says: rekey audit verify"
            ))?;
        }
        Ok(Exit::Ok)
    }
}

fn row(story: &Story) -> Row<'_> {
    let facts = Facts::of(story);
    Row {
        rotation: &story.id,
        secret: &story.target,
        result: facts.ended.as_str(),
        detail: facts.detail,
        operator: facts.operator,
    }
}

/// The rotations of a day, in the order in which they were first heard of on it.
async fn stories<W: World>(world: &W, begin: i64, end: i64) -> Result<(Vec<Story>, usize), Error> {
    let wanted = Wanted {
        since: begin,
        until: end,
        ..Wanted::default()
    };
    let (mut entries, mut unreadable) = of_time(world, &wanted).await?;
    entries.sort_by_key(|entry| (entry.at(), entry.seq));
    let mut stories = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in entries.iter().filter(|entry| is_rotation(entry)) {
        let Some(id) = &entry.record.request_id else {
            continue;
        };
        let secret = entry.record.target_id.as_str();
        let key = (id.as_str().to_owned(), secret.to_owned());
        if !seen.insert(key) {
            continue;
        }
        let since = begin.saturating_sub(ASKED_BEFORE);
        let story = gather(world, id.as_str(), Some(secret), since, end).await?;
        if let Some(story) = story {
            unreadable += story.unreadable;
            stories.push(story);
        }
    }
    // A request that became a rotation of another id stands in the line of that one.
    let of_others: BTreeSet<String> = stories.iter().flat_map(Story::requests).collect();
    stories.retain(|story| !of_others.contains(&story.id));
    Ok((stories, unreadable))
}

/// Whether it tells of a rotation. What became of an old credential later is no rotation, nor is a dry run.
fn is_rotation(entry: &Entry) -> bool {
    let of_one = entry.action().starts_with("rotation.")
        || ["secret.rotated", "secret.rolled_back", "rollback.intended"].contains(&entry.action());
    of_one && entry.flag("dry_run") != Some(true) && entry.action() != "rotation.planned"
}

/// The ends of the chains that the log is about, as they are now; of the platform's where it is about none.
async fn ends<W: World>(world: &W, stories: &[Story]) -> Result<Vec<Head>, Error> {
    let entries = stories.iter().flat_map(|story| &story.entries);
    let mut chains: Vec<Chain> = entries.map(|entry| entry.chain.clone()).collect();
    chains.push(Chain::platform());
    chains.sort();
    chains.dedup();
    let mut ends = Vec::new();
    for chain in chains {
        let head = world.trail().head(&chain).await;
        ends.extend(head.map_err(|error| of_trail(world, error))?);
    }
    Ok(ends)
}

fn day(text: &str) -> Result<Date, String> {
    let form = format_description!("[year]-[month]-[day]");
    Date::parse(text, form).map_err(|_| "a date such as 2026-11-21".to_owned())
}
