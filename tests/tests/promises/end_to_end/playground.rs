//! A scene, and what tests ask of it.

use std::fs;

use anyhow::{Context as _, Result, bail};
use rekey_tests::door::Door;
use rekey_tests::scene::{Plan, Scene};
use rekey_tests::secrets::Version;
use serde_json::{Value, json};

use super::{PATIENCE, unique};

/// Neither the sweep nor the doctor runs by itself.
pub const UNSCHEDULED: [(&str, &str); 2] = [
    ("SweepExpression", "cron(0 0 1 1 ? 2099)"),
    ("DoctorExpression", "cron(0 0 1 1 ? 2099)"),
];

/// A scene in which nothing happens by itself.
pub async fn quiet(name: &str, alternating: bool) -> Result<Scene> {
    quiet_with(name, alternating, &[]).await
}

/// The same, with parameters of the stack.
pub async fn quiet_with(
    name: &str,
    alternating: bool,
    parameters: &[(&str, &str)],
) -> Result<Scene> {
    Scene::set(&Plan {
        parameters: &[&UNSCHEDULED, parameters].concat(),
        ..Plan::quiet(&unique(name), alternating)
    })
    .await
}

/// Rotates and waits until the new version is current: the version before, and the new one.
pub async fn rotate(scene: &Scene) -> Result<(Version, Version)> {
    let before = scene.secrets.current(&scene.secret).await?;
    let version = scene
        .secrets
        .rotate(&scene.secret, scene.stack.rotate_function())
        .await?;
    scene
        .secrets
        .wait_current(&scene.secret, &version, PATIENCE)
        .await
        .with_context(|| scene.cloud.log())?;
    Ok((before, scene.secrets.current(&scene.secret).await?))
}

/// Starts a rotation that must fail: waits until all its attempts are over.
pub async fn rotate_in_vain(scene: &Scene) -> Result<String> {
    let version = scene
        .secrets
        .rotate(&scene.secret, scene.stack.rotate_function())
        .await?;
    wait_over(scene, &version).await?;
    Ok(version)
}

/// Waits until Secrets Manager has ended all its attempts at `version`.
pub async fn wait_over(scene: &Scene, version: &str) -> Result<()> {
    let over = format!("is over: {version}");
    let waited = tokio::time::timeout(PATIENCE, async {
        while !scene.cloud.log().contains(&over) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    });
    waited.await.with_context(|| scene.cloud.log())
}

/// Whether a version's credential logs in.
pub async fn works(scene: &Scene, version: &Version) -> Result<bool> {
    let (user, password) = (version.field("username"), version.field("password"));
    scene.database.logs_in(user, password).await
}

/// The events of the inner bus so far, in the order of their arrival.
pub async fn events(scene: &Scene) -> Result<Vec<Value>> {
    lines(scene, scene.stack.output("EventLogGroup")).await
}

/// The records that the rotation function has logged so far.
pub async fn function_log(scene: &Scene) -> Result<Vec<Value>> {
    lines(scene, scene.stack.output("DatabaseLogGroup")).await
}

/// The same, of those that came at a time or later, in seconds since 1970.
pub async fn events_since(scene: &Scene, time: i64) -> Result<Vec<Value>> {
    let group = scene.stack.output("EventLogGroup");
    let lines = Door::of(&scene.cloud)
        .log_since(group, time * 1_000)
        .await?;
    Ok(records(&lines))
}

/// The records of a log group.
pub async fn lines(scene: &Scene, group: &str) -> Result<Vec<Value>> {
    let lines = Door::of(&scene.cloud).log(group).await?;
    Ok(records(&lines))
}

fn records(lines: &[String]) -> Vec<Value> {
    let records = lines
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok());
    records.collect()
}

/// The details of the events of one type.
pub fn details(events: &[Value], detail_type: &str) -> Vec<Value> {
    events
        .iter()
        .filter(|event| event["detail-type"] == detail_type)
        .map(|event| event["detail"].clone())
        .collect()
}

/// Sends a text to the function as its event: whether it failed, and what it answered.
pub fn invoke(scene: &Scene, payload: &str) -> Result<(bool, Value)> {
    let dir = &scene.cloud.dir;
    let (event, stack) = (dir.join("event.json"), dir.join("stack.json"));
    fs::write(&event, payload)?;
    let functions = json!({ "rotate": scene.stack.output("DatabaseFunctionName") });
    let described = json!({ "endpoint": scene.cloud.endpoint, "functions": functions });
    fs::write(&stack, described.to_string())?;
    let output = scene
        .cloud
        .script("invoke.py")?
        .args(["--function", "rotate"])
        .arg("--stack")
        .arg(stack)
        .arg("--event")
        .arg(event)
        .output()?;
    let failed = match output.status.code() {
        Some(0) => false,
        Some(1) if !output.stdout.is_empty() => true,
        _ => bail!("{}", String::from_utf8_lossy(&output.stderr)),
    };
    Ok((failed, serde_json::from_slice(&output.stdout)?))
}
