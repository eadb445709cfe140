use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use rekey_registry::{SecretState, Store};
use serde::Serialize;

use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::find;
use crate::moment::told;
use crate::table::{Table, Text};
use crate::view::{SecretView, Standing};
use crate::world::{World, of_store};

/// How many records are read at once.
const AT_ONCE: usize = 16;

/// List the registered secrets: which version, how it stands, when it was rotated, who reads it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey secrets list
  rekey secrets list --state held,stuck,overdue
  rekey secrets list --owner payments --json | jq -r '.secrets[].name'")]
pub struct List {
    /// Only secrets of this kind, such as postgres.
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only secrets that this owner looks after.
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// Only secrets that stand so; several with commas.
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    state: Vec<Standing>,
    /// Only secrets that this service reads.
    #[arg(long, value_name = "SERVICE")]
    consumer: Option<String>,
    /// Only secrets whose name begins so.
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
}

#[derive(Serialize)]
struct Document {
    secrets: Vec<SecretView>,
}

impl List {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let now = world.clock().now();
        let policy = &world.stack().policy;
        let states = self.states(world).await?;
        let views = states.iter().filter_map(|state| {
            let view = SecretView::of(state, policy, now);
            self.wants(&view, state).then_some((state, view))
        });
        let found: Vec<_> = views.collect();
        if console.is_json() {
            let secrets = found.into_iter().map(|(_, view)| view).collect();
            console.json(&Document { secrets })?;
            return Ok(Exit::Ok);
        }
        let mut table = Table::new(&[
            "NAME",
            "KIND",
            "OWNER",
            "VERSION",
            "STATE",
            "ROTATED",
            "CONSUMERS",
        ]);
        for (state, view) in &found {
            let number = view.current.as_ref().and_then(|current| current.version);
            let not_moved = view.consumers_not_moved.len();
            let consumers = match (state.consumers.len(), not_moved) {
                (all, 0) => all.to_string(),
                (all, behind) => format!("{all}, {behind} not moved"),
            };
            table.row([
                view.name.as_str().into(),
                view.kind.as_str().into(),
                Text::or_dash(view.owner.clone()),
                Text::or_dash(number.map(|number| number.to_string())),
                Text::toned(view.state.as_str(), view.state.tone()),
                Text::or_dash(state.secret.last_rotated.map(|at| told(at, now))),
                consumers.into(),
            ]);
        }
        console.table(&table)?;
        if found.is_empty() {
            console.note(&self.nothing(world, states.len()))?;
        }
        Ok(Exit::Ok)
    }

    async fn states<W: World>(&self, world: &W) -> Result<Vec<SecretState>, Error> {
        let names = find::names(world, usize::MAX).await?;
        let prefix = self.prefix.as_deref().unwrap_or_default();
        let wanted = names.into_iter().filter(|name| name.starts_with(prefix));
        let records = stream::iter(wanted)
            .map(|name| async move { world.store().load(&name).await })
            .buffered(AT_ONCE)
            // One that was dropped between the two reads is not there.
            .try_filter_map(async |found| Ok(found));
        let states = records.try_collect().await;
        states.map_err(|error| of_store(world, error))
    }

    fn wants(&self, view: &SecretView, state: &SecretState) -> bool {
        let is = |wanted: &Option<String>, there: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| there == Some(wanted))
        };
        let reads = |wanted: &String| state.consumers.iter().any(|one| one.service == *wanted);
        is(&self.kind, Some(&view.kind))
            && is(&self.owner, view.owner.as_deref())
            && (self.state.is_empty() || self.state.contains(&view.state))
            && self.consumer.as_ref().is_none_or(reads)
    }

    fn nothing<W: World>(&self, world: &W, looked_at: usize) -> String {
        match looked_at {
            0 => format!(
                "no secret is registered in the stage {}; one registers itself by its tag rekey:owner",
                world.stack().stage
            ),
            all => format!("none of {all} registered secrets is like that"),
        }
    }
}
