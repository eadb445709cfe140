//! The record of the story: who did what, signed, proved by a stranger; and a copy that somebody bent.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rekey_tests::door::Door;
use rekey_tests::given;
use serde_json::Value;
use tokio::process::Command;

use crate::play::{NAME, Play};

const LATE: Duration = Duration::from_secs(20);

/// `rotation` is the id of the version that was asked for.
pub async fn on_the_record(play: &mut Play, rotation: &str) -> Result<()> {
    written(play).await?;
    let refused = ["audit", "list", "--action", "rotation.refused"];
    play.rekey(&refused, &[0]).await?;
    let dead = [
        "audit",
        "list",
        "--target",
        NAME,
        "--action",
        "credential.retired",
    ];
    play.rekey(&dead, &[0]).await?;
    signed(play).await?;
    play.rekey(&["audit", "verify"], &[0]).await?;

    let dir = play.scene.cloud.dir.clone();
    let (papers, export) = (dir.join("papers"), dir.join("trail"));
    let text = |path: &Path| path.display().to_string();
    play.rekey(&["artifact", rotation, "--out", &text(&papers)], &[0])
        .await?;
    let paper = fs::read_to_string(papers.join(format!("{rotation}.md")))?;
    for line in paper.lines().take(9) {
        play.story.line(format!("            {line}").trim_end());
    }
    play.rekey(&["audit", "export", "--out", &text(&export)], &[0])
        .await?;
    let code = a_stranger_verifies(play, &export).await?;
    ensure!(code == 0, "the export is not sound");
    let bent = bent(&export)?;
    play.tell(&format!(
        "somebody edits the copy: in record {bent} the actor is now \"nobody\""
    ));
    let code = a_stranger_verifies(play, &export).await?;
    ensure!(code == 4, "a tampered copy was not found");
    Ok(())
}

/// Waits until the writer has come to the end of its queue.
async fn written(play: &mut Play) -> Result<()> {
    let (door, queue) = (
        Door::of(&play.scene.cloud),
        play.scene.stack.output("AuditQueueUrl").to_owned(),
    );
    let started = Instant::now();
    while !door.depth(&queue).await?.is_empty() {
        ensure!(started.elapsed() < LATE, "the audit writer does not end");
        play.wait(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// Waits for a checkpoint that vouches for everything that was there when the waiting began. They are made
/// by their schedule.
async fn signed(play: &mut Play) -> Result<()> {
    let started = Instant::now();
    let mut wanted = None;
    loop {
        let said = play.silently(&["audit", "verify", "--json"]).await?;
        let verdict: Value = serde_json::from_str(&said).with_context(|| said.clone())?;
        let platform = &verdict["chains"][0];
        let place = |what: &str| platform[what]["seq"].as_u64().unwrap_or(0);
        let wanted = *wanted.get_or_insert(place("last"));
        if place("signed_to") >= wanted && wanted > 0 {
            let at = platform["signed_at"].as_str().unwrap_or("?").to_owned();
            play.tell(&format!(
                "a checkpoint of {at} vouches for the first {} records",
                place("signed_to")
            ));
            return Ok(());
        }
        ensure!(started.elapsed() < LATE, "no checkpoint: {verdict}");
        play.wait(Duration::from_millis(500)).await;
    }
}

/// Without an account, credentials or a network; how it ended.
async fn a_stranger_verifies(play: &mut Play, export: &Path) -> Result<i32> {
    let output = Command::new(given::program("rekey")?)
        .args(["audit", "verify", "--export"])
        .arg(export)
        .arg("--public-key")
        .arg(export.join("public-key.pem"))
        .env_clear()
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    play.tell(
        "a stranger, without an account $ rekey audit verify --export trail --public-key ...",
    );
    let told = [output.stderr, output.stdout].concat();
    for line in String::from_utf8(told)?.lines() {
        play.story.line(format!("            {line}").trim_end());
    }
    output.status.code().context("it was killed")
}

/// Edits a record of an export; which one.
fn bent(export: &Path) -> Result<u64> {
    let path = export.join("platform.ndjson");
    let text = fs::read_to_string(&path)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let middle = lines.len() / 2;
    let line = lines.get_mut(middle).context("no records")?;
    let mut link: Value = serde_json::from_str(line)?;
    link["record"]["actor_id"] = "nobody".into();
    *line = link.to_string();
    fs::write(&path, lines.join("\n") + "\n")?;
    link["seq"].as_u64().context("no place")
}
