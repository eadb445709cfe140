use std::time::Duration;

use rekey_events::{OrderOutcome, RetireOrder};

use super::held;
use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::moment::{seconds, span};
use crate::order::{Answered, send_to};
use crate::world::World;

/// How often the function is asked again. Each time it looks at the target, the registry and the health
/// checks; the registry alone would not say that a session has ended.
const ASK_EVERY: Duration = Duration::from_secs(15);

/// How often the line of progress is written.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Asks again until the old credential is retired, it turns out that it is not to be, or time is out.
pub async fn until_retired<W: World>(
    world: &W,
    console: &mut Console<'_>,
    order: &RetireOrder,
    first: Answered,
    timeout: Duration,
) -> Result<Answered, Error> {
    let (clock, timeout) = (world.clock(), seconds(timeout));
    let begin = clock.now();
    let waited = || clock.now().saturating_sub(begin);
    let mut answered = first;
    let mut ask_at = seconds(ASK_EVERY);
    console.note("waiting; Ctrl-C ends the waiting, and nothing else")?;
    while *answered.outcome() == OrderOutcome::Held && waited() < timeout {
        console.progress(&held(&answered), &format!("for {}", span(waited())))?;
        clock.pause(TELL_EVERY).await;
        if waited() >= ask_at.min(timeout) {
            answered = send_to(world, &answered.function, order).await?;
            ask_at = waited().saturating_add(seconds(ASK_EVERY));
        }
    }
    Ok(answered)
}
