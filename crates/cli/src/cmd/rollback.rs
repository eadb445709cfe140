use clap::Args;
use rekey_events::{OrderOutcome, RetireOperation};
use rekey_registry::{SecretState, Version, VersionId};
use serde::Serialize;
use serde_json::Value;

use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::moment::told;
use crate::order::{Answered, about, reason, requested_by, send, token};
use crate::view::VersionName;
use crate::world::World;
use crate::{find, live};

/// Bring the previous credential of a secret back.
///
/// The credential is made valid again at the target and logs in, then AWSCURRENT moves back to it, and the
/// deadline by which it would have been retired is taken away. What is rolled back from works on until its
/// own grace ends.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey rollback prod/db/app-primary --reason 'the new role lacks a grant'
  rekey rollback prod/db/app-primary --to 3 --reason 'version 4 was bad too' --yes

Exit codes: 0 rolled back, also when it was so before; 3 refused, and nothing was changed.")]
pub struct Rollback {
    /// The name, ARN or key of the secret.
    name: String,
    /// Why, for the record and the event.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The number of the version to bring back [default: the one that was current before].
    #[arg(long, value_name = "N")]
    to: Option<u32>,
    /// Who asks, for the record [default: as whom AWS knows you].
    #[arg(long, value_name = "WHO")]
    requested_by: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    name: &'a str,
    operation: &'static str,
    from: &'a VersionName,
    to: &'a VersionName,
    outcome: &'a OrderOutcome,
    answer: &'a Value,
}

impl Rollback {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let reason = reason(&self.reason)?;
        let state = find::registered(world, &self.name).await?;
        let name = &state.secret.name;
        let (from, to) = self.versions(world, &state).await?;
        let of = |id: &VersionId| VersionName::of(&state, id);
        let names = (of(&from), of(&to));
        for line in plan(world, &state, &names) {
            console.note(&line)?;
        }
        if !self.yes {
            let (from, to) = (names.0.short(), names.1.short());
            console.confirm(&format!("Roll {name} back from {from} to {to}?"))?;
        }
        let mut order = about(world, RetireOperation::RollBack, &state, &to)?;
        order.from_version = Some(token(&state, &from)?);
        order.reason = Some(reason);
        order.requested_by = requested_by(world, self.requested_by.as_deref()).await?;
        let answered = send(world, &state.secret.kind, &order).await?;
        if console.is_json() {
            console.json(&Document {
                name,
                operation: "roll_back",
                from: &names.0,
                to: &names.1,
                outcome: answered.outcome(),
                answer: &answered.whole,
            })?;
        }
        match answered.error() {
            Some(error) => Err(error),
            None => tell(console, name, &names.1, &answered),
        }
    }

    /// From where AWSCURRENT is at this moment, to the version that was current before it.
    async fn versions<W: World>(
        &self,
        world: &W,
        state: &SecretState,
    ) -> Result<(VersionId, VersionId), Error> {
        let name = &state.secret.name;
        let refused = |message: String| Error::Refused {
            class: "invalid_request".into(),
            message,
            advice: Vec::new(),
        };
        let seen = live::look(world, state).await?;
        let from = live::version_with(&seen, "AWSCURRENT")
            .ok_or_else(|| refused(format!("no version of {name} is AWSCURRENT")))?;
        if let Some(number) = self.to {
            return Ok((from, find::numbered(state, number)?));
        }
        // A rollback that was begun and is not known to have ended: asked for again, it is finished, and not
        // followed by another one that would bring the bad version back.
        let last = state.secret.rollbacks.last();
        let open = last.filter(|it| it.done_at.is_none() && (it.to == from || it.from == from));
        if let Some(open) = open {
            return Ok((open.from.clone(), open.to.clone()));
        }
        // After the grace nothing is AWSPREVIOUS any more, but the record knows.
        let before = |id: &VersionId| state.versions.get(id)?.rotated_from.clone();
        let to = live::version_with(&seen, "AWSPREVIOUS").or_else(|| before(&from));
        let to = to.ok_or_else(|| {
            refused(format!(
                "no version of {name} is known to have been current before; \
                 name one with --to (see: rekey secrets versions {name})"
            ))
        })?;
        let was_left = |version: &Version| {
            let mut rollbacks = state.secret.rollbacks.iter();
            version.rolled_back.is_some() || rollbacks.any(|it| it.from == version.id)
        };
        match state.versions.get(&to) {
            Some(version) if was_left(version) => Err(refused(format!(
                "version {0} of {name} was itself rolled back; if it is wanted all the same, say --to {0}",
                version.number
            ))),
            _ => Ok((from, to)),
        }
    }
}

/// What will be done, and who will notice.
fn plan<W: World>(
    world: &W,
    state: &SecretState,
    (from, to): &(VersionName, VersionName),
) -> Vec<String> {
    let now = world.clock().now();
    let since = state.switched_at();
    let since = since.map_or_else(String::new, |at| format!(", since {}", told(at, now)));
    let stands = to.version.and_then(|number| state.numbered(number));
    let stands = stands.map_or_else(String::new, |version| format!(", {}", version.state));
    let services: Vec<_> = state
        .consumers
        .iter()
        .map(|one| one.service.as_str())
        .collect();
    vec![
        format!("Secret     {}", find::of_whom(state)),
        format!("From       {}{since}", from.told()),
        format!("To         {}{stands}", to.told()),
        match services.as_slice() {
            [] => "Readers    none is known".into(),
            services => format!(
                "Readers    {}: each gets {} with its next read",
                services.join(", "),
                to.short()
            ),
        },
    ]
}

fn tell(
    console: &mut Console<'_>,
    name: &str,
    to: &VersionName,
    answered: &Answered,
) -> Result<Exit, Error> {
    let short = to.short();
    let line = match answered.outcome() {
        OrderOutcome::RolledBack => {
            let how = match answered.answer.restored {
                Some(true) => "it was made valid again at the target, and logs in",
                _ => "it logs in",
            };
            format!("{name} is rolled back: {short} is AWSCURRENT; {how}")
        }
        OrderOutcome::AlreadyDone => format!("{short} of {name} was AWSCURRENT before"),
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
