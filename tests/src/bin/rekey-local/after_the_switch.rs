//! What becomes of the old credential: warned of, retired with proof, brought back; and a rotation that no
//! attempt of Secrets Manager finished.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rekey_tests::secrets::Version;
use serde_json::Value;

use crate::play::{GRACE, NAME, Play, SCHEDULE, STUCK, short};

/// How late something that is due may come.
const LATE: Duration = Duration::from_secs(20);

/// The registry has learnt of the switch, and says so once.
pub async fn recorded(play: &mut Play, new: &Version) -> Result<()> {
    let completed = "greentic.secrets.rotate.completed";
    let detail = play.event(completed, about(new), LATE).await?;
    play.tell(&format!(
        "on the bus: {completed}, {}, version {}",
        detail["result"].as_str().unwrap_or("no result"),
        detail["version"]
    ));
    Ok(())
}

/// The grace ends: a warning before, then the retirement with its proof.
pub async fn the_grace_ends(play: &mut Play, old: &Version, new: &Version) -> Result<()> {
    let warning = "rekey.grace.ending";
    let detail = play.event(warning, about(old), GRACE + LATE).await?;
    let behind = detail["consumers_not_moved"].as_array();
    play.tell(&format!(
        "on the bus: {warning}, at {}; consumers that have not moved: {}",
        detail["ends_at"].as_str().unwrap_or("?"),
        behind.map_or(0, Vec::len)
    ));
    retired(play, old).await?;
    ensure!(
        play.works(new).await?,
        "the new credential does not log in any more"
    );
    let previous = play.labelled("AWSPREVIOUS").await?;
    ensure!(previous.is_empty(), "AWSPREVIOUS is still there");
    play.tell("AWSPREVIOUS is gone: one credential is left, and it logs in");
    Ok(())
}

/// Waits until a credential is retired, and tries it.
async fn retired(play: &mut Play, old: &Version) -> Result<()> {
    let retired = "rekey.secret.retired";
    let detail = play.event(retired, about(old), GRACE + LATE).await?;
    let proof = &detail["proof"];
    play.tell(&format!(
        "on the bus: {retired}, proof: {}, {} sessions ended",
        proof["method"].as_str().unwrap_or("none"),
        proof["sessions_ended"]
    ));
    ensure!(
        !play.works(old).await?,
        "{} still logs in",
        old.field("username")
    );
    play.tell(&format!(
        "tried here too: the password that {} had is refused",
        old.field("username")
    ));
    let times = play.events.of(retired);
    let times = times.iter().filter(|detail| about(old)(detail)).count();
    ensure!(times == 1, "it was announced {times} times");
    Ok(())
}

/// Somebody wants the old credential back.
pub async fn rolled_back(play: &mut Play, bad: &Version, good: &Version) -> Result<()> {
    recorded(play, bad).await?;
    let reason = "the release does not start with the new user";
    play.rekey(&["rollback", NAME, "--reason", reason, "--yes"], &[0])
        .await?;
    let current = play.labelled("AWSCURRENT").await?;
    ensure!(current == [good.id.clone()], "AWSCURRENT did not move back");
    play.both_work(bad, good).await?;
    let rolled_back = "rekey.secret.rolled_back";
    let from = bad.id.clone();
    let is_meant = move |detail: &Value| detail["from_version"] == *from;
    let detail = play.event(rolled_back, is_meant, LATE).await?;
    play.tell(&format!("on the bus: {rolled_back}, {}", detail["reason"]));
    // What was rolled back from has a grace of its own, for whoever has read it.
    retired(play, bad).await?;
    play.rekey(&["secrets", "versions", NAME], &[0]).await
}

/// The target fails until Secrets Manager gives up; the doctor explains, and resumes.
pub async fn stuck_and_healed(play: &mut Play, current: &Version) -> Result<Version> {
    let admin = play.scene.database.admin.clone();
    let root = play.scene.database.superuser("postgres").await?;
    root.batch_execute(&format!("ALTER ROLE {admin} NOLOGIN"))
        .await?;
    play.tell(&format!(
        "maintenance: {admin} may not log in, and no rotation can change anything"
    ));
    let failed = "rekey.step.failed";
    let is_new = |known: Vec<Value>| move |detail: &Value| !known.contains(detail);
    let known = play.events.of(failed);
    let detail = play.event(failed, is_new(known), SCHEDULE * 2).await?;
    let stuck = detail["version_id"].as_str().context("no version")?;
    let over = format!("is over: {stuck}");
    let started = std::time::Instant::now();
    while !play.scene.cloud.log().contains(&over) {
        ensure!(started.elapsed() < LATE, "the attempts do not end");
        play.wait(Duration::from_millis(200)).await;
    }
    play.tell("all attempts of Secrets Manager have failed; AWSPENDING stays open");
    play.wait(STUCK + Duration::from_secs(1)).await;
    play.rekey(&["doctor", NAME], &[1, 4]).await?;
    root.batch_execute(&format!("ALTER ROLE {admin} LOGIN"))
        .await?;
    play.tell(&format!(
        "mended: {admin} may log in again; nobody calls RotateSecret"
    ));
    let healed = play.next_version(current, STUCK * 2 + LATE).await?;
    ensure!(healed.id == stuck, "another version was made instead");
    play.tell(&format!(
        "healed by the doctor: the same version ({}) went on; AWSCURRENT is now {}",
        short(&healed),
        healed.field("username")
    ));
    play.both_work(current, &healed).await?;
    recorded(play, &healed).await?;
    let calls = play.scene.cloud.calls()?;
    let sweep = format!("/{}", play.scene.stack.output("SweepFunctionName"));
    ensure!(
        calls
            .iter()
            .any(|call| call.action == "RotateSecret" && call.caller.ends_with(&sweep)),
        "it was not the doctor who resumed it"
    );
    ensure!(
        calls.iter().all(|call| call.action != "CancelRotateSecret"),
        "somebody turned the schedule off"
    );
    Ok(healed)
}

fn about(version: &Version) -> impl Fn(&Value) -> bool + use<> {
    let id = version.id.clone();
    move |detail| detail["version_id"] == *id
}
