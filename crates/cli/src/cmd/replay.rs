//! `rekey replay ...`: requests that the function set aside, because they broke the contract or could not be
//! worked on.

mod list;
mod send;
mod show;

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::functions::Functions;
use crate::moment::rfc3339;
use crate::world::{World, of_invoke};

#[derive(Debug, Subcommand)]
pub enum Replay {
    List(list::List),
    Show(show::Show),
    Send(send::Send),
}

impl Replay {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        match self {
            Self::List(list) => list.run(world, console).await,
            Self::Show(show) => show.run(world, console).await,
            Self::Send(send) => send.run(world, console).await,
        }
    }
}

/// What the job `parked` of the function that sweeps answers.
#[derive(Debug, Deserialize)]
struct Parked {
    messages: Vec<Message>,
    /// Whether there are more than it has looked at.
    #[serde(default)]
    more: bool,
}

/// A message that was set aside.
#[derive(Debug, Deserialize)]
struct Message {
    id: String,
    /// RFC 3339, or seconds since 1970.
    #[serde(default)]
    parked_at: Option<Value>,
    #[serde(default)]
    class: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    received: Option<u32>,
    #[serde(default)]
    body: Option<String>,
}

/// A message as `--json` prints it, without what stands in it.
#[derive(Serialize)]
struct MessageView<'a> {
    id: &'a str,
    parked_at: Option<String>,
    class: Option<&'a str>,
    reason: Option<&'a str>,
    received: Option<u32>,
}

impl Message {
    fn view(&self) -> MessageView<'_> {
        MessageView {
            id: &self.id,
            parked_at: self.parked_at(),
            class: self.class.as_deref(),
            reason: self.reason.as_deref(),
            received: self.received,
        }
    }

    fn parked_at(&self) -> Option<String> {
        match self.parked_at.as_ref()? {
            Value::String(text) => Some(text.clone()),
            Value::Number(at) => at.as_i64().map(rfc3339),
            _ => None,
        }
    }
}

/// What lies set aside now.
async fn parked<W: World>(world: &W) -> Result<Parked, Error> {
    job(world, &json!({ "job": "parked" })).await
}

/// Lets the function that sweeps do a job: it has the role that reads and sends messages.
async fn job<W: World, T: for<'de> Deserialize<'de>>(world: &W, job: &Value) -> Result<T, Error> {
    let function = &world.stack().sweep;
    let answer = world.functions().invoke(function, job).await;
    let answer = answer.map_err(|error| of_invoke(world, function, error))?;
    serde_json::from_value(answer).map_err(|_| {
        Error::Unavailable(format!(
            "the answer of the function {function} cannot be understood; perhaps rekey and the function are of different versions"
        ))
    })
}
