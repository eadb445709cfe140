use std::collections::BTreeSet;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::rotation::{Check, Facts, NOT_RECORDED, Rollback, Said, Story, plain};

/// What a person who signs is told.
const HOW_TO_SIGN: &str =
    "<!-- A section \"## Sign-off\" from here on is kept when this page is written again. -->";

/// The artifact: the seven lines of the runbook's template, and what they rest on.
pub fn sheet(story: &Story, facts: &Facts<'_>, sign_off: Option<&str>) -> String {
    let checks = story.checks(facts);
    let mut page = format!("# Rotation {}\n", story.id);
    let mut line = |name: &str, said: String| page.push_str(&format!("- {name}: {said}\n"));
    line("Date", facts.date());
    line("Operator", or_not(facts.operator.as_deref()));
    line("Secret Ref", plain(&story.target));
    line("Provider", or_not(facts.provider.as_deref()));
    line("Result", facts.ended.as_str().to_owned());
    line("Verification", summary(&checks));
    line("Audit Evidence", evidence_line(story));
    page.push_str(&details(facts));
    page.push_str(&verification(&checks));
    if let Some(rollback) = &facts.rollback {
        page.push_str(&rolled_back(rollback));
    }
    page.push_str(&evidence(story));
    page.push('\n');
    page.push_str(sign_off.unwrap_or(HOW_TO_SIGN));
    page.push('\n');
    page
}

fn or_not(text: Option<&str>) -> String {
    text.map_or_else(|| NOT_RECORDED.to_owned(), plain)
}

fn list(texts: Option<&Vec<&str>>) -> String {
    match texts {
        None => NOT_RECORDED.to_owned(),
        Some(texts) if texts.is_empty() => "none".to_owned(),
        Some(texts) => plain(&texts.join(", ")),
    }
}

/// What was seen, in one line. What only follows from it stands in the table.
fn summary(checks: &[Check]) -> String {
    let seen = checks.iter().filter(|check| check.is_seen);
    let seen: Vec<_> = seen
        .map(|check| format!("{}: {}", check.what, plain(&check.said)))
        .collect();
    match seen.as_slice() {
        [] => NOT_RECORDED.to_owned(),
        seen => seen.join("; "),
    }
}

fn evidence_line(story: &Story) -> String {
    let places: Vec<_> = story.entries.iter().map(Said::place).collect();
    let since = story.entries.first().map(Said::when).unwrap_or_default();
    // The credential before it was retired under an id of its own.
    let ids = story
        .entries
        .iter()
        .filter_map(|entry| entry.record.request_id.as_ref());
    let ids: BTreeSet<&str> = ids.map(|id| id.as_str()).filter(|id| is_word(id)).collect();
    let lists = ids
        .into_iter()
        .map(|id| format!("`rekey audit list --request {id} --since {since}`, "));
    let lists: String = lists.collect();
    format!("{}; {lists}`rekey audit verify`", places.join(", "))
}

/// Whether it can stand in a command as it is.
fn is_word(id: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    id.chars().all(allowed)
}

fn details(facts: &Facts<'_>) -> String {
    let rows = [
        ("Result", plain(&facts.result())),
        ("Reason", or_not(facts.reason)),
        ("Rollout note", or_not(facts.rollout_note)),
        ("Approved by", or_not(facts.approved_by)),
        ("Consumers", list(facts.consumers.as_ref())),
        ("Sites", list(facts.sites.as_ref())),
        ("Version before", or_not(facts.rotated_from)),
    ];
    let rows = rows.map(|(name, said)| format!("| {name} | {said} |\n"));
    format!("\n## Details\n\n| | |\n|---|---|\n{}", rows.concat())
}

fn verification(checks: &[Check]) -> String {
    let rows = checks.iter().map(|check| {
        let (what, place) = (check.what, &check.place);
        format!("| {what} | {} | {place} |\n", plain(&check.said))
    });
    let rows: String = rows.collect();
    format!("\n## Verification\n\n| what | what the trail says | record |\n|---|---|---|\n{rows}")
}

fn rolled_back(rollback: &Rollback<'_>) -> String {
    let rows = [
        ("When", rollback.entry.when()),
        ("By", plain(&rollback.by)),
        ("Why", or_not(rollback.reason)),
        ("Current again", or_not(rollback.to)),
        ("Record", rollback.entry.place()),
    ];
    let rows = rows.map(|(name, said)| format!("| {name} | {said} |\n"));
    format!("\n## Rollback\n\n| | |\n|---|---|\n{}", rows.concat())
}

fn evidence(story: &Story) -> String {
    let rows = story.entries.iter().map(|entry| {
        format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            entry.when(),
            plain(entry.action()),
            plain(entry.record.actor_id.as_str()),
            entry.place(),
            entry.hash,
            entry.record.id
        )
    });
    let rows: String = rows.collect();
    format!(
        "\n## Audit evidence\n\n| when | action | actor | record | hash | id |\n|---|---|---|---|---|---|\n{rows}"
    )
}

/// What an artifact that is there rests on.
#[derive(Debug, Default)]
pub struct Known {
    /// The second of the first record.
    pub first: Option<i64>,
    /// The ids of all of them.
    pub ids: Vec<String>,
}

/// Reads the table of evidence of a page of ours.
pub fn evidence_in(page: &str) -> Known {
    let mut known = Known::default();
    let table = page.lines().skip_while(|line| *line != "## Audit evidence");
    for line in table.skip(1).take_while(|line| !line.starts_with("## ")) {
        let cells: Vec<&str> = line.split(" | ").collect();
        let (Some(when), Some(id)) = (cells.first(), cells.get(5)) else {
            continue;
        };
        let when = OffsetDateTime::parse(when.trim_start_matches("| "), &Rfc3339);
        let Ok(when) = when.map(OffsetDateTime::unix_timestamp) else {
            continue;
        };
        known.first = Some(known.first.map_or(when, |first| first.min(when)));
        known.ids.push(id.trim_end_matches(" |").to_owned());
    }
    known
}
