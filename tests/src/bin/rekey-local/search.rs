//! The search for values in every place where one could end up, proved on a planted text first.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rekey_tests::scene::Scene;
use rekey_tests::sinks::{self, PLANTED, Searched};

use crate::report::Story;

/// Plants a text in every kind of place, and finds it there; it was planted in these logs of other servers.
pub async fn prove(story: &mut Story, scene: &Scene, logs: &[PathBuf]) -> Result<()> {
    let group = scene.stack.output("DatabaseLogGroup");
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
    let mut places: Vec<&Path> = vec![&dump, &output, &server.log_file];
    places.extend(logs.iter().map(PathBuf::as_path));
    let searched = sinks::search(&places, &[PLANTED.to_owned()])?;
    let sql_log = server.log_file.file_name().context("no log")?;
    let sql_log = sql_log.to_string_lossy();
    let events = scene.stack.output("EventLogGroup");
    let log = |group: &str| format!("log{}.txt", group.replace('/', "_"));
    let table = |name: &str| format!("table_{}.json", scene.stack.output(name));
    for sink in [
        &log(group),
        &log(events),
        sql_log.as_ref(),
        "queue_planted.json",
        &table("RegistryTable"),
        &table("AuditTable"),
        "planted-output.txt",
    ] {
        ensure!(
            searched.found_in.contains(sink),
            "the search does not find what was planted in {sink}: it proves nothing"
        );
    }
    for log in logs {
        let name = log.file_name().context("no log")?.to_string_lossy();
        ensure!(
            searched.found_in.contains(name.as_ref()),
            "the search does not find what was planted in {name}: it proves nothing"
        );
    }
    // What else is searched stands in a file each: the other functions' logs, every queue.
    let sink = dump.join(log(scene.stack.output("KeysLogGroup")));
    ensure!(sink.exists(), "{} is not searched", sink.display());
    for name in ["Observe", "Sweep", "Retire", "RetireKeys", "Audit"] {
        let sink = dump.join(log(scene.stack.output(&format!("{name}LogGroup"))));
        ensure!(sink.exists(), "{} is not searched", sink.display());
        let queue = format!("{name}DeadLetterQueueUrl");
        let queue = scene.stack.output(&queue).rsplit('/').next();
        let sink = dump.join(format!("queue_{}.json", queue.unwrap_or_default()));
        ensure!(sink.exists(), "{} is not searched", sink.display());
    }
    story.tell(&format!(
        "planted a canary in {} places (logs, events, SQL log, queue, tables, output) and found it in each",
        searched.found_in.len()
    ));
    Ok(())
}

/// Searches every place, these logs too, for the values that were really used, after [`sinks::dump`].
pub fn nowhere(
    story: &mut Story,
    scene: &Scene,
    logs: &[PathBuf],
    values: &[String],
) -> Result<Searched> {
    story.keep(&scene.cloud.dir.join("output.txt"))?;
    let mut places: Vec<&Path> = vec![&scene.cloud.dir, &scene.database.server.log_file];
    places.extend(logs.iter().map(PathBuf::as_path));
    let searched = sinks::search(&places, values)?;
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
    ensure!(
        searched.found_in.is_empty(),
        "a value stands in {:?}",
        searched.found_in
    );
    Ok(searched)
}
