use clap::Args;
use rekey_registry::SecretState;
use rekey_registry::Store;
use rekey_registry::request::{Request, Standing};
use serde_json::Value;

use super::with_id;
use crate::clock::Clock;
use crate::cmd::rotate::told::{Document, checks, made, steps};
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::moment::told;
use crate::table::{Table, Text};
use crate::view::{VersionName, affected, in_words, since, tone_of_standing};
use crate::world::{World, of_store};

/// Show everything that is recorded of one request.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey requests show 81b00c56-bab7-5f69-b565-f58ef884554e
  rekey requests show 81b00c56-bab7-5f69-b565-f58ef884554e --json | jq -r .request.standing")]
pub struct Show {
    /// The id of the request, as rekey rotate and the events tell it.
    id: String,
}

impl Show {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let request = with_id(world, &self.id).await?;
        let state = state_of(world, &request).await?;
        if console.is_json() {
            console.json(&Document::of(&request, state.as_ref()))?;
            return Ok(Exit::Ok);
        }
        let standing = &request.standing;
        let now = world.clock().now();
        let mut page = Table::page();
        page.row(["Request".into(), request.token.as_str().into()]);
        page.row([
            "Standing".into(),
            Text::toned(&in_words(standing), tone_of_standing(standing)),
        ]);
        for (title, text) in lines(&request, state.as_ref(), now) {
            page.row([title.into(), text.into()]);
        }
        console.table(&page)?;
        match standing {
            Standing::Planned {
                checks: made,
                steps: planned,
                ..
            } => {
                checks(console, made)?;
                steps(console, planned)?;
            }
            Standing::Refused(refusal) => checks(console, &refusal.checks)?,
            _ => {}
        }
        Ok(Exit::Ok)
    }
}

/// The record of the secret that a request is for, if it is known to be one.
pub async fn state_of<W: World>(
    world: &W,
    request: &Request,
) -> Result<Option<SecretState>, Error> {
    match &request.secret {
        Some(name) => {
            let found = world.store().load(name).await;
            found.map_err(|error| of_store(world, error))
        }
        None => Ok(None),
    }
}

/// The lines under the id and the standing. What there is nothing to say about is left out.
pub fn lines(
    request: &Request,
    state: Option<&SecretState>,
    now: i64,
) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let mut add = |title: &'static str, text: Option<String>| {
        lines.extend(text.map(|text| (title, text)));
    };
    let standing = &request.standing;
    let wishes = &request.wishes;
    add("Since", since(standing).map(|at| told(at, now)));
    what_now(standing, now)
        .into_iter()
        .for_each(|(title, text)| add(title, Some(text)));
    add(
        "Secret",
        request.secret.clone().or_else(|| request.key.clone()),
    );
    add(
        "Version",
        state.and_then(|state| Some(VersionName::of(state, &made(request, state)?).told())),
    );
    add("Asked by", Some(asked_by(request)));
    add("As they say", request.claimed_by.clone());
    add("Reason", request.reason.clone());
    add("Rollout note", wishes.rollout_note.clone());
    let window = wishes.window;
    add(
        "Only",
        window.map(|(from, until)| format!("from {} until {}", told(from, now), told(until, now))),
    );
    add("Wishes", wished(request));
    add(
        "Approves",
        wishes.approves.as_ref().map(|id| id.as_str().to_owned()),
    );
    add("Approved by", request.approved_by.clone());
    add("Made", Some(told(request.asked_at, now)));
    add("Came", Some(told(request.received_at, now)));
    for (name, value) in &request.correlation {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        add("Correlation", Some(format!("{name}: {text}")));
    }
    if let Some(impact) = &request.impact {
        lines.extend(affected(impact, now));
    }
    lines
}

fn asked_by(request: &Request) -> String {
    let source = &request.source;
    match (&request.actor, &request.role) {
        (Some(actor), Some(role)) => format!("{actor} ({role}), {source}"),
        _ => format!("{source}, for whom nobody is recorded"),
    }
}

fn wished(request: &Request) -> Option<String> {
    let wishes = &request.wishes;
    let force = match request.forced {
        true => "force",
        false => "force, which does not count: the actor may not",
    };
    let words: Vec<_> = [
        wishes.force.then_some(force),
        wishes.dry_run.then_some("dry run"),
        wishes.accept_no_overlap.then_some("no overlap is needed"),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// What a standing says beside its name.
fn what_now(standing: &Standing, now: i64) -> Vec<(&'static str, String)> {
    match standing {
        Standing::AwaitingApproval { until } => vec![("Until", told(*until, now))],
        Standing::Approved { request } => vec![("Approved", request.as_str().to_owned())],
        Standing::Superseded { by, .. } => vec![("Superseded by", by.as_str().to_owned())],
        Standing::Refused(refusal) => {
            let mut lines = vec![
                ("Why", refusal.message.clone()),
                ("What to do", refusal.advice.clone()),
            ];
            lines.extend(refusal.retry_at.map(|at| ("Not before", told(at, now))));
            let open = refusal.version.as_ref();
            lines.extend(open.map(|id| ("In the way", format!("version {id}"))));
            lines
        }
        Standing::Ended { class, message, .. } => match (class, message) {
            (Some(class), Some(message)) => vec![("Why", format!("{class}: {message}"))],
            (class, message) => message
                .as_ref()
                .or(class.as_ref())
                .map(|why| vec![("Why", why.clone())])
                .unwrap_or_default(),
        },
        _ => Vec::new(),
    }
}
