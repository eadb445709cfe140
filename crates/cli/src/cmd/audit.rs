//! `rekey audit ...`: who did what, and whether the record can be trusted.

mod export;
mod list;
mod verify;

use clap::Subcommand;
use rekey_audit::Chain;

use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::world::World;

#[derive(Debug, Subcommand)]
pub enum Audit {
    List(list::List),
    Verify(verify::Verify),
    Export(export::Export),
}

impl Audit {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        match self {
            Self::List(list) => list.run(world, console).await,
            Self::Verify(verify) => verify.run(world, console).await,
            Self::Export(export) => export.run(world, console).await,
        }
    }
}

/// Reads the name of a tenant, whose chain has the same.
fn tenant(text: &str) -> Result<Chain, String> {
    Chain::parse(text).map_err(|why| why.to_string())
}
