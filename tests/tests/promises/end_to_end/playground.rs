//! A scene, and what tests ask of it.

use std::fs;

use anyhow::{Context as _, Result};
use rekey_tests::scene::{Plan, Scene};
use rekey_tests::secrets::Version;
use rekey_tests::sinks;
use serde_json::Value;

use super::{PATIENCE, unique};

/// A scene in which nothing rotates by itself.
pub async fn quiet(name: &str, alternating: bool) -> Result<Scene> {
    Scene::set(&Plan::quiet(&unique(name), alternating)).await
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

/// The events of the inner bus so far, in the order of their arrival.
pub fn events(scene: &Scene) -> Result<Vec<Value>> {
    let group = scene.stack.output("EventLogGroup").replace('/', "_");
    lines(scene, &format!("log{group}.txt"))
}

/// The records that the function has logged so far.
pub fn function_log(scene: &Scene) -> Result<Vec<Value>> {
    let group = scene.stack.output("DatabaseLogGroup").replace('/', "_");
    lines(scene, &format!("log{group}.txt"))
}

fn lines(scene: &Scene, file: &str) -> Result<Vec<Value>> {
    let dump = sinks::dump(&scene.cloud, None)?;
    let text = fs::read_to_string(dump.join(file))?;
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

/// The details of the events of one type.
pub fn details(events: &[Value], detail_type: &str) -> Vec<Value> {
    events
        .iter()
        .filter(|event| event["detail-type"] == detail_type)
        .map(|event| event["detail"].clone())
        .collect()
}
