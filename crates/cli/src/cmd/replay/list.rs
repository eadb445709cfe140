use clap::Args;
use serde::Serialize;

use super::{Message, MessageView, parked};
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::table::{Table, Text};
use crate::world::World;

/// List the requests that were set aside: since when, and what was wrong with them.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey replay list
  rekey replay list --json | jq -r '.messages[] | select(.class == \"invalid_request\") | .id'")]
pub struct List {}

#[derive(Serialize)]
struct Document<'a> {
    messages: Vec<MessageView<'a>>,
    more: bool,
}

impl List {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let found = parked(world).await?;
        if console.is_json() {
            console.json(&Document {
                messages: found.messages.iter().map(Message::view).collect(),
                more: found.more,
            })?;
            return Ok(Exit::Ok);
        }
        let mut table = Table::new(&["ID", "PARKED", "CLASS", "WHY"]);
        for message in &found.messages {
            table.row([
                message.id.as_str().into(),
                Text::or_dash(message.parked_at()),
                Text::or_dash(message.class.clone()),
                Text::or_dash(message.reason.clone()),
            ]);
        }
        console.table(&table)?;
        if found.messages.is_empty() {
            console.note("no request was set aside")?;
        }
        if found.more {
            console.note("there are more than these")?;
        }
        Ok(Exit::Ok)
    }
}
