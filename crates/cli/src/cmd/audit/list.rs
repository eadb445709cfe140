use std::io;

use clap::Args;
use rekey_audit::{Entry, Listed, Wanted, list};
use serde::Serialize;

use crate::clock::Clock;
use crate::console::{Console, printable};
use crate::error::Error;
use crate::exit::Exit;
use crate::moment::{Since, absolute, rfc3339, told};
use crate::table::{Table, Text};
use crate::view::EntryView;
use crate::world::{World, of_trail};

/// How many are read at once when all are wanted.
const AT_ONCE: usize = 200;

/// How far the clock of this machine may be behind that of the stack.
const SKEW: i64 = 60 * 60;

/// List what was done, the newest first: by whom, to which secret, and where it is recorded.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey audit list
  rekey audit list --target prod/db/app-primary --since 90d
  rekey audit list --actor arn:aws:iam::123456789012:user/anna --action secret.accessed
  rekey audit list --action secret.rotated --all --csv > rotations.csv
  rekey audit list --request 0f8a5d51-9c5e-5d59-9d6a-0d6a5f2f6a11 --json | jq '.records[].record'

docs/audit-actions.md has every action. In CSV a cell that a spreadsheet would take for a formula
begins with an apostrophe.")]
pub struct List {
    /// Only what this actor did, as it is recorded.
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,
    /// Only this action, such as secret.rotated.
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only what was done to this: the name of a secret in the store.
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Only what belongs to this tenant; platform for what belongs to none.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// Only what belongs to this request or rotation.
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Only what was done since then: 2h, 90d, 2026-11-01, 2026-11-01T12:00:00Z.
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = Since::parse)]
    since: Since,
    /// Only what was done before then.
    #[arg(long, value_name = "TIME", value_parser = Since::parse)]
    until: Option<Since>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = limit)]
    limit: usize,
    /// Go on where a list ended, with the options of that list.
    #[arg(long, value_name = "TEXT", value_parser = cursor)]
    cursor: Option<String>,
    /// All of them.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Comma-separated values on standard output.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    since: String,
    until: Option<String>,
    records: Vec<EntryView<'a>>,
    next: Option<&'a str>,
    unreadable: usize,
}

/// The columns of CSV: the fields of a record.
const COLUMNS: [&str; 13] = [
    "id",
    "actor_id",
    "actor_type",
    "actorRole",
    "action",
    "target_type",
    "target_id",
    "tenant",
    "metadata",
    "ip_address",
    "user_agent",
    "request_id",
    "createdAt",
];

impl List {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let now = world.clock().now();
        let since = self.since.at(now);
        let until = self.until.map(|until| until.at(now));
        if until.is_some_and(|until| until <= since) {
            return Err(Error::Usage("--until is not after --since".into()));
        }
        let wanted = Wanted {
            actor: self.actor.clone(),
            action: self.action.clone(),
            target: self.target.clone(),
            tenant: self.tenant.clone(),
            request: self.request.clone(),
            since,
            until: until.unwrap_or_else(|| now.saturating_add(SKEW)),
        };
        let listed = self.listed(world, console, &wanted).await?;
        if console.is_json() {
            let document = Document {
                since: rfc3339(since),
                until: until.map(rfc3339),
                records: listed.entries.iter().map(EntryView::of).collect(),
                next: listed.next.as_deref(),
                unreadable: listed.unreadable,
            };
            console.json(&document)?;
        } else if self.csv {
            console.raw(csv(&listed.entries, console.headings())?.trim_end())?;
        } else {
            console.table(&table(&listed.entries, now))?;
        }
        self.notes(console, &listed, since, until)?;
        Ok(Exit::Ok)
    }

    async fn listed<W: World>(
        &self,
        world: &W,
        console: &mut Console<'_>,
        wanted: &Wanted,
    ) -> Result<Listed, Error> {
        let limit = if self.all { AT_ONCE } else { self.limit };
        let mut all = Listed {
            next: self.cursor.clone(),
            ..Listed::default()
        };
        loop {
            let page = list(world.trail(), wanted, all.next.as_deref(), limit).await;
            let page = page.map_err(|error| of_trail(world, error))?;
            all.entries.extend(page.entries);
            all.unreadable += page.unreadable;
            all.next = page.next;
            if !self.all || all.next.is_none() {
                return Ok(all);
            }
            console.progress("reading the audit trail", &all.entries.len().to_string())?;
        }
    }

    /// What a list does not show by itself, on standard error: standard output may be a file.
    fn notes(
        &self,
        console: &mut Console<'_>,
        listed: &Listed,
        since: i64,
        until: Option<i64>,
    ) -> Result<(), Error> {
        let until = until.map(|until| format!(", before {}", absolute(until)));
        let range = format!("since {}{}", absolute(since), until.unwrap_or_default());
        match listed.entries.len() {
            0 => console.note(&format!("nothing like that is recorded {range}; --since"))?,
            1 => console.note(&format!("1 record {range}"))?,
            count => console.note(&format!("{count} records {range}"))?,
        }
        if let Some(next) = &listed.next {
            console.note(&format!("there may be more: --cursor '{next}', or --all"))?;
        }
        if listed.unreadable > 0 {
            let count = listed.unreadable;
            console.note(&format!(
                "{count} more cannot be read; which, says: rekey audit verify"
            ))?;
        }
        Ok(())
    }
}

fn table(entries: &[Entry], now: i64) -> Table {
    let mut table = Table::new(&["WHEN", "ACTION", "TARGET", "ACTOR", "REQUEST", "RECORD"]);
    for entry in entries {
        let record = &entry.record;
        let role = record.actor_role.as_ref().map(|role| format!(" ({role})"));
        table.row([
            told(record.created_at.unix(), now).into(),
            record.action.as_str().into(),
            record.target_id.as_str().into(),
            format!("{}{}", record.actor_id, role.unwrap_or_default()).into(),
            Text::or_dash(record.request_id.as_ref().map(|id| id.as_str().to_owned())),
            format!("{}#{}", entry.chain, entry.seq).into(),
        ]);
    }
    table
}

fn csv(entries: &[Entry], headings: bool) -> Result<String, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Error::Output(io::Error::other(error));
    if headings {
        writer.write_record(COLUMNS).map_err(failed)?;
    }
    for entry in entries {
        let record = serde_json::to_value(&entry.record).map_err(io::Error::from)?;
        let cells = COLUMNS.map(|column| match record.get(column) {
            None | Some(serde_json::Value::Null) => String::new(),
            Some(serde_json::Value::String(text)) => cell(text),
            Some(value) => cell(&value.to_string()),
        });
        writer.write_record(cells).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A text as a cell that no spreadsheet takes for a formula and no terminal for a command.
///
/// Source: [CSV Injection](https://owasp.org/www-community/attacks/CSV_Injection).
fn cell(text: &str) -> String {
    let begins = ['=', '+', '-', '@', '\t', '\r', '\n'];
    let guard = if text.starts_with(begins) { "'" } else { "" };
    format!("{guard}{}", printable(text))
}

fn limit(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(limit @ 1..=1000) => Ok(limit),
        _ => Err("a number from 1 to 1000".to_owned()),
    }
}

/// What a list before said: 12 digits of seconds, a chain, 12 digits of a place.
fn cursor(text: &str) -> Result<String, String> {
    let digits = |part: &str| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('#').collect();
    match parts.as_slice() {
        [at, chain, seq] if digits(at) && digits(seq) && super::tenant(chain).is_ok() => {
            Ok(text.to_owned())
        }
        _ => Err("what a list before printed after --cursor".to_owned()),
    }
}
