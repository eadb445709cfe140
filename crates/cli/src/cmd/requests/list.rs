use clap::Args;
use rekey_registry::request::{Request, Requests};
use serde::Serialize;

use crate::clock::Clock;
use crate::cmd::rotate::told::who;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::find;
use crate::moment::{Since, absolute, told};
use crate::table::{Table, Text};
use crate::view::{RequestView, StandingWord, in_words, tone_of_standing};
use crate::world::{World, of_store};

const DAY: i64 = 24 * 60 * 60;

/// How many requests are read at once.
const PAGE: usize = 100;

/// List the requests for rotations, the newest first: who asked, why, and what became of it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  rekey requests list
  rekey requests list --standing awaiting_approval
  rekey requests list --secret prod/db/app-primary --since 30d
  rekey requests list --standing refused --json | jq -r '.requests[].refusal.class'")]
pub struct List {
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Only requests for this secret: its name, ARN or key.
    #[arg(long, value_name = "NAME")]
    secret: Option<String>,
    /// Only requests that stand so; several with commas.
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    standing: Vec<StandingWord>,
    /// Only requests that came since then: 2h, 30d, 2026-11-01.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = Since::parse)]
    since: Since,
}

#[derive(Serialize)]
struct Document {
    requests: Vec<RequestView>,
}

impl List {
    pub async fn run<W: World>(&self, world: &W, console: &mut Console<'_>) -> Result<Exit, Error> {
        let now = world.clock().now();
        let since = self.since.at(now);
        let names = self
            .secret
            .as_deref()
            .map(|id| names(world, id))
            .transpose()?;
        let found = self.found(world, names.as_deref(), since, now).await?;
        if console.is_json() {
            let requests = found.iter().map(RequestView::of).collect();
            console.json(&Document { requests })?;
            return Ok(Exit::Ok);
        }
        let mut table = Table::new(&["CAME", "SECRET", "STANDING", "WHO", "WHY", "ID"]);
        for request in &found {
            let secret = request.secret.clone().or_else(|| request.key.clone());
            let standing = &request.standing;
            table.row([
                told(request.received_at, now).into(),
                Text::or_dash(secret),
                Text::toned(&in_words(standing), tone_of_standing(standing)),
                who(request).into(),
                Text::or_dash(request.reason.clone()),
                request.token.as_str().into(),
            ]);
        }
        console.table(&table)?;
        if found.is_empty() {
            console.note(&format!("no such request came since {}", absolute(since)))?;
        } else if found.len() >= self.limit {
            console.note("there may be more: --limit")?;
        }
        Ok(Exit::Ok)
    }

    /// Day by day backwards, as they are kept.
    async fn found<W: World>(
        &self,
        world: &W,
        names: Option<&[String]>,
        since: i64,
        now: i64,
    ) -> Result<Vec<Request>, Error> {
        let mut found = Vec::new();
        let mut day = now.div_euclid(DAY);
        let mut before: Option<String> = None;
        while day >= since.div_euclid(DAY) {
            let page = world
                .store()
                .requests_of(day, before.as_deref(), PAGE)
                .await;
            let page = page.map_err(|error| of_store(world, error))?;
            for request in page.requests {
                if found.len() >= self.limit || request.received_at < since {
                    return Ok(found);
                }
                if self.wants(&request, names) {
                    found.push(request);
                }
            }
            before = page.next;
            if before.is_none() {
                day = day.saturating_sub(1);
            }
        }
        Ok(found)
    }

    fn wants(&self, request: &Request, names: Option<&[String]>) -> bool {
        let is = |name: &Option<String>| {
            let of = |names: &[String]| name.as_ref().is_some_and(|name| names.contains(name));
            names.is_none_or(of)
        };
        (is(&request.secret) || is(&request.key))
            && (self.standing.is_empty()
                || self.standing.contains(&StandingWord::of(&request.standing)))
    }
}

/// As what a request may name a secret, which need not be registered.
fn names<W: World>(world: &W, id: &str) -> Result<Vec<String>, Error> {
    let name = find::name_of(id)?;
    let stored = format!("{}/{name}", world.stack().stage);
    Ok(vec![name, stored])
}
