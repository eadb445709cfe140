//! The story: an application logs in at least nine times a second and never retries; its credential is
//! rotated on a native schedule, twice, and the second time the target fails halfway.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rekey_tests::application::Application;
use rekey_tests::halfway::Obstacle;
use rekey_tests::scene::{Plan, Scene};
use rekey_tests::secrets::Version;
use rekey_tests::sinks::{self, PLANTED};
use serde_json::json;

use crate::report::{Steps, Story};

/// Four hours, the shortest native schedule, take this long here.
const SCHEDULE: Duration = Duration::from_secs(20);
const SHORTEST_NATIVE: Duration = Duration::from_secs(4 * 3600);
/// How long an old credential is used on.
const GRACE: Duration = Duration::from_secs(12);
/// How often the demo says that all is well.
const PULSE: Duration = Duration::from_secs(5);
const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

pub async fn demo(single_user: bool, json: bool) -> Result<()> {
    let mut story = Story::begin(json);
    if single_user {
        story.line("Broken on purpose: one user only, so there is no moment at which old and new both work.");
    }
    let name = format!("shop_{}", std::process::id());
    let scene = Scene::set(&Plan {
        name: &name,
        alternating: !single_user,
        clock_scale: SHORTEST_NATIVE.as_secs_f64() / SCHEDULE.as_secs_f64(),
        schedule: Some("rate(4 hours)"),
        grace_seconds: (!single_user).then_some(GRACE.as_secs()),
    })
    .await?;
    let group = scene.stack.output("DatabaseLogGroup").to_owned();
    prove_the_search(&mut story, &scene, &group).await?;
    story.tell(&format!(
        "deployed infra/template.yaml to the local cloud with IAM enforced; PostgreSQL {} with TLS",
        scene.database.server.major
    ));
    story.tell("secret local/db/app-primary is on the native schedule rate(4 hours); here four hours take 20 s");
    let application = Application::start(
        scene.secrets.clone(),
        scene.secret.clone(),
        scene.database.clone(),
        GRACE,
    );
    let result = if single_user {
        one_rotation(&mut story, &scene, &application).await
    } else {
        two_rotations(&mut story, &scene, &application).await
    };
    let (seen, time) = application.stop();
    result?;

    let dump = sinks::dump(&scene.cloud, None)?;
    let log = std::fs::read_to_string(dump.join(format!("log{}.txt", group.replace('/', "_"))))?;
    let steps = Steps::of_log(&log);
    let per_second = seen.logins as f64 / time.as_secs_f64();
    story.line("");
    story.line(&format!(
        "  logins of the application      {} ({per_second:.1} a second, none retried)",
        seen.logins
    ));
    story.line(&format!(
        "  credentials it was given       {}",
        seen.passwords.len()
    ));
    story.line(&format!(
        "  application errors             {}",
        seen.errors.len()
    ));
    story.line(&format!(
        "  steps that failed              {}",
        steps.failed
    ));
    for step in STEPS {
        let (count, median) = (
            steps.by_step.get(step).map_or(0, Vec::len),
            steps.median(step),
        );
        story.line(&format!(
            "  {step:<14} {count} times, median {median:>6.1} ms"
        ));
    }
    let calls = calls_of_one_rotation(&scene)?;
    story.line(&format!("  calls of the function          {calls}"));
    for error in seen.errors.iter().take(3) {
        story.line(&format!("  error: {error}"));
    }
    let mut values = seen.passwords.clone();
    values.push(scene.database.admin_password.clone());
    let clean = nowhere(&mut story, &scene, &values)?;
    if json {
        println!(
            "{}",
            json!({
                "logins": seen.logins, "logins_per_second": per_second, "application_errors": seen.errors.len(),
                "credentials": seen.passwords.len(), "steps_failed": steps.failed,
                "median_ms": STEPS.map(|step| (step, steps.median(step))).into_iter().collect::<std::collections::BTreeMap<_, _>>(),
                "bytes_searched": clean.bytes, "leaks": clean.found_in.len(),
            })
        );
    }
    ensure!(
        clean.found_in.is_empty(),
        "a value stands in {:?}",
        clean.found_in
    );
    if single_user {
        ensure!(
            !seen.errors.is_empty(),
            "the broken run shows no error, so the zero of the whole one means nothing"
        );
        story.line("  as it must be: without overlap the application fails; `cargo xtask demo` shows 0 errors");
        return Ok(());
    }
    ensure!(
        seen.errors.is_empty(),
        "the application saw {} errors",
        seen.errors.len()
    );
    ensure!(
        per_second >= 9.0,
        "the application logged in only {per_second:.1} times a second"
    );
    ensure!(steps.failed > 0, "no step failed, so nothing was healed");
    Ok(())
}

/// Two scheduled rotations; the target fails halfway through the second.
async fn two_rotations(story: &mut Story, scene: &Scene, application: &Application) -> Result<()> {
    let first = scene.secrets.current(&scene.secret).await?;
    story.tell(&format!(
        "the application logs in as {}; waiting for the schedule",
        first.field("username")
    ));
    let second = next_version(story, scene, application, &first, SCHEDULE * 2).await?;
    story.tell(&format!(
        "rotated by schedule: AWSCURRENT is now {} (version {})",
        second.field("username"),
        short(&second)
    ));
    both_work(story, scene, &first, &second).await?;

    let obstacle = Obstacle::place(&scene.database, first.field("username")).await?;
    story.tell("next rotation: its session will be ended in the middle of setSecret");
    obstacle.strike(SCHEDULE * 2).await?;
    story.tell("setSecret lost its database session halfway; Secrets Manager tries again with the same token");
    let third = next_version(story, scene, application, &second, SCHEDULE).await?;
    story.tell(&format!(
        "healed: AWSCURRENT is now {} (version {})",
        third.field("username"),
        short(&third)
    ));
    both_work(story, scene, &second, &third).await?;
    let pending = scene.secrets.labelled(&scene.secret, "AWSPENDING").await?;
    ensure!(
        pending.iter().all(|version| *version == third.id),
        "a rotation is still open"
    );
    tokio::time::sleep(Duration::from_secs(2)).await;
    Ok(())
}

/// One rotation of a single user, and the application's grace after it.
async fn one_rotation(story: &mut Story, scene: &Scene, application: &Application) -> Result<()> {
    let first = scene.secrets.current(&scene.secret).await?;
    story.tell(&format!(
        "the application logs in as {}; waiting for the schedule",
        first.field("username")
    ));
    let second = next_version(story, scene, application, &first, SCHEDULE * 2).await?;
    story.tell(&format!(
        "rotated by schedule: AWSCURRENT has a new password (version {})",
        short(&second)
    ));
    tokio::time::sleep(Duration::from_secs(2)).await;
    Ok(())
}

/// What the function asked of AWS in its first whole rotation.
fn calls_of_one_rotation(scene: &Scene) -> Result<String> {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    let calls = scene.cloud.calls()?;
    let ours = calls
        .iter()
        .filter(|call| call.caller.contains(":assumed-role/"));
    // The check at the start puts nothing, so the rotation begins with the calls around the first put.
    let first_put = calls
        .iter()
        .find(|call| call.action == "PutSecretValue")
        .context("nothing was put")?;
    let begins = first_put.at - 1.0;
    let ends = calls
        .iter()
        .find(|call| call.action == "UpdateSecretVersionStage")
        .context("nothing was promoted")?
        .at;
    for call in ours.filter(|call| (begins..=ends).contains(&call.at)) {
        *counts.entry(call.action.clone()).or_default() += 1;
    }
    let total: usize = counts.values().sum();
    let list: Vec<String> = counts
        .iter()
        .map(|(action, count)| format!("{count} {action}"))
        .collect();
    Ok(format!(
        "{total} in the first rotation: {}",
        list.join(", ")
    ))
}

/// Waits for the next version, and tells meanwhile what the function does and how the application fares.
async fn next_version(
    story: &mut Story,
    scene: &Scene,
    application: &Application,
    than: &Version,
    time: Duration,
) -> Result<Version> {
    let started = Instant::now();
    let mut told = scene.cloud.calls()?.len();
    let mut pulse = Instant::now();
    while started.elapsed() < time {
        let calls = scene.cloud.calls()?;
        for call in calls
            .iter()
            .skip(told)
            .filter(|call| call.caller.contains(":assumed-role/"))
        {
            if let Some(what) = what_it_means(&call.action) {
                story.tell(what);
            }
        }
        told = calls.len();
        let now = scene.secrets.current(&scene.secret).await?;
        if now.id != than.id {
            return Ok(now);
        }
        if pulse.elapsed() > PULSE {
            pulse = Instant::now();
            let seen = application.seen();
            story.tell(&format!(
                "... {} logins, {} errors",
                seen.logins,
                seen.errors.len()
            ));
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    bail!(
        "no rotation within {} s; server log: {}",
        time.as_secs(),
        scene.cloud.dir.join("server.log").display()
    )
}

fn what_it_means(action: &str) -> Option<&'static str> {
    match action {
        "PutSecretValue" => Some("  createSecret: the next value is kept under AWSPENDING"),
        "PutEvents" => {
            Some("  setSecret: the intent is on the bus; now one transaction at the database")
        }
        "UpdateSecretVersionStage" => {
            Some("  finishSecret: AWSCURRENT moves to what has logged in")
        }
        _ => None,
    }
}

async fn both_work(story: &mut Story, scene: &Scene, old: &Version, new: &Version) -> Result<()> {
    for version in [old, new] {
        let (user, password) = (version.field("username"), version.field("password"));
        ensure!(
            scene.database.logs_in(user, password).await?,
            "{user} does not log in during the grace"
        );
    }
    story.tell(&format!(
        "both log in: {} (old) and {} (new)",
        old.field("username"),
        new.field("username")
    ));
    Ok(())
}

fn short(version: &Version) -> &str {
    version.id.get(..8).unwrap_or(&version.id)
}

/// Plants a text in every place, and finds it there.
async fn prove_the_search(story: &mut Story, scene: &Scene, group: &str) -> Result<()> {
    let server = &scene.database.server;
    scene
        .database
        .superuser("postgres")
        .await?
        .batch_execute(&format!("SELECT '{PLANTED}'"))
        .await?;
    let output = scene.cloud.dir.join("planted-output.txt");
    std::fs::write(&output, PLANTED)?;
    let plant = (PLANTED, scene.stack.output("BusName"), group);
    let dump = sinks::dump(&scene.cloud, Some(plant))?;
    let searched = sinks::search(&[&dump, &output, &server.log_file], &[PLANTED.to_owned()])?;
    let sql_log = server
        .log_file
        .file_name()
        .context("no log")?
        .to_string_lossy()
        .into_owned();
    let events = format!(
        "log{}.txt",
        scene.stack.output("EventLogGroup").replace('/', "_")
    );
    let log = format!("log{}.txt", group.replace('/', "_"));
    for sink in [
        &log,
        &events,
        &sql_log,
        "queue_planted.json",
        "table_planted.json",
        "planted-output.txt",
    ] {
        ensure!(
            searched.found_in.contains(sink),
            "the search does not find what was planted in {sink}: it proves nothing"
        );
    }
    story.tell(&format!(
        "planted a canary in {} places (logs, events, SQL log, queue, table, output) and found it in each",
        searched.found_in.len()
    ));
    Ok(())
}

/// Searches every place for the values that were really used.
fn nowhere(story: &mut Story, scene: &Scene, values: &[String]) -> Result<sinks::Searched> {
    story.keep(&scene.cloud.dir.join("output.txt"))?;
    let searched = sinks::search(&[&scene.cloud.dir, &scene.database.server.log_file], values)?;
    // Verifiers go to the database and nowhere else.
    let verifiers = sinks::search(&[&scene.cloud.dir], &["SCRAM-SHA-256$".to_owned()])?;
    ensure!(
        verifiers.found_in.is_empty(),
        "a verifier stands in {:?}",
        verifiers.found_in
    );
    story.line(&format!(
        "  searched for {} values in {} spellings: {} bytes in {} files, found in {}",
        searched.values,
        searched.spellings,
        searched.bytes,
        searched.files,
        searched.found_in.len()
    ));
    Ok(searched)
}
