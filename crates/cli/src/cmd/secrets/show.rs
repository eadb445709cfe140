use clap::Args;
use rekey_registry::{Presence, SecretState};
use serde::Serialize;

use crate::clock::Clock;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::find;
use crate::moment::{span, told};
use crate::table::{Table, Text};
use crate::view::{SecretView, Standing, VersionName, said};
use crate::world::World;

/// Show everything that is recorded of one secret.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey secrets show prod/db/app-primary
  rekey secrets show prod/db/app-primary --json | jq '.secret.due'")]
pub struct Show {
    /// The name, ARN or key of the secret.
    name: String,
}

#[derive(Serialize)]
struct Document {
    secret: SecretView,
}

impl Show {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let state = find::registered(world, &self.name).await?;
        let now = world.clock().now();
        let policy = &world.stack().policy;
        if console.is_json() {
            let secret = SecretView::of(&state, policy, now);
            console.json(&Document { secret })?;
            return Ok(Exit::Ok);
        }
        let standing = Standing::of(&state, policy, now);
        let mut page = Table::page();
        page.row(["Name".into(), state.secret.name.as_str().into()]);
        page.row([
            "State".into(),
            Text::toned(standing.as_str(), standing.tone()),
        ]);
        for (title, text) in lines(&state, world, now) {
            page.row([title.into(), text.into()]);
        }
        console.table(&page)?;
        Ok(Exit::Ok)
    }
}

/// The lines under the name and the state. What there is nothing to say about is left out.
fn lines<W: World>(state: &SecretState, world: &W, now: i64) -> Vec<(&'static str, String)> {
    let secret = &state.secret;
    let policy = &world.stack().policy;
    let at = |at: i64| told(at, now);
    let mut lines = vec![
        ("ARN", secret.arn.clone()),
        ("Kind", secret.kind.clone()),
        (
            "Owner",
            secret
                .owner
                .clone()
                .unwrap_or_else(|| "none: the tag rekey:owner is gone".into()),
        ),
    ];
    let mut add = |title: &'static str, text: Option<String>| {
        lines.extend(text.map(|text| (title, text)));
    };
    add("Managed by", secret.owning_service.clone());
    add(
        "Missing",
        match secret.presence {
            Presence::Missing { since, .. } => Some(format!("since {}", at(since))),
            _ => None,
        },
    );
    add(
        "Deletion",
        match secret.presence {
            Presence::Deleting { until } => Some(until.map_or("scheduled".into(), at)),
            Presence::Gone => Some("done".into()),
            _ => None,
        },
    );
    let name = |id: &rekey_registry::VersionId| VersionName::of(state, id).told();
    add(
        "Current",
        secret.current.as_ref().map(|id| match state.switched_at() {
            Some(since) => format!("{}, since {}", name(id), at(since)),
            None => name(id),
        }),
    );
    add(
        "Previous",
        state
            .previous()
            .map(|version| format!("{}, {}", name(&version.id), version.state)),
    );
    add(
        "Open rotation",
        secret.pending.as_ref().map(|open| {
            let resumed = match open.resumes {
                0 => String::new(),
                times => format!(", resumed {times} times"),
            };
            format!("{}, since {}{resumed}", name(&open.version), at(open.since))
        }),
    );
    add(
        "Quarantine",
        secret.quarantine.as_ref().map(|one| {
            let step = one.step.as_deref().unwrap_or("an unknown step");
            let class = one.class.as_deref().unwrap_or("no class");
            format!("since {}: {step} ({class})", at(one.since))
        }),
    );
    add("Last rotated", secret.last_rotated.map(at));
    add(
        "Rotation",
        Some(match (secret.rotation_enabled, secret.next_rotation) {
            (true, Some(next)) => format!("on, next {}", at(next)),
            (true, None) => "on".into(),
            (false, _) => "off".into(),
        }),
    );
    add(
        "Grace",
        Some(match secret.grace_tag {
            Some(seconds) => format!("{} (tag rekey:grace)", span(seconds)),
            None => format!("{} (the stack's)", span(policy.grace)),
        }),
    );
    add(
        "Greatest age",
        secret
            .max_age_days
            .map(|days| format!("{days} d (tag rekey:max-age)")),
    );
    add(
        "Window",
        secret.window_tag.as_ref().map(|tag| format!("{tag} (UTC)")),
    );
    add(
        "Approval",
        secret
            .approval_manual
            .then(|| "somebody else must approve each request".into()),
    );
    add(
        "Asked for",
        secret
            .every
            .map(|every| format!("every {} by Rekey", span(every))),
    );
    add("Service", secret.service.clone());
    add("Sites", joined(secret.sites.iter().map(String::as_str)));
    add(
        "Health checks",
        joined(secret.health.iter().map(String::as_str)),
    );
    add(
        "Unreadable tags",
        joined(secret.bad_tags.iter().map(String::as_str)),
    );
    let mut dues = state.dues();
    dues.sort_by_key(|due| due.due_at);
    for due in dues {
        let version = VersionName::of(state, &due.version).short();
        add(
            "Due",
            Some(format!(
                "{} of {version} {}",
                said(due.what),
                at(due.due_at)
            )),
        );
    }
    let services = state.consumers.iter().map(|one| one.service.as_str());
    add("Consumers", joined(services));
    let behind = state.consumers_not_moved(policy, now);
    add(
        "Not moved",
        joined(behind.iter().map(|one| one.service.as_str())),
    );
    add("Registered", Some(at(secret.registered_at)));
    lines
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> Option<String> {
    let words: Vec<_> = words.collect();
    (!words.is_empty()).then(|| words.join(", "))
}
