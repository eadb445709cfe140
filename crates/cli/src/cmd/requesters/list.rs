use clap::Args;
use rekey_registry::request::{Actor, Requests};
use serde::Serialize;

use super::{ActorView, may, scope};
use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::moment::told;
use crate::requester::name_of;
use crate::table::{Table, Text};
use crate::view::caller;
use crate::world::{World, of_store};

/// List who may ask for rotations: under which name, who that is, and what counts of what they ask for.
///
/// The stack's own name, schedule, is built in and not listed.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey requesters list
  rekey requesters list --json | jq -r '.requesters[] | select(.may_approve) | .actor'")]
pub struct List {}

#[derive(Serialize)]
struct Document {
    requesters: Vec<ActorView>,
}

impl List {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let actors = world.store().actors().await;
        let actors: Vec<Actor> = actors.map_err(|error| of_store(world, error))?;
        if console.is_json() {
            let requesters = actors.iter().map(ActorView::of).collect();
            console.json(&Document { requesters })?;
            return Ok(Exit::Ok);
        }
        let now = world.clock().now();
        let mut table = Table::new(&[
            "REQUESTER",
            "ACTOR",
            "ROLE",
            "MAY",
            "SCOPE",
            "SINCE",
            "RECORDED BY",
        ]);
        for actor in &actors {
            let since = Some(actor.since).filter(|at| *at > 0);
            table.row([
                name_of(&actor.source).into(),
                actor.name.as_str().into(),
                actor.role.as_str().into(),
                may(actor).into(),
                scope(actor).into(),
                Text::or_dash(since.map(|at| told(at, now))),
                Text::or_dash(actor.recorded_by.as_deref().map(caller)),
            ]);
        }
        console.table(&table)?;
        if actors.is_empty() {
            console.note(
                "nobody may ask for rotations yet: rekey requesters allow operators --actor WHO --role internal_admin",
            )?;
        }
        Ok(Exit::Ok)
    }
}
