mod follow;
mod plan;
pub mod told;

use std::time::Duration;

use clap::Args;
use rekey_events::Timestamp;
use rekey_registry::Store;
use rekey_registry::request::{Standing, Wishes};
use serde_json::{Map, Value};

use crate::answer::{unanswered, until_answered};
use crate::ask::{self, Words};
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::find;
use crate::moment::{duration, rfc3339};
use crate::requester::Requester;
use crate::world::{World, of_store};
use told::Document;

/// How long an answer is waited for, and how long the end of a rotation.
const ANSWER: Duration = Duration::from_secs(60);
const END: Duration = Duration::from_secs(15 * 60);

/// Ask for a rotation of one secret, and wait for the answer.
///
/// The request goes to the requests bus as one event. Whether it is done is decided there: by who asks, the
/// secret's window, its approval, its last rotation and the turn of its service. This command has no say in
/// it, and shows what it will come to before it asks.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey rotate prod/db/app-primary --reason 'ticket 7' --note 'rollout 42'
  rekey rotate prod/db/app-primary --reason 'try it' --note 'rollout 42' --dry-run
  rekey rotate prod/db/app-primary --reason leaked --note 'incident 9' --force --wait --yes
  rekey rotate prod/db/app-primary --reason nightly --yes --as deploy-pipeline \\
      --window 2026-11-22T02:00:00Z/2026-11-22T04:00:00Z

The same command again is a new request.

Exit codes: 0 accepted, waiting for its approval, or planned; with --wait, rotated; 1 no answer in
time, or the rotation failed; 3 refused: no rotation began. With --force the old credential may have
been retired before that.")]
pub struct Rotate {
    /// The name, ARN or key of the secret.
    name: String,
    /// Why, for the record and the events.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The rollout that this belongs to. In production a request has this, a window, or the secret has one.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Only between these two points in time (RFC 3339).
    #[arg(long, value_name = "START/END", value_parser = window)]
    window: Option<Window>,
    /// Change nothing: make all checks, try the change at the target and take it back.
    #[arg(long)]
    dry_run: bool,
    /// Against the window, the interval and a running grace; counts if the requester may force.
    #[arg(long)]
    force: bool,
    /// The old credential may stop in the moment in which the new one begins.
    #[arg(long)]
    accept_no_overlap: bool,
    /// Wait for the end of the rotation too.
    #[arg(long)]
    wait: bool,
    /// How long to wait: 90s, 15m, 2h [default: 60s, with --wait 15m].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// Under which name to ask [env: REKEY_REQUESTER] [default: operators].
    #[arg(long = "as", value_name = "REQUESTER", value_parser = Requester::parse)]
    requester: Option<Requester>,
    /// What joins the events of one piece of work; it stands in all that come of this.
    #[arg(long, value_name = "ID")]
    correlation_id: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

/// From, and until.
#[derive(Clone, Copy, Debug)]
struct Window(i64, i64);

fn window(text: &str) -> Result<Window, String> {
    let refusal = || {
        "two points in time such as 2026-11-22T02:00:00Z/2026-11-22T04:00:00Z, the earlier first"
            .to_owned()
    };
    let (from, until) = text.split_once('/').ok_or_else(refusal)?;
    let at = |text| Timestamp::parse(text).map(Timestamp::unix);
    match (at(from), at(until)) {
        (Ok(from), Ok(until)) if from < until => Ok(Window(from, until)),
        _ => Err(refusal()),
    }
}

impl Rotate {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let state = find::registered(world, &self.name).await?;
        let name = &state.secret.name;
        let requester = self.requester.as_ref().unwrap_or(&world.stack().requester);
        let words = Words {
            reason: Some(&self.reason),
            correlation_id: self.correlation_id.as_deref(),
            metadata: self.metadata(),
        };
        // Made before anybody is asked, so that what cannot be said is told first.
        let request = ask::about(world, name, words).await?;
        for line in plan::lines(world, &state, requester, &self.wishes()).await? {
            console.note(&line)?;
        }
        if !self.yes && !self.dry_run {
            console.confirm(&format!("Ask for a rotation of {name}?"))?;
        }
        let token = ask::send(world, requester, &request, &state.secret.arn).await?;
        console.note(&format!(
            "request {token}; the same command again is a new request"
        ))?;
        let timeout = self.timeout.unwrap_or(if self.wait { END } else { ANSWER });
        let Some(mut answered) = until_answered(world, console, &token, timeout).await? else {
            return Err(unanswered(world, &token, timeout));
        };
        let mut in_time = true;
        if self.wait {
            let followed = follow::to_the_end(world, console, answered, timeout).await?;
            (answered, in_time) = (followed.request, followed.in_time);
        }
        let after = world.store().load(name).await;
        let after = after.map_err(|error| of_store(world, error))?;
        if console.is_json() {
            console.json(&Document::of(&answered, after.as_ref()))?;
        }
        match in_time {
            true => told::tell(world, console, &answered, after.as_ref()).await,
            false => Err(follow::unfinished(&answered, timeout)),
        }
    }

    /// The keys of the request's `metadata`.
    fn metadata(&self) -> Map<String, Value> {
        let yes = |name: &str, set: bool| set.then(|| (name.to_owned(), Value::Bool(true)));
        let text = |name: &str, text: Option<String>| {
            text.map(|text| (name.to_owned(), Value::String(text)))
        };
        let window = self
            .window
            .map(|Window(from, until)| format!("{}/{}", rfc3339(from), rfc3339(until)));
        [
            text("rollout_note", self.note.clone()),
            text("window", window),
            yes("dry_run", self.dry_run),
            yes("force", self.force),
            yes("accept_no_overlap", self.accept_no_overlap),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn wishes(&self) -> Wishes {
        Wishes {
            force: self.force,
            dry_run: self.dry_run,
            accept_no_overlap: self.accept_no_overlap,
            rollout_note: self.note.clone(),
            window: self.window.map(|Window(from, until)| (from, until)),
            approves: None,
        }
    }
}

/// Whether a request ended in a rotation that went well.
pub fn is_success(standing: &Standing) -> bool {
    matches!(standing, Standing::Ended { outcome, .. } if outcome == "success")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_two_ends_in_their_order() {
        let text = "2026-11-22T02:00:00Z/2026-11-22T05:00:00+01:00";
        let Window(from, until) = window(text).unwrap();
        assert_eq!(until - from, 2 * 60 * 60);
        for text in [
            "",
            "2026-11-22T02:00:00Z",
            "2026-11-22T02:00:00Z/2026-11-22T02:00:00Z",
            "2026-11-22T04:00:00Z/2026-11-22T02:00:00Z",
            "02:00/04:00",
        ] {
            assert!(window(text).is_err(), "{text}");
        }
    }
}
