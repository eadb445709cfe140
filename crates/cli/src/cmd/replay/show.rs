use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::{MessageView, parked};
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::table::{Table, Text};
use crate::world::World;

/// Show one request that was set aside, and what stands in it.
///
/// What stands in it was written by whoever sent it, and was not understood: mind where you show it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey replay show 5fea7756-0ea4-451a-a703-a558b933e274
  rekey replay show 5fea7756-0ea4-451a-a703-a558b933e274 --json | jq .body.detail")]
pub struct Show {
    /// The id of the message, as rekey replay list tells it.
    id: String,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    message: MessageView<'a>,
    /// As JSON where it is, and else as text.
    body: Value,
}

impl Show {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let found = parked(world).await?;
        let message = found.messages.iter().find(|one| one.id == self.id);
        let Some(message) = message else {
            let more = found.more.then(|| {
                "there are more messages than one look brings; send some back first".to_owned()
            });
            return Err(Error::Advised {
                what: format!("no message that was set aside has the id {}", self.id),
                advice: std::iter::once("see: rekey replay list".to_owned())
                    .chain(more)
                    .collect(),
            });
        };
        let text = message.body.clone().unwrap_or_default();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        if console.is_json() {
            console.json(&Document {
                message: message.view(),
                body,
            })?;
            return Ok(Exit::Ok);
        }
        let mut page = Table::page();
        let mut add = |title: &'static str, text: Option<String>| {
            page.row([title.into(), Text::or_dash(text)]);
        };
        add("Message", Some(message.id.clone()));
        add("Parked", message.parked_at());
        add("Class", message.class.clone());
        add("Why", message.reason.clone());
        add("Received", message.received.map(|times| times.to_string()));
        console.table(&page)?;
        let body = match body {
            Value::String(text) => text,
            body => format!("{body:#}"),
        };
        console.line(&body)?;
        Ok(Exit::Ok)
    }
}
