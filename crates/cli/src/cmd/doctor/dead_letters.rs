use rekey_registry::Severity;
use serde::Serialize;

use crate::console::Console;
use crate::counted::counted;
use crate::error::Error;
use crate::queues::{QueueError, Queues};
use crate::view::FindingView;
use crate::world::{Allowed, World, denied};

/// How much lies in a dead-letter queue.
#[derive(Serialize)]
pub struct Waiting {
    queue: String,
    messages: u64,
}

impl Waiting {
    /// What that means, if there is anything.
    pub fn finding(&self) -> Option<FindingView> {
        let Self { queue, messages } = self;
        (*messages > 0).then(|| {
            FindingView::apart(
                format!("queue {queue}"),
                Severity::Warning,
                "parked",
                format!(
                    "{} that could not be worked on in {queue}",
                    counted(*messages, "message")
                ),
                advice(queue).into(),
            )
        })
    }
}

fn advice(queue: &str) -> &'static str {
    if queue.ends_with("-request-dead-letters") {
        return "see why with `rekey replay list`, mend that, and send them back with `rekey replay send`";
    }
    if queue.ends_with("-audit-dead-letters") {
        return "read why in the function's log, mend that, and replay the bus's archive to the rule, which alone may \
                send to the audit queue (docs/runbooks/audit-dead-letters-waiting.md)";
    }
    "read why in the function's log, mend that, and start a redrive (aws sqs start-message-move-task)"
}

/// Counts what lies in the dead-letter queues. That one cannot be looked at is said, and is no failure.
pub async fn dead_letters<W: World>(
    world: &W,
    console: &mut Console<'_>,
) -> Result<Vec<Waiting>, Error> {
    let mut found = Vec::new();
    for queue in &world.stack().dead_letters {
        match world.queues().waiting(queue).await {
            Ok(Some(messages)) => found.push(Waiting {
                queue: queue.clone(),
                messages,
            }),
            // A stack without that function.
            Ok(None) => {}
            Err(QueueError::Denied(what)) => {
                console.failure(&denied(
                    world,
                    format!("counting dead letters ({what})"),
                    Allowed::Reader,
                ))?;
                return Ok(found);
            }
            Err(QueueError::Unavailable(why)) => {
                console.note(&format!("{queue} was not looked at: {why}"))?;
            }
        }
    }
    Ok(found)
}
