use clap::Args;
use serde::Serialize;

use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::find;
use crate::moment::told;
use crate::table::{Table, Text, Tone};
use crate::view::{ConsumerView, has_moved};
use crate::world::World;

/// List the services that read one secret, and whether each has read the current version.
///
/// Reads are known from CloudTrail, when the stack was deployed with a trail and AuditReads=true.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey secrets consumers prod/db/app-primary
  rekey secrets consumers prod/db/app-primary --json | jq '.consumers[] | select(.moved == false)'")]
pub struct Consumers {
    /// The name, ARN or key of the secret.
    name: String,
}

#[derive(Serialize)]
struct Document<'a> {
    name: &'a str,
    consumers: Vec<ConsumerView>,
}

impl Consumers {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let state = find::registered(world, &self.name).await?;
        let now = world.clock().now();
        let mut consumers: Vec<_> = state.consumers.iter().collect();
        consumers.sort_by(|one, other| one.service.cmp(&other.service));
        if console.is_json() {
            let views = consumers.iter().map(|one| ConsumerView::of(&state, one));
            console.json(&Document {
                name: &state.secret.name,
                consumers: views.collect(),
            })?;
            return Ok(Exit::Ok);
        }
        let mut table = Table::new(&[
            "SERVICE",
            "LAST READ",
            "READ THE CURRENT ONE",
            "MOVED",
            "FIRST READ",
        ]);
        for consumer in &consumers {
            let moved = match has_moved(&state, consumer) {
                Some(true) => Text::toned("yes", Tone::Good),
                Some(false) => Text::toned("no", Tone::Notice),
                None => Text::or_dash(None),
            };
            table.row([
                consumer.service.as_str().into(),
                told(consumer.last_used_at, now).into(),
                Text::or_dash(consumer.last_current_read_at.map(|at| told(at, now))),
                moved,
                told(consumer.first_used_at, now).into(),
            ]);
        }
        console.table(&table)?;
        if consumers.is_empty() {
            console.note(
                "no read is known; reads come from CloudTrail, with the parameters TrailArn and AuditReads=true",
            )?;
        }
        Ok(Exit::Ok)
    }
}
