//! The story: an application logs in at least nine times a second and never retries, while its credential is
//! rotated, the old one retired, a rotation rolled back, a stuck one healed, and one asked for; and the
//! record of it all.

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use rekey_tests::application::Seen;
use rekey_tests::scene::Scene;
use rekey_tests::sinks;
use serde_json::json;

use crate::play::{NAME, Play, SCHEDULE, calls_of_one_rotation};
use crate::report::{Steps, Story};
use crate::{after_the_switch, asked, audited, rotations, search};

const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/// A way to do it wrongly, so that the application must show errors.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Break {
    /// One user where two are needed: at no moment do old and new both work.
    SingleUser,
    /// The old credential is retired while the application still uses it.
    RetireEarly,
}

pub async fn demo(broken: Option<Break>, json: bool) -> Result<()> {
    let mut story = Story::begin(json);
    match broken {
        Some(Break::SingleUser) => story.line(
            "Broken on purpose: one user only, so there is no moment at which old and new both work.",
        ),
        Some(Break::RetireEarly) => story.line(
            "Broken on purpose: the old credential is retired by force while the application still uses it.",
        ),
        None => {}
    }
    let mut play = Play::open(story, broken != Some(Break::SingleUser)).await?;
    let major = play.scene.database.server.major;
    play.tell(&format!(
        "deployed infra/template.yaml to the local cloud with IAM enforced; PostgreSQL {major} with TLS"
    ));
    play.tell(&format!(
        "secret {NAME} is on the native schedule rate(4 hours); here four hours take {} s",
        SCHEDULE.as_secs()
    ));
    let result = match broken {
        None => whole(&mut play).await,
        Some(how) => wrong(&mut play, how).await,
    };
    let events = play.events.count();
    let retired = play.events.of("rekey.secret.retired").len();
    let (mut story, scene, seen, time) = play.close();
    for error in seen.errors.iter().take(3) {
        story.line(&format!("  error: {error}"));
    }
    result?;
    let figures = Figures {
        per_second: seen.logins as f64 / time.as_secs_f64(),
        events,
        retired,
        steps: steps(&scene)?,
        seen,
    };
    figures.tell(&mut story, &calls_of_one_rotation(&scene)?);
    let mut values = figures.seen.passwords.clone();
    values.push(scene.database.admin_password.clone());
    let clean = search::nowhere(&mut story, &scene, &[], &values)?;
    if json {
        figures.print(clean.bytes);
    }
    figures.judge(&mut story, broken)
}

async fn whole(play: &mut Play) -> Result<()> {
    let (first, second) = rotations::on_a_good_day(play).await?;
    play.both_work(&first, &second).await?;
    after_the_switch::recorded(play, &second).await?;
    play.rekey(&["secrets", "versions", NAME], &[0]).await?;
    after_the_switch::the_grace_ends(play, &first, &second).await?;
    let third = rotations::that_fails_halfway(play, &second, &first).await?;
    after_the_switch::rolled_back(play, &third, &second).await?;
    let fourth = after_the_switch::stuck_and_healed(play, &second).await?;
    let rotation = asked::on_request(play, &second, &fourth).await?;
    let retired = play.events.of("rekey.secret.retired").len();
    ensure!(retired == 3, "{retired} were retired, not 3");
    audited::on_the_record(play, &rotation).await?;
    play.wait(Duration::from_secs(2)).await;
    Ok(())
}

/// One rotation, and what is wrong about it.
async fn wrong(play: &mut Play, how: Break) -> Result<()> {
    let (_, second) = rotations::on_a_good_day(play).await?;
    if how == Break::RetireEarly {
        after_the_switch::recorded(play, &second).await?;
        let reason = "somebody could not wait";
        play.rekey(
            &["retire", NAME, "--force", "--reason", reason, "--yes"],
            &[0],
        )
        .await?;
    }
    play.wait(Duration::from_secs(2)).await;
    Ok(())
}

fn steps(scene: &Scene) -> Result<Steps> {
    let group = scene.stack.output("DatabaseLogGroup");
    let dump = sinks::dump(&scene.cloud, None)?;
    let log = dump.join(format!("log{}.txt", group.replace('/', "_")));
    Ok(Steps::of_log(&std::fs::read_to_string(log)?))
}

/// What a run comes down to.
struct Figures {
    seen: Seen,
    per_second: f64,
    events: usize,
    retired: usize,
    steps: Steps,
}

impl Figures {
    fn tell(&self, story: &mut Story, calls: &str) {
        let (seen, steps) = (&self.seen, &self.steps);
        story.line("");
        story.line(&format!(
            "  logins of the application      {} ({:.1} a second, none retried)",
            seen.logins, self.per_second
        ));
        let mut line = |what: &str, count: usize| story.line(&format!("  {what:<30} {count}"));
        line("credentials it was given", seen.passwords.len());
        line("application errors", seen.errors.len());
        line("credentials retired", self.retired);
        line("events on the bus", self.events);
        line("steps that failed", steps.failed);
        for step in STEPS {
            let count = steps.by_step.get(step).map_or(0, Vec::len);
            let median = steps.median(step);
            story.line(&format!(
                "  {step:<14} {count} times, median {median:>6.1} ms"
            ));
        }
        story.line(&format!("  calls of the function          {calls}"));
    }

    fn print(&self, bytes: usize) {
        let (seen, steps) = (&self.seen, &self.steps);
        let medians = STEPS.map(|step| (step, steps.median(step)));
        let medians: std::collections::BTreeMap<_, _> = medians.into_iter().collect();
        println!(
            "{}",
            json!({
                "logins": seen.logins, "logins_per_second": self.per_second,
                "application_errors": seen.errors.len(), "credentials": seen.passwords.len(),
                "retired": self.retired, "events": self.events, "steps_failed": steps.failed,
                "median_ms": medians, "bytes_searched": bytes, "leaks": 0,
            })
        );
    }

    fn judge(&self, story: &mut Story, broken: Option<Break>) -> Result<()> {
        let errors = self.seen.errors.len();
        if let Some(how) = broken {
            ensure!(
                errors > 0,
                "the broken run shows no error, so the zero of the whole one means nothing"
            );
            let why = match how {
                Break::SingleUser => "without overlap the application fails",
                Break::RetireEarly => "what is retired too early is missed",
            };
            story.line(&format!(
                "  as it must be: {why}; `cargo xtask demo` shows 0 errors"
            ));
            return Ok(());
        }
        ensure!(errors == 0, "the application saw {errors} errors");
        ensure!(
            self.per_second >= 9.0,
            "the application logged in only {:.1} times a second",
            self.per_second
        );
        ensure!(
            self.steps.failed > 0,
            "no step failed, so nothing was healed"
        );
        // Three by now, to which `whole` has held it; the fourth grace ends about when the story does.
        let retired = (3..=4).contains(&self.retired);
        ensure!(retired, "{} were retired, not 3 or 4", self.retired);
        Ok(())
    }
}
