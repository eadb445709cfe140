use std::time::Duration;

use clap::Args;
use rekey_registry::VersionId;
use rekey_registry::request::{Refusal, Request, Standing};
use serde::Serialize;
use serde_json::{Map, Value};

use super::show::{lines, state_of};
use super::with_id;
use crate::answer::{request, unanswered, until_answered};
use crate::ask::{self, Words};
use crate::clock::Clock;
use crate::cmd::rotate::told::refused;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::moment::{duration, seconds, span, told};
use crate::requester::Requester;
use crate::view::{RequestView, in_words};
use crate::world::World;

/// Approve a rotation that somebody else asked for.
///
/// The approval is itself a request on the requests bus, under the name of a requester who may approve.
/// Nobody approves their own. While time alone is in the way, such as a window that is closed, an approval
/// is refused, and the request goes on waiting.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey requests list --standing awaiting_approval
  rekey requests approve 81b00c56-bab7-5f69-b565-f58ef884554e --as leads

Exit codes: 0 approved, and the rotation goes on; 1 no answer in time; 3 refused: the approval, or
what it approved.")]
pub struct Approve {
    /// The id of the request that waits.
    id: String,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Under which name to approve [env: REKEY_REQUESTER] [default: operators].
    #[arg(long = "as", value_name = "REQUESTER", value_parser = Requester::parse)]
    requester: Option<Requester>,
    /// How long to wait for the answer: 90s, 15m.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    timeout: Duration,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document {
    approval: RequestView,
    request: RequestView,
}

impl Approve {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let waiting = with_id(world, &self.id).await?;
        let id = &waiting.token;
        let Some(name) = waiting.secret.as_deref().or(waiting.key.as_deref()) else {
            return Err(not_waiting(&waiting));
        };
        let requester = self.requester.as_ref().unwrap_or(&world.stack().requester);
        let approves = ("approves".to_owned(), Value::String(id.as_str().to_owned()));
        let words = Words {
            reason: self.reason.as_deref(),
            correlation_id: None,
            metadata: Map::from_iter([approves]),
        };
        let approval = ask::about(world, name, words).await?;
        let state = state_of(world, &waiting).await?;
        for (title, text) in lines(&waiting, state.as_ref(), world.clock().now()) {
            console.note(&format!("{title:<12}  {text}"))?;
        }
        if !self.yes {
            console.confirm(&format!("Approve this as {requester}?"))?;
        }
        let resource = waiting.arn.as_deref().unwrap_or(name);
        let token = ask::send(world, requester, &approval, resource).await?;
        let answered = until_answered(world, console, &token, self.timeout).await?;
        let Some(answered) = answered else {
            return Err(unanswered(world, &token, self.timeout));
        };
        // Whether what was approved may be done now is another question, with an answer of its own.
        let (waiting, in_time) = match &answered.standing {
            Standing::Approved { .. } => {
                let followed = until_answered(world, console, id, self.timeout).await?;
                let in_time = followed.is_some();
                (followed.unwrap_or_else(|| waiting.clone()), in_time)
            }
            _ => (request(world, id).await?.unwrap_or(waiting.clone()), true),
        };
        let now = world.clock().now();
        if console.is_json() {
            console.json(&Document {
                approval: RequestView::of(&answered),
                request: RequestView::of(&waiting),
            })?;
        }
        match &answered.standing {
            Standing::Approved { .. } if !in_time => Err(Error::Advised {
                what: format!(
                    "the request {id} is approved, and was not gone on with after {}",
                    span(seconds(self.timeout))
                ),
                advice: vec![
                    "the approval stands, and need not be given again".into(),
                    format!("what became of it: rekey requests show {id}"),
                ],
            }),
            Standing::Approved { .. } => match &waiting.standing {
                Standing::Refused(refusal) => Err(refused_after_all(id, refusal, now)),
                standing => {
                    if !console.is_json() {
                        let is = in_words(standing);
                        console.line(&format!("approved: the request {id} goes on; it is {is}"))?;
                    }
                    console.note(&format!("its end: rekey requests show {id}"))?;
                    Ok(Exit::Ok)
                }
            },
            Standing::Refused(refusal) => Err(not_approved(&waiting, refusal, now)),
            standing => Err(Error::Unavailable(format!(
                "the approval {token} is {}, which approves nothing; perhaps rekey and the stack are of different versions",
                standing.as_str()
            ))),
        }
    }
}

/// The approval was taken, and what it approved may not be done all the same.
fn refused_after_all(id: &VersionId, refusal: &Refusal, now: i64) -> Error {
    match refused(refusal, now) {
        Error::Refused {
            class,
            message,
            advice,
        } => Error::Refused {
            class,
            message: format!("the request {id} was approved, and refused after that: {message}"),
            advice,
        },
        other => other,
    }
}

/// The approval was not taken. What it was for may wait on.
fn not_approved(waiting: &Request, refusal: &Refusal, now: i64) -> Error {
    let mut error = refused(refusal, now);
    if let (Error::Refused { advice, .. }, Standing::AwaitingApproval { until }) =
        (&mut error, &waiting.standing)
    {
        let id = &waiting.token;
        advice.push(format!(
            "the request {id} waits for its approval still, until {}",
            told(*until, now)
        ));
    }
    error
}

/// One that names no secret was never one that waits.
fn not_waiting(request: &Request) -> Error {
    Error::Refused {
        class: "invalid_request".into(),
        message: format!(
            "the request {} waits for nobody: it is {}",
            request.token,
            in_words(&request.standing)
        ),
        advice: vec!["see: rekey requests list --standing awaiting_approval".into()],
    }
}
