use clap::Args;
use rekey_events::{Actor as ActorName, Identifier};
use rekey_registry::request::{Actor, Requests};
use serde::Serialize;

use super::{ActorView, may, scope};
use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::requester::{ADMIN, Requester};
use crate::world::{World, of_store, of_write};

/// Record who a requester is and what they may, in place of what was recorded.
///
/// A requester is a name that IAM pins: whoever has the policy of infra/requester.yaml for it speaks under
/// it, and nobody else. That policy gives the name; this gives the authority. Both are needed.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey requesters allow operators --actor 'platform on-call' --role internal_admin --may-force
  rekey requesters allow leads --actor 'team leads' --role internal_admin --may-approve
  rekey requesters allow deploy-pipeline --actor ci --role internal_admin --scope db/ --scope smtp/

It needs the managed policy rekey-<stage>-<region>-administrator.")]
pub struct Allow {
    /// The name of the requester: billing for the source rekey.requester.billing.
    #[arg(value_parser = Requester::parse)]
    name: Requester,
    /// Who that is, for records and events.
    #[arg(long, value_name = "TEXT")]
    actor: String,
    /// Their role. Only internal_admin may ask for anything.
    #[arg(long, value_name = "ROLE")]
    role: String,
    /// Their force counts.
    #[arg(long)]
    may_force: bool,
    /// They may approve what others ask for.
    #[arg(long)]
    may_approve: bool,
    /// Only keys and references that begin so, such as db/ or tenant.acme; may be said more than once
    /// [default: all].
    #[arg(long, value_name = "PREFIX")]
    scope: Vec<String>,
}

#[derive(Serialize)]
struct Document {
    requester: ActorView,
    before: Option<ActorView>,
}

impl Allow {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let actor = self.actor(world).await?;
        let before = world.store().actor(&actor.source).await;
        let before = before.map_err(|error| of_store(world, error))?;
        let written = world.store().put_actor(&actor).await;
        written.map_err(|error| of_write(world, error))?;
        if let Some(before) = &before {
            console.note(&format!("before: {}", in_words(before)))?;
        }
        if actor.role != ADMIN {
            console.note(&format!(
                "warning: the role {} may ask for nothing: only {ADMIN} may rotate",
                actor.role
            ))?;
        }
        if console.is_json() {
            console.json(&Document {
                requester: ActorView::of(&actor),
                before: before.as_ref().map(ActorView::of),
            })?;
        } else {
            console.line(&format!("{}: {}", self.name, in_words(&actor)))?;
        }
        if before.is_none() && !self.name.is_operators() {
            console.note(&format!(
                "infra/requester.yaml with Name={} makes the policy that lets somebody speak under this name",
                self.name
            ))?;
        }
        Ok(Exit::Ok)
    }

    async fn actor<W: World>(&self, world: &W) -> Result<Actor, Error> {
        let said =
            |option: &str, error: &dyn std::fmt::Display| Error::Usage(format!("{option} {error}"));
        // What records and events can hold.
        let name = ActorName::new(self.actor.trim()).map_err(|error| said("--actor", &error))?;
        let role = Identifier::new(self.role.trim()).map_err(|error| said("--role", &error))?;
        let stage = format!("{}/", world.stack().stage);
        for scope in &self.scope {
            if scope.starts_with(&stage) {
                let what = "--scope is the beginning of a key, and the stage is no part of a key";
                return Err(Error::Usage(what.into()));
            }
            if !is_scope(scope) {
                let what =
                    "--scope is the beginning of a key or a reference, such as db/ or tenant.acme";
                return Err(Error::Usage(what.into()));
            }
        }
        Ok(Actor {
            source: self.name.source(),
            name: name.as_str().to_owned(),
            role: role.as_str().to_owned(),
            may_force: self.may_force,
            may_approve: self.may_approve,
            scope: self.scope.clone(),
            since: world.clock().now(),
            recorded_by: world.caller().await,
        })
    }
}

/// An empty scope would be all, and that is said by leaving it out.
fn is_scope(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    !text.trim_matches(['/', '.']).is_empty() && text.chars().all(allowed)
}

fn in_words(actor: &Actor) -> String {
    format!(
        "{} ({}); may: {}; scope: {}",
        actor.name,
        actor.role,
        may(actor),
        scope(actor)
    )
}
