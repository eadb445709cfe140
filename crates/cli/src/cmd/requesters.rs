//! `rekey requesters ...`: who may ask for rotations.

mod allow;
mod list;
mod remove;

use clap::Subcommand;
use rekey_registry::request::Actor;
use serde::Serialize;

use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::moment::rfc3339;
use crate::requester::{ADMIN, name_of};
use crate::world::World;

#[derive(Debug, Subcommand)]
pub enum Requesters {
    List(list::List),
    Allow(allow::Allow),
    Remove(remove::Remove),
}

impl Requesters {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        match self {
            Self::List(list) => list.run(world, console).await,
            Self::Allow(allow) => allow.run(world, console).await,
            Self::Remove(remove) => remove.run(world, console).await,
        }
    }
}

/// Who a requester is. Times are RFC 3339.
#[derive(Serialize)]
struct ActorView {
    requester: String,
    source: String,
    actor: String,
    role: String,
    may_force: bool,
    may_approve: bool,
    scope: Vec<String>,
    since: Option<String>,
    recorded_by: Option<String>,
}

impl ActorView {
    fn of(actor: &Actor) -> Self {
        Self {
            requester: name_of(&actor.source).to_owned(),
            source: actor.source.clone(),
            actor: actor.name.clone(),
            role: actor.role.clone(),
            may_force: actor.may_force,
            may_approve: actor.may_approve,
            scope: actor.scope.clone(),
            since: (actor.since > 0).then(|| rfc3339(actor.since)),
            recorded_by: actor.recorded_by.clone(),
        }
    }
}

/// `rotate, force, approve`, or a dash.
fn may(actor: &Actor) -> String {
    if actor.role != ADMIN {
        return "-".to_owned();
    }
    let words = [
        Some("rotate"),
        actor.may_force.then_some("force"),
        actor.may_approve.then_some("approve"),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `db/, smtp/`, or that it is all.
fn scope(actor: &Actor) -> String {
    match actor.scope.as_slice() {
        [] => "all".to_owned(),
        scope => scope.join(", "),
    }
}
