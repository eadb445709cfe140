use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::job;
use crate::console::Console;
use crate::counted::counted;
use crate::error::Error;
use crate::exit::Exit;
use crate::world::World;

/// How many the job takes at once.
const AT_ONCE: usize = 100;

/// Send requests that were set aside back to be worked on, as they are.
///
/// What is wrong with a request itself is set aside again. A request that was worked on before is known by
/// its id and is not done twice.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey replay send 5fea7756-0ea4-451a-a703-a558b933e274
  rekey replay send --all

Exit codes: 0 sent; 1 some are not there (any more).")]
pub struct Send {
    /// The ids of the messages, as rekey replay list tells them.
    #[arg(
        value_name = "ID",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    ids: Vec<String>,
    /// All that were set aside, up to a hundred.
    #[arg(long)]
    all: bool,
}

/// What the job answers, and `--json` prints.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Sent {
    sent: Vec<String>,
    #[serde(default)]
    missing: Vec<String>,
}

impl Send {
    /// What is set aside again must not be sent again by the same command, so all is one call.
    fn orders(&self) -> Vec<Value> {
        if self.all {
            return vec![json!({ "job": "replay", "all": true })];
        }
        let parts = self.ids.chunks(AT_ONCE);
        let order = |ids: &[String]| json!({ "job": "replay", "ids": ids });
        parts.map(order).collect()
    }

    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let mut done = Sent::default();
        for order in self.orders() {
            let part: Sent = job(world, &order).await?;
            done.sent.extend(part.sent);
            done.missing.extend(part.missing);
        }
        if console.is_json() {
            console.json(&done)?;
        } else {
            let count = u64::try_from(done.sent.len()).unwrap_or(u64::MAX);
            console.line(&format!("{} sent back", counted(count, "message")))?;
        }
        if self.all && done.sent.len() >= AT_ONCE {
            console.note("there may be more; the same command again sends the next")?;
        }
        if done.missing.is_empty() {
            console.note("what becomes of them: rekey requests list, rekey replay list")?;
            return Ok(Exit::Ok);
        }
        Err(Error::Advised {
            what: format!("not there: {}", done.missing.join(", ")),
            advice: vec!["sent back before, or 14 days old; see: rekey replay list".into()],
        })
    }
}
