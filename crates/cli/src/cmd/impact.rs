use clap::Args;
use rekey_registry::SecretState;
use serde::Serialize;

use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::find;
use crate::moment::{rfc3339, told};
use crate::outlook::{Outlook, all_said};
use crate::table::{Table, Text, Tone};
use crate::view::ImpactView;
use crate::world::World;

/// Show who is affected by a rotation of one secret, and whether one would be accepted now.
///
/// It asks nobody and changes nothing: what a request would come to is judged here, by the record, a look at the
/// secret's labels and the rules of the function that answers requests. Who may ask is not looked at.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey impact prod/db/app-primary
  rekey impact prod/db/app-primary --json | jq -r '.impact.consumers[].service'")]
pub struct Impact {
    /// The name, ARN or key of the secret.
    name: String,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    name: &'a str,
    impact: ImpactView,
    window: Option<WindowView<'a>>,
    turn: Option<TurnView<'a>>,
    approval: bool,
    needs: Vec<&'static str>,
    request: RequestView<'a>,
}

#[derive(Serialize)]
struct WindowView<'a> {
    tag: &'a str,
    open: bool,
    opens_at: Option<String>,
    closes_at: Option<String>,
}

#[derive(Serialize)]
struct TurnView<'a> {
    service: &'a str,
    secret: &'a str,
    at: String,
    free_at: Option<String>,
}

#[derive(Serialize)]
struct RequestView<'a> {
    accepted: bool,
    class: Option<&'a str>,
    message: Option<&'a str>,
    advice: Option<&'a str>,
    accepted_at: Option<String>,
    judged_by: &'static str,
}

impl Impact {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let state = find::registered(world, &self.name).await?;
        let outlook = Outlook::of(world, &state, &all_said()).await?;
        if console.is_json() {
            console.json(&document(world, &state, &outlook))?;
            return Ok(Exit::Ok);
        }
        let now = world.clock().now();
        let mut page = Table::page();
        let mut add = |title: &'static str, text: Text| page.row([title.into(), text]);
        add("Secret", find::of_whom(&state).into());
        if let Some(since) = state.switched_at() {
            add("Last switch", told(since, now).into());
        }
        for (title, text) in outlook.lines(world, &state) {
            add(title, text.into());
        }
        let needs = outlook.needs(&state, &world.stack().policy, now);
        if !needs.is_empty() {
            add("Needs", needs.join(", ").into());
        }
        let tone = match outlook.refusal {
            None => Tone::Good,
            Some(_) => Tone::Notice,
        };
        add("Now", Text::toned(&outlook.told(&state, now), tone));
        if let Some(caveat) = outlook.caveat() {
            add("Judged", Text::toned(&caveat, Tone::Notice));
        }
        console.table(&page)?;
        Ok(Exit::Ok)
    }
}

fn document<'a, W: World>(world: &W, state: &'a SecretState, outlook: &'a Outlook) -> Document<'a> {
    let (policy, now) = (&world.stack().policy, world.clock().now());
    let secret = &state.secret;
    let windows = secret.windows();
    let refusal = outlook.refusal.as_ref();
    Document {
        name: &secret.name,
        impact: ImpactView::of(&outlook.impact),
        window: secret.window_tag.as_deref().map(|tag| WindowView {
            tag,
            open: windows.as_ref().is_some_and(|it| it.is_open(now)),
            opens_at: windows
                .as_ref()
                .filter(|it| !it.is_open(now))
                .and_then(|it| it.next_opening(now))
                .map(rfc3339),
            closes_at: windows
                .as_ref()
                .and_then(|it| it.closes_at(now))
                .map(rfc3339),
        }),
        turn: outlook.turn.as_ref().map(|turn| TurnView {
            service: &turn.service,
            secret: &turn.secret,
            at: rfc3339(turn.at),
            free_at: outlook.free_at(&secret.name, policy).map(rfc3339),
        }),
        approval: secret.approval_manual,
        needs: outlook.needs(state, policy, now),
        request: RequestView {
            accepted: refusal.is_none(),
            class: refusal.map(|it| it.class.as_str()),
            message: refusal.map(|it| it.message.as_str()),
            advice: refusal.map(|it| it.advice.as_str()),
            accepted_at: outlook.accepted_at.map(rfc3339),
            judged_by: outlook.judged_by(),
        },
    }
}
