//! What the stack answers to a request: its record, which is there a few seconds later.

use std::time::Duration;

use rekey_registry::VersionId;
use rekey_registry::request::{Request, Requests, Standing};

use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::moment::{seconds, span};
use crate::world::{World, of_store};

/// How often the record is asked for.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// How long an acceptance is given to become a rotation, before it is told as it is.
const SETTLES: i64 = 5;

/// The record of a request.
///
/// # Errors
/// [`Error`] of the registry.
pub async fn request<W: World>(world: &W, token: &VersionId) -> Result<Option<Request>, Error> {
    let found = world.store().request(token).await;
    found.map_err(|error| of_store(world, error))
}

/// Waits until a request is answered. None when time is out.
///
/// # Errors
/// [`Error`] of the registry.
pub async fn until_answered<W: World>(
    world: &W,
    console: &mut Console<'_>,
    token: &VersionId,
    timeout: Duration,
) -> Result<Option<Request>, Error> {
    let clock = world.clock();
    let begin = clock.now();
    loop {
        let found = request(world, token).await?;
        let now = clock.now();
        let waited = now.saturating_sub(begin);
        let is_late = waited >= seconds(timeout);
        match found {
            Some(request) if is_answer(&request, now) || is_late => {
                return Ok(Some(request).filter(|one| open(one).is_none()));
            }
            None if is_late => return Ok(None),
            found => {
                let what = found.as_ref().and_then(open);
                console.progress(what.unwrap_or("waiting for the answer"), &span(waited))?;
            }
        }
        clock.pause(ASK_EVERY).await;
    }
}

/// What is waited for by a request that has no answer yet: a dry run that is not done, one whose approval was
/// not gone on with.
const fn open(request: &Request) -> Option<&'static str> {
    match &request.standing {
        Standing::Rehearsing { .. } => Some("the target is asked"),
        Standing::AwaitingApproval { .. } if request.approved_by.is_some() => {
            Some("approved; whether it may be done now is judged")
        }
        _ => None,
    }
}

const fn is_answer(request: &Request, now: i64) -> bool {
    match &request.standing {
        Standing::Accepted { at } => now.saturating_sub(*at) >= SETTLES,
        _ => open(request).is_none(),
    }
}

/// What to look at when no answer has come.
pub fn unanswered<W: World>(world: &W, token: &VersionId, timeout: Duration) -> Error {
    let function = &world.stack().request;
    Error::Advised {
        what: format!(
            "no answer to the request {token} after {}",
            span(seconds(timeout))
        ),
        advice: vec![
            "the request is not lost: the bus has taken it, and it is answered when its turn comes"
                .into(),
            format!("the bus was {} in {}", world.stack().bus, world.region()),
            format!("its answer: rekey requests show {token}"),
            format!(
                "what could not be understood: rekey replay list (the queue {function}-dead-letters)"
            ),
            format!("how many wait: the queue {function}; why: the log /aws/lambda/{function}"),
        ],
    }
}
