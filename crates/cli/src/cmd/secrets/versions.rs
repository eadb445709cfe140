use clap::Args;
use serde::Serialize;

use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::find;
use crate::moment::told;
use crate::table::{Table, Text};
use crate::view::{VersionName, VersionView, caller, story, tone_of};
use crate::world::World;

/// List the versions of one secret, newest first: since when each was in use, and what became of it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey secrets versions prod/db/app-primary
  rekey secrets versions prod/db/app-primary --json | jq '.versions[] | select(.state == \"held\")'")]
pub struct Versions {
    /// The name, ARN or key of the secret.
    name: String,
}

#[derive(Serialize)]
struct Document<'a> {
    name: &'a str,
    versions: Vec<VersionView>,
}

impl Versions {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let state = find::registered(world, &self.name).await?;
        let now = world.clock().now();
        let newest_first = || state.by_number().into_iter().rev();
        if console.is_json() {
            let versions = newest_first().map(|version| VersionView::of(&state, version));
            console.json(&Document {
                name: &state.secret.name,
                versions: versions.collect(),
            })?;
            return Ok(Exit::Ok);
        }
        let mut table = Table::new(&["VERSION", "STATE", "IN USE", "FROM", "BY", "WHAT", "ID"]);
        for version in newest_first() {
            let from = version.rotated_from.as_ref();
            let from = from.and_then(|id| VersionName::of(&state, id).version);
            table.row([
                version.number.to_string().into(),
                Text::toned(version.state.as_str(), tone_of(version.state)),
                Text::or_dash(version.activated_at().map(|at| told(at, now))),
                Text::or_dash(from.map(|number| number.to_string())),
                Text::or_dash(version.created_by().map(caller)),
                Text::or_dash(story(&state, version, now)),
                version.id.as_str().into(),
            ]);
        }
        console.table(&table)?;
        Ok(Exit::Ok)
    }
}
