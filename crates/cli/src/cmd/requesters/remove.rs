use clap::Args;
use rekey_registry::request::Requests;
use serde_json::json;

use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::requester::Requester;
use crate::world::{World, of_write};

/// Forget a requester: what comes under its name from now on is refused.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey requesters remove deploy-pipeline

It needs the managed policy rekey-<stage>-<region>-administrator. Whoever has the policy of the name may
still send requests; they are recorded, and refused.

Exit codes: 0 nobody is recorded under the name, also when it was so before.")]
pub struct Remove {
    /// The name of the requester.
    #[arg(value_parser = Requester::parse)]
    name: Requester,
}

impl Remove {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let removed = world.store().remove_actor(&self.name.source()).await;
        let removed = removed.map_err(|error| of_write(world, error))?;
        if console.is_json() {
            console.json(&json!({ "requester": self.name.to_string(), "removed": removed }))?;
            return Ok(Exit::Ok);
        }
        console.line(&match removed {
            true => format!(
                "{}: removed; its requests are refused from now on",
                self.name
            ),
            false => format!("{}: nobody was recorded", self.name),
        })?;
        Ok(Exit::Ok)
    }
}
