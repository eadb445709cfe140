mod sheet;

use std::path::PathBuf;

use clap::Args;
use rekey_events::ClientRequestToken;
use serde::Serialize;

use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::moment::{Since, absolute};
use crate::rotation::{Facts, Story, gather, keep, kept, sign_off_of};
use crate::world::World;
use sheet::{evidence_in, sheet};

/// How far the clock of this machine may be behind that of the stack.
const SKEW: i64 = 60 * 60;

/// Write the artifact of one rotation, from what the audit trail says of it and nothing else.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey artifact 5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10
  rekey artifact 5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10 --out evidence --since 1d --json

The id of a rotation is the id of the version that it makes: rekey secrets versions, rekey requests list.
What the trail does not say stands there as `not recorded`. The same command again adds what is
new, such as the retirement of the old credential or a rollback, and keeps a section `## Sign-off`
that somebody wrote.")]
pub struct Artifact {
    /// The id of the rotation.
    #[arg(value_name = "ROTATION-ID", value_parser = rotation_id)]
    id: ClientRequestToken,
    /// The folder that it is written into.
    #[arg(long, value_name = "DIR", default_value = "docs/security/rotations")]
    out: PathBuf,
    /// Only when the id is of several secrets: the one that is meant, by its name in the store.
    #[arg(long, value_name = "NAME")]
    secret: Option<String>,
    /// Look at what was recorded since then: 2h, 90d, 2026-11-01; and since what the artifact knows already.
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = Since::parse)]
    since: Since,
}

#[derive(Serialize)]
struct Document<'a> {
    rotation: &'a str,
    secret: &'a str,
    result: &'a str,
    detail: Option<&'a str>,
    operator: Option<&'a str>,
    records: Vec<Evidence<'a>>,
    file: String,
    changed: bool,
}

#[derive(Serialize)]
struct Evidence<'a> {
    id: String,
    chain: &'a str,
    seq: u64,
    action: &'a str,
}

impl Artifact {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let now = world.clock().now();
        let id = self.id.as_str();
        let path = self.out.join(format!("{id}.md"));
        let before = kept(&path)?;
        let known = before.as_deref().map(evidence_in).unwrap_or_default();
        let since = self.since.at(now);
        let since = known.first.map_or(since, |first| since.min(first));
        let secret = self.secret.as_deref();
        let story = gather(world, id, secret, since, now.saturating_add(SKEW)).await?;
        let story = story.ok_or_else(|| nothing(id, since))?;
        let there = |id: &String| {
            story
                .entries
                .iter()
                .any(|one| one.record.id.to_string() == *id)
        };
        if let Some(gone) = known.ids.iter().find(|id| !there(id)) {
            return Err(Error::Advised {
                what: format!(
                    "{} names the record {gone}, which was not found again",
                    path.display()
                ),
                advice: vec![
                    "the artifact was left as it is".into(),
                    "whether the trail was tampered with: rekey audit verify".into(),
                ],
            });
        }
        let facts = Facts::of(&story);
        let sign_off = before.as_deref().and_then(sign_off_of);
        let page = sheet(&story, &facts, sign_off.as_deref());
        let changed = before.as_deref() != Some(page.as_str());
        if changed {
            keep(&path, &page)?;
        }
        let file = path.display().to_string();
        if console.is_json() {
            console.json(&document(&story, &facts, file, changed))?;
        } else {
            let what = if changed { "written" } else { "nothing new" };
            console.line(&format!("{file}: {what}; {}", facts.result()))?;
        }
        if story.unreadable > 0 {
            let count = story.unreadable;
            console.note(&format!(
                "warning: {count} records cannot be read; which, says: rekey audit verify"
            ))?;
        }
        Ok(Exit::Ok)
    }
}

fn document<'a>(
    story: &'a Story,
    facts: &'a Facts<'_>,
    file: String,
    changed: bool,
) -> Document<'a> {
    let records = story.entries.iter().map(|entry| Evidence {
        id: entry.record.id.to_string(),
        chain: entry.chain.as_str(),
        seq: entry.seq,
        action: entry.record.action.as_str(),
    });
    Document {
        rotation: &story.id,
        secret: &story.target,
        result: facts.ended.as_str(),
        detail: facts.detail.as_deref(),
        operator: facts.operator.as_deref(),
        records: records.collect(),
        file,
        changed,
    }
}

fn nothing(id: &str, since: i64) -> Error {
    Error::Advised {
        what: format!("no rotation {id} is recorded since {}", absolute(since)),
        advice: vec![
            "look further back with --since".into(),
            "the id of a rotation is the id of its version: rekey secrets versions NAME --json"
                .into(),
        ],
    }
}

/// A rotation's id, which becomes the name of a file.
fn rotation_id(text: &str) -> Result<ClientRequestToken, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let id = ClientRequestToken::new(text).ok();
    id.filter(|id| id.as_str().chars().all(allowed))
        .ok_or_else(|| "the id of a rotation is 32 to 64 letters, digits, - and _".to_owned())
}
