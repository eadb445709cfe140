//! Rotations that people ask for: a dry run, one outside the window, one by somebody who may not, and one
//! that is done.

use std::time::Duration;

use anyhow::{Result, ensure};
use rekey_tests::person::Person;
use rekey_tests::secrets::Version;
use rekey_tests::team::{Team, closed_window};
use serde_json::Value;

use crate::after_the_switch::the_grace_ends;
use crate::play::{NAME, Play};

const LATE: Duration = Duration::from_secs(20);

/// From here on nothing rotates by its schedule. `old` and `current` are of the last rotation. The id of the
/// version that was asked for.
pub async fn on_request(play: &mut Play, old: &Version, current: &Version) -> Result<String> {
    let scene = &play.scene;
    let function = scene.stack.rotate_function();
    scene.secrets.turn_on(&scene.secret, function).await?;
    play.tell(
        "the schedule is turned down to every 999 days: from here on rotations are asked for",
    );
    the_grace_ends(play, old, current).await?;
    let viewer = who_may(play).await?;
    let reason = "the quarter's rotation";
    let rotate = ["rotate", NAME, "--reason", reason, "--yes"];

    play.rekey(&["impact", NAME], &[0]).await?;
    let before = play.labelled("AWSCURRENT").await?;
    play.rekey(&[&rotate[..], &["--dry-run"]].concat(), &[0])
        .await?;
    windowed(play, &closed_window()?).await?;
    play.rekey(&rotate, &[3]).await?;
    windowed(play, "00:00-24:00").await?;
    let as_viewer = [&rotate[..], &["--as", "viewer"]].concat();
    play.rekey_as(&viewer, &as_viewer, &[3]).await?;
    ensure!(
        play.labelled("AWSCURRENT").await? == before,
        "a dry run, or what was refused, has rotated"
    );
    play.rekey(&[&rotate[..], &["--wait"]].concat(), &[0])
        .await?;
    let next = play.reader.current(&play.scene.secret).await?;
    ensure!(before != [next.id.clone()], "nothing was rotated");
    play.both_work(current, &next).await?;
    let completed = "greentic.secrets.rotate.completed";
    let id = next.id.clone();
    let is_meant = move |detail: &Value| detail["version_id"] == *id;
    let detail = play.event(completed, is_meant, LATE).await?;
    play.tell(&format!(
        "on the bus: {completed}, {}, requested by {}, {}",
        detail["result"].as_str().unwrap_or("no result"),
        detail["requested_by"].as_str().unwrap_or("nobody"),
        detail["reason"]
    ));
    play.rekey(&["requests", "list"], &[0]).await?;
    Ok(next.id)
}

/// An administrator records who asks for what.
async fn who_may(play: &mut Play) -> Result<Person> {
    let policy = play.scene.stack.output("AdministratorPolicyArn").to_owned();
    let ada = Person::with_policy(&play.scene.cloud, "ada", &policy).await?;
    let viewer = Team::make(&play.scene, "viewer").await?;
    let reader = play.scene.stack.output("ReaderPolicyArn").to_owned();
    viewer.person.may_also(&play.scene.cloud, &reader).await?;
    for (name, actor, role) in [
        ("operators", "the people on duty", "internal_admin"),
        ("viewer", "the reporting team", "viewer"),
    ] {
        let allow = [
            "requesters",
            "allow",
            name,
            "--actor",
            actor,
            "--role",
            role,
        ];
        play.rekey_as(&ada, &allow, &[0]).await?;
    }
    Ok(viewer.person)
}

/// The maintenance window is another one, and the registry has seen it.
async fn windowed(play: &mut Play, window: &str) -> Result<()> {
    let scene = &play.scene;
    scene
        .secrets
        .tag(&scene.secret, "rekey:window", window)
        .await?;
    play.tell(&format!("tag rekey:window = {window} (UTC)"));
    let started = std::time::Instant::now();
    loop {
        let said = play.silently(&["impact", NAME, "--json"]).await?;
        if said.contains(window) {
            return Ok(());
        }
        ensure!(
            started.elapsed() < LATE,
            "the registry does not see the tag: {said}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
