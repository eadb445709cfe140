//! The function's process is killed in the middle of a step.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use rekey_tests::halfway::Obstacle;

use super::PATIENCE;
use super::playground::{quiet, rotate, works};

#[tokio::test]
async fn a_function_that_is_killed_inside_set_secret_leaves_no_trace_and_the_retry_finishes()
-> Result<()> {
    let scene = quiet("killed", true).await?;
    rotate(&scene).await?;
    let before = scene.secrets.current(&scene.secret).await?;
    let obstacle = Obstacle::place(&scene.database, &scene.database.app).await?;
    let version = scene
        .secrets
        .rotate(&scene.secret, scene.stack.rotate_function())
        .await?;
    obstacle.reached(PATIENCE).await?;
    kill_functions(scene.cloud.id())?;
    obstacle.give_way().await?;
    scene
        .secrets
        .wait_current(&scene.secret, &version, PATIENCE)
        .await?;
    let after = scene.secrets.current(&scene.secret).await?;
    assert!(works(&scene, &before).await? && works(&scene, &after).await?);
    Ok(())
}

/// Kills the functions' processes that this local cloud has started.
pub fn kill_functions(cloud: u32) -> Result<()> {
    let mut killed = 0;
    for process in descendants(cloud)? {
        let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        if String::from_utf8_lossy(&environment).contains("AWS_LAMBDA_FUNCTION_NAME=") {
            let status = Command::new("kill")
                .args(["-KILL", &process.to_string()])
                .status()?;
            ensure!(status.success(), "cannot kill {process}");
            killed += 1;
        }
    }
    ensure!(killed > 0, "no function has a process");
    Ok(())
}

pub fn descendants(of: u32) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    let mut next = vec![of];
    while let Some(parent) = next.pop() {
        for task in fs::read_dir(format!("/proc/{parent}/task"))
            .into_iter()
            .flatten()
        {
            let children = task?.path().join("children");
            for child in fs::read_to_string(children)
                .unwrap_or_default()
                .split_whitespace()
            {
                let child = child.parse().context("not a process id")?;
                found.push(child);
                next.push(child);
            }
        }
    }
    Ok(found)
}
