use rekey_audit::Head;

use crate::moment::rfc3339;
use crate::rotation::{Facts, NOT_RECORDED, Said, Story, plain};

/// A sign-off, as it is added.
#[derive(Debug)]
pub struct Signed<'a> {
    /// Who.
    pub name: &'a str,
    /// When, RFC 3339.
    pub at: String,
    /// How many rotations the log had then.
    pub rotations: usize,
    /// The ends of the chains then.
    pub ends: Vec<Head>,
}

/// The log of a day.
pub fn sheet(date: &str, stories: &[Story], sign_off: Option<&str>) -> String {
    let mut page = format!("# Secret rotations of {date}\n\n");
    if stories.is_empty() {
        page.push_str("No rotation is recorded for this day.\n");
    } else {
        page.push_str("| when | rotation | secret | result | operator | evidence |\n");
        page.push_str("|---|---|---|---|---|---|\n");
        stories.iter().for_each(|story| page.push_str(&row(story)));
        page.push_str(
            "\nThe evidence names the records of the audit trail, by chain and place: \
             `rekey audit list --request <rotation>` shows\nthem, `rekey artifact <rotation>` writes what \
             they say, and `rekey audit verify` proves that nobody bent them.\n",
        );
    }
    if let Some(sign_off) = sign_off {
        page.push('\n');
        page.push_str(sign_off);
        page.push('\n');
    }
    page
}

fn row(story: &Story) -> String {
    let facts = Facts::of(story);
    let operator = facts.operator.as_deref();
    let operator = operator.map_or_else(|| NOT_RECORDED.to_owned(), plain);
    let places: Vec<_> = story.entries.iter().map(Said::place).collect();
    format!(
        "| {} | {} | {} | {} | {operator} | {} |\n",
        rfc3339(facts.told_at),
        plain(&story.id),
        plain(&story.target),
        plain(&facts.result()),
        places.join(", ")
    )
}

/// The section with one more sign-off at its end.
pub fn sign(section: Option<String>, signed: &Signed<'_>) -> String {
    let rotations = match signed.rotations {
        1 => "1 rotation".to_owned(),
        count => format!("{count} rotations"),
    };
    let mut section = section.unwrap_or_else(|| "## Sign-off\n".to_owned());
    section.push_str(&format!(
        "\n- {}, {}, {rotations}",
        plain(signed.name),
        signed.at
    ));
    for end in &signed.ends {
        let (chain, seq, hash) = (&end.chain, end.seq, &end.hash);
        section.push_str(&format!("\n  - newest record: {chain}#{seq}, hash {hash}"));
    }
    section
}
