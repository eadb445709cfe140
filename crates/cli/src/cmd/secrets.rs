//! `rekey secrets ...`: looking, and nothing else.

mod consumers;
mod list;
mod show;
mod versions;

use clap::Subcommand;

use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::world::World;

#[derive(Debug, Subcommand)]
pub enum Secrets {
    List(list::List),
    Show(show::Show),
    Versions(versions::Versions),
    Consumers(consumers::Consumers),
}

impl Secrets {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        match self {
            Self::List(list) => list.run(world, console).await,
            Self::Show(show) => show.run(world, console).await,
            Self::Versions(versions) => versions.run(world, console).await,
            Self::Consumers(consumers) => consumers.run(world, console).await,
        }
    }
}
