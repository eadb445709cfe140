//! What became of a request, in sentences or as a document.

use rekey_registry::request::{Actor, Checked, Planned, Refusal, Request, Requests, Standing};
use rekey_registry::{SecretState, Version, VersionId, What};
use serde::Serialize;

use super::is_success;
use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::moment::{rfc3339, told};
use crate::requester::name_of;
use crate::table::{Table, Text, Tone};
use crate::view::{RequestView, VersionName};
use crate::world::{World, of_store};

/// What `--json` prints of a request.
#[derive(Serialize)]
pub struct Document {
    request: RequestView,
    /// The version that it made, or that of the rotation that superseded it.
    version: Option<VersionName>,
    /// What was current before that, and until when it works.
    previous: Option<VersionName>,
    previous_until: Option<String>,
}

impl Document {
    pub fn of(request: &Request, state: Option<&SecretState>) -> Self {
        let made = state.and_then(|state| made(request, state));
        let old = state
            .filter(|_| is_success(&request.standing))
            .and_then(|state| old(state, made.as_ref()?));
        let name = |id: &VersionId| Some(VersionName::of(state?, id));
        Self {
            request: RequestView::of(request),
            version: made.as_ref().and_then(name),
            previous: old.as_ref().and_then(|(id, _)| name(id)),
            previous_until: old.and_then(|(_, until)| until).map(rfc3339),
        }
    }
}

/// The version that a request made, as far as the registry has seen it.
pub fn made(request: &Request, state: &SecretState) -> Option<VersionId> {
    let noted = state.secret.requests.iter();
    let noted = noted
        .filter(|one| one.token == request.token)
        .find_map(|one| one.superseded_by.clone());
    let id = match &request.standing {
        Standing::Superseded { by, .. } => by.clone(),
        _ => noted.unwrap_or_else(|| request.token.clone()),
    };
    state.versions.contains_key(&id).then_some(id)
}

/// The version that `made` replaced, and until when its credential works.
fn old(state: &SecretState, made: &VersionId) -> Option<(VersionId, Option<i64>)> {
    let id = state.versions.get(made)?.rotated_from.clone()?;
    let mut dues = state.dues().into_iter();
    let due = dues.find(|due| due.what == What::Retire && due.version == id);
    Some((id, due.map(|due| due.promised)))
}

/// Tells what a request has come to.
///
/// # Errors
/// What was refused, and a rotation that did not succeed.
pub async fn tell<W: World>(
    world: &W,
    console: &mut Console<'_>,
    request: &Request,
    state: Option<&SecretState>,
) -> Result<Exit, Error> {
    let now = world.clock().now();
    let name = request.secret.as_deref().or(request.key.as_deref());
    let name = name.unwrap_or("the secret");
    let id = &request.token;
    match &request.standing {
        Standing::Refused(refusal) => {
            checks(console, &refusal.checks)?;
            Err(refused(refusal, now))
        }
        Standing::Ended {
            outcome,
            class,
            message,
            ..
        } => match is_success(&request.standing) {
            true => say(console, &[rotated(request, name, state, now)]),
            false => Err(failed(name, outcome, class.as_deref(), message.as_deref())),
        },
        Standing::AwaitingApproval { until } => {
            let actors = world.store().actors().await;
            let actors = actors.map_err(|error| of_store(world, error))?;
            say(console, &awaiting(request, &actors, *until, now))
        }
        Standing::Planned {
            checks: made,
            steps: planned,
            ..
        } => {
            checks(console, made)?;
            steps(console, planned)?;
            let line =
                format!("planned: a rotation of {name} would be done so; nothing was changed");
            say(console, &[line])
        }
        Standing::Superseded { by, .. }
            if state.is_some_and(|it| it.secret.current.as_ref() == Some(by)) =>
        {
            say(console, &[rotated(request, name, state, now)])
        }
        Standing::Superseded { by, .. } => {
            let by = state.map_or_else(
                || format!("version {by}"),
                |state| VersionName::of(state, by).told(),
            );
            let line = format!(
                "superseded: Secrets Manager took up an older rotation of {name} that was open, {by}; how that ends, this ends"
            );
            say(console, &[line])
        }
        Standing::Approved { request } => say(console, &[format!("approved: request {request}")]),
        going_on => {
            let how = match going_on {
                Standing::Retiring { .. } => "the old credential is retired first, then it begins",
                Standing::Rotating { .. } => "Secrets Manager has begun",
                _ => "RotateSecret is called in its turn",
            };
            let who = who(request);
            let line = format!("accepted: the rotation of {name} that {who} asked for; {how}");
            let end = say(console, &[line, services(request)])?;
            console.note(&format!("its end: rekey requests show {id}"))?;
            Ok(end)
        }
    }
}

fn say(console: &mut Console<'_>, lines: &[String]) -> Result<Exit, Error> {
    if !console.is_json() {
        for line in lines {
            console.line(line)?;
        }
    }
    Ok(Exit::Ok)
}

/// `anna (internal_admin)`, or the source.
pub fn who(request: &Request) -> String {
    match (&request.actor, &request.role) {
        (Some(actor), Some(role)) => format!("{actor} ({role})"),
        _ => name_of(&request.source).to_owned(),
    }
}

fn services(request: &Request) -> String {
    let impact = request.impact.as_ref();
    let services = impact.map(|impact| {
        let names = impact.consumers.iter().map(|one| one.service.as_str());
        (names.collect::<Vec<_>>(), impact.more_consumers)
    });
    match services {
        None => "affected: not recorded".to_owned(),
        Some((names, _)) if names.is_empty() => "affected: no service is known to read it".into(),
        Some((names, 0)) => format!("affected: {}", names.join(", ")),
        Some((names, more)) => format!("affected: {} and {more} more", names.join(", ")),
    }
}

fn rotated(request: &Request, name: &str, state: Option<&SecretState>, now: i64) -> String {
    let found = state.and_then(|state| Some((state, made(request, state)?)));
    let Some((state, made)) = found else {
        return format!("{name} is rotated");
    };
    let new = VersionName::of(state, &made).told();
    let old = match old(state, &made) {
        Some((id, Some(until))) => {
            let old = VersionName::of(state, &id).short();
            format!("; {old} works too, until {}", told(until, now))
        }
        Some((id, None)) if works_no_more(state, &id) => {
            let old = VersionName::of(state, &id).short();
            format!("; {old} works no more")
        }
        _ => String::new(),
    };
    format!("{name} is rotated: {new} is AWSCURRENT{old}")
}

fn works_no_more(state: &SecretState, id: &VersionId) -> bool {
    let is_dead = state.versions.get(id).is_some_and(Version::is_dead);
    is_dead || state.secret.overlap() == Some(false)
}

/// Who can do what about a request that waits.
fn awaiting(request: &Request, actors: &[Actor], until: i64, now: i64) -> Vec<String> {
    let id = &request.token;
    let may = actors.iter().filter(|actor| {
        actor.may_approve
            && actor.source != request.source
            && Some(&actor.name) != request.actor.as_ref()
            && request
                .key
                .as_ref()
                .is_none_or(|key| actor.may_ask_for(key))
    });
    let may: Vec<_> = may
        .map(|actor| format!("{} (--as {})", actor.name, name_of(&actor.source)))
        .collect();
    let by = match may.as_slice() {
        [] => {
            "nobody is recorded who may: rekey requesters allow NAME ... --may-approve".to_owned()
        }
        may => may.join(", "),
    };
    vec![
        format!(
            "request {id} waits for its approval, until {}",
            told(until, now)
        ),
        format!("who may approve: {by}"),
        format!("how: rekey requests approve {id} --as ..."),
    ]
}

/// What was looked at in a dry run.
pub fn checks(console: &mut Console<'_>, checks: &[Checked]) -> Result<(), Error> {
    if checks.is_empty() || console.is_json() {
        return Ok(());
    }
    let mut table = Table::new(&["CHECK", "RESULT", "WHY"]);
    for check in checks {
        let tone = match check.result.as_str() {
            "passed" => Tone::Good,
            "failed" => Tone::Bad,
            _ => Tone::Plain,
        };
        let why = match (&check.class, &check.message) {
            (Some(class), Some(message)) => Some(format!("{class}: {message}")),
            (class, message) => message.clone().or_else(|| class.clone()),
        };
        table.row([
            check.name.as_str().into(),
            Text::toned(&check.result, tone),
            Text::or_dash(why),
        ]);
    }
    console.table(&table)
}

/// What each step would do.
pub fn steps(console: &mut Console<'_>, steps: &[Planned]) -> Result<(), Error> {
    if steps.is_empty() || console.is_json() {
        return Ok(());
    }
    let mut table = Table::new(&["STEP", "WHAT IT WOULD DO"]);
    for step in steps {
        table.row([step.step.as_str().into(), step.message.as_str().into()]);
    }
    console.table(&table)
}

/// A refusal, with what to do and when the same may succeed.
pub fn refused(refusal: &Refusal, now: i64) -> Error {
    let again = refusal.retry_at;
    let again = again.map(|at| format!("the same may be accepted {}", told(at, now)));
    Error::Refused {
        class: refusal.class.clone(),
        message: refusal.message.clone(),
        advice: std::iter::once(refusal.advice.clone())
            .chain(again)
            .collect(),
    }
}

fn failed(name: &str, outcome: &str, class: Option<&str>, message: Option<&str>) -> Error {
    let class = class.map_or_else(String::new, |class| format!(" ({class})"));
    let message = message.map_or_else(String::new, |message| format!(": {message}"));
    Error::Advised {
        what: format!("the rotation of {name} ended with {outcome}{class}{message}"),
        advice: vec![format!("what is the matter with it: rekey doctor {name}")],
    }
}
