//! `rekey requests ...`: what was asked for, and what became of it.

mod approve;
mod list;
mod show;

use clap::Subcommand;
use rekey_events::EventId;
use rekey_registry::VersionId;
use rekey_registry::request::Request;

use crate::answer;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::world::World;

#[derive(Debug, Subcommand)]
pub enum Requests {
    List(list::List),
    Show(show::Show),
    Approve(approve::Approve),
}

impl Requests {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        match self {
            Self::List(list) => list.run(world, console).await,
            Self::Show(show) => show.run(world, console).await,
            Self::Approve(approve) => approve.run(world, console).await,
        }
    }
}

/// The request with an id that somebody typed.
async fn with_id<W: World>(world: &W, id: &str) -> Result<Request, Error> {
    let id =
        EventId::parse(id).map_err(|error| Error::Usage(format!("the id of a request {error}")))?;
    let token = VersionId::new(id.to_string());
    let found = answer::request(world, &token).await?;
    found.ok_or_else(|| Error::Advised {
        what: format!("no request has the id {token}"),
        advice: vec![
            "one that was just made may not have been looked at yet; ask again".into(),
            "see: rekey requests list, and rekey replay list".into(),
        ],
    })
}
