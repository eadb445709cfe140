mod wait;

use std::time::Duration;

use clap::Args;
use rekey_events::{OrderOutcome, OrderPatience, RetireOperation};
use rekey_registry::{SecretState, VersionId, What};
use serde::Serialize;
use serde_json::Value;

use crate::clock::Clock;
use crate::console::Console;
use crate::counted::counted;
use crate::error::Error;
use crate::exit::Exit;
use crate::moment::{duration, seconds, span, told};
use crate::order::{Answered, about, reason, requested_by, send};
use crate::view::VersionName;
use crate::world::World;
use crate::{find, live};

/// Retire the previous credential of a secret now, before its grace ends.
///
/// Its password is taken away at the target, its sessions are ended, a login with it must be refused, and
/// only then its version loses the label AWSPREVIOUS. While a health check fails, a known consumer has not
/// read the secret since the switch, or sessions of the old credential are open, the retirement is held:
/// nothing is changed, and it is asked for again until --timeout.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey retire prod/db/app-primary
  rekey retire prod/db/app-primary --force --reason 'leaked in a ticket' --yes
  rekey retire prod/db/app-primary --no-wait --yes --json | jq -r .outcome

Exit codes: 0 retired, or nothing to retire; 3 refused, or still held when the time was out.")]
pub struct Retire {
    /// The name, ARN or key of the secret.
    name: String,
    /// The number of the version to retire [default: the one that is AWSPREVIOUS].
    #[arg(long, value_name = "N")]
    version: Option<u32>,
    /// Wait for nobody: neither consumers, nor open sessions, nor health checks.
    #[arg(long)]
    force: bool,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who asks, for the record [default: as whom AWS knows you].
    #[arg(long, value_name = "WHO")]
    requested_by: Option<String>,
    /// When it is held, wait until it is retired [default].
    #[arg(long, overrides_with = "no_wait")]
    wait: bool,
    /// When it is held, do not wait.
    #[arg(long)]
    no_wait: bool,
    /// How long to wait: 90s, 15m, 2h.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration)]
    timeout: Duration,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    name: &'a str,
    operation: &'static str,
    #[serde(flatten)]
    version: &'a VersionName,
    outcome: &'a OrderOutcome,
    answer: &'a Value,
}

impl Retire {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let reason = self.reason.as_deref().map(reason).transpose()?;
        let state = find::registered(world, &self.name).await?;
        let Some(version) = self.version(world, &state).await? else {
            return nothing(&state, console);
        };
        let name = VersionName::of(&state, &version);
        for line in self.plan(world, &state, &version) {
            console.note(&line)?;
        }
        if !self.yes {
            console.confirm(&format!(
                "Retire {} of {}?",
                name.short(),
                state.secret.name
            ))?;
        }
        let mut order = about(world, RetireOperation::Retire, &state, &version)?;
        order.patience = Some(match self.force {
            true => OrderPatience::Forced,
            false => OrderPatience::Wait,
        });
        order.reason = reason;
        order.requested_by = requested_by(world, self.requested_by.as_deref()).await?;
        let mut answered = send(world, &state.secret.kind, &order).await?;
        if *answered.outcome() == OrderOutcome::Held && !self.no_wait {
            let timeout = self.timeout;
            answered = wait::until_retired(world, console, &order, answered, timeout).await?;
        }
        if console.is_json() {
            console.json(&Document {
                name: &state.secret.name,
                operation: "retire",
                version: &name,
                outcome: answered.outcome(),
                answer: &answered.whole,
            })?;
        }
        match answered.error() {
            Some(error) => Err(error),
            None => self.tell(console, &state.secret.name, &name, &answered),
        }
    }

    async fn version<W: World>(
        &self,
        world: &W,
        state: &SecretState,
    ) -> Result<Option<VersionId>, Error> {
        match self.version {
            Some(number) => find::numbered(state, number).map(Some),
            None => {
                let seen = live::look(world, state).await?;
                Ok(live::version_with(&seen, "AWSPREVIOUS"))
            }
        }
    }

    /// What will be done, and to whose harm.
    fn plan<W: World>(&self, world: &W, state: &SecretState, version: &VersionId) -> Vec<String> {
        let now = world.clock().now();
        let policy = &world.stack().policy;
        let named = |id: &VersionId| VersionName::of(state, id).told();
        let mut lines = vec![
            format!("Secret     {}", find::of_whom(state)),
            format!("Retire     {}", named(version)),
        ];
        if let Some(current) = &state.secret.current {
            let since = state.switched_at();
            let since = since.map_or_else(String::new, |at| format!(", since {}", told(at, now)));
            lines.push(format!("In use     {}{since}", named(current)));
        }
        let mut dues = state.dues().into_iter();
        if let Some(due) = dues.find(|due| due.what == What::Retire && due.version == *version) {
            lines.push(format!(
                "Otherwise  it is retired {}",
                told(due.due_at, now)
            ));
        }
        let behind = state.consumers_not_moved(policy, now);
        for one in &behind {
            let last = told(one.last_used_at, now);
            lines.push(format!("Not moved  {}, last read {last}", one.service));
        }
        match (behind.is_empty(), state.consumers.len()) {
            (false, _) => {}
            (true, 0) => lines.push("Readers    none is known".into()),
            (true, _) => lines.push("Readers    all have read the version in use".into()),
        }
        lines.push(match self.force {
            true => "Force      nobody is waited for: whoever still uses it is cut off".into(),
            false => {
                "Waits      for consumers that have not moved, open sessions, health checks".into()
            }
        });
        lines
    }

    fn tell(
        &self,
        console: &mut Console<'_>,
        name: &str,
        version: &VersionName,
        answered: &Answered,
    ) -> Result<Exit, Error> {
        let short = version.short();
        let line = match answered.outcome() {
            OrderOutcome::Retired => {
                let ended = answered.answer.sessions_ended.unwrap_or_default();
                let ended = counted(u64::from(ended), "session");
                format!(
                    "{short} of {name} is retired: a login with it is refused, and {ended} ended"
                )
            }
            OrderOutcome::Held => {
                console.note(&held(answered))?;
                let waited = match self.no_wait {
                    true => "it was not waited for".to_owned(),
                    false => format!("{} were not enough", span(seconds(self.timeout))),
                };
                console.note(&format!("  nothing was changed; {waited}"))?;
                console.note(
                    "  its own deadline stands: it is retired by that, or ask again with --force",
                )?;
                return Ok(Exit::Refused);
            }
            OrderOutcome::AlreadyDone | OrderOutcome::Void => {
                format!("nothing to retire: {}", answered.answer.message)
            }
            other => {
                let message = &answered.answer.message;
                return Err(Error::Unavailable(format!("{other}: {message}")));
            }
        };
        if !console.is_json() {
            console.line(&line)?;
        }
        Ok(Exit::Ok)
    }
}

/// Why a retirement is held.
fn held(answered: &Answered) -> String {
    let causes = answered.answer.causes.iter().flatten();
    let causes: Vec<_> = causes.map(|cause| cause.as_str()).collect();
    format!("held ({}): {}", causes.join(", "), answered.answer.message)
}

fn nothing(state: &SecretState, console: &mut Console<'_>) -> Result<Exit, Error> {
    let name = &state.secret.name;
    let why = format!("no version of {name} is AWSPREVIOUS");
    if console.is_json() {
        console.json(&serde_json::json!({
            "name": name,
            "operation": "retire",
            "version": null,
            "version_id": null,
            "outcome": OrderOutcome::Void,
            "answer": null,
        }))?;
    } else {
        console.line(&format!("nothing to retire: {why}"))?;
    }
    Ok(Exit::Ok)
}
