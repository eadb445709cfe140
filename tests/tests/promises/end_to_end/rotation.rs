//! What a rotation does, seen from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rekey_tests::cloud::Call;
use rekey_tests::halfway::Obstacle;
use rekey_tests::scene::{Plan, Scene};

use super::playground::{
    details, events, function_log, quiet, rotate, rotate_in_vain, wait_over, works,
};
use super::unique;

#[tokio::test]
async fn alternating_users_both_work_after_a_rotation() -> Result<()> {
    let scene = quiet("both", true).await?;
    let (old, new) = rotate(&scene).await?;
    assert_eq!(
        new.field("username"),
        format!("{}_clone", old.field("username"))
    );
    assert!(works(&scene, &old).await? && works(&scene, &new).await?);
    let previous = scene.secrets.version(&scene.secret, "AWSPREVIOUS").await?;
    assert_eq!(previous.id, old.id);
    let (_, third) = rotate(&scene).await?;
    assert_eq!(third.field("username"), old.field("username"));
    assert!(works(&scene, &new).await?);
    assert!(works(&scene, &third).await?);
    assert!(!works(&scene, &old).await?);
    Ok(())
}

#[tokio::test]
async fn a_native_schedule_rotates_without_anybody_asking() -> Result<()> {
    let name = unique("schedule");
    let scene = Scene::set(&Plan {
        // The check at the start takes three seconds, and a rotation waits for it.
        clock_scale: 4.0 * 3600.0 / 8.0,
        schedule: Some("rate(4 hours)"),
        ..Plan::quiet(&name, false)
    })
    .await?;
    let before = scene.secrets.current(&scene.secret).await?;
    let rotated = tokio::time::timeout(Duration::from_secs(20), async {
        while scene.secrets.current(&scene.secret).await?.id == before.id {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    });
    rotated.await??;
    Ok(())
}

/// The budget of a warm rotation of a single user, as the architecture page gives it.
#[tokio::test]
async fn a_warm_rotation_takes_nine_calls_two_logins_and_no_new_connection() -> Result<()> {
    let scene = quiet("budget", false).await?;
    rotate(&scene).await?;
    let (calls_before, log_before) = (ours(&scene)?, sql_log(&scene)?.len());
    rotate(&scene).await?;
    let calls: Vec<Call> = ours(&scene)?.split_off(calls_before.len());
    let mut counts = BTreeMap::<&str, usize>::new();
    for call in &calls {
        assert_eq!(call.status, Some(200), "{call:?}");
        *counts.entry(&call.action).or_default() += 1;
    }
    assert_eq!(counts.remove("PutEvents"), Some(1));
    assert_eq!(counts.values().sum::<usize>(), 9, "{counts:?}");
    let known: BTreeSet<u16> = calls_before.iter().map(|call| call.connection).collect();
    let new: Vec<&Call> = calls
        .iter()
        .filter(|call| !known.contains(&call.connection))
        .collect();
    assert!(new.is_empty(), "new connections: {new:?}");
    let log = sql_log(&scene)?.split_off(log_before);
    let user = format!("user={}", scene.database.app);
    let logins = log
        .lines()
        .filter(|line| line.contains("connection authorized") && line.contains(&user))
        .count();
    assert_eq!(logins, 2, "{log}");
    assert!(!log.contains(&format!(
        "password authentication failed for user \"{}\"",
        scene.database.app
    )));
    Ok(())
}

/// The calls of the rotation function.
fn ours(scene: &Scene) -> Result<Vec<Call>> {
    let role = scene.stack.output("DatabaseFunctionRoleName");
    let role = format!(":assumed-role/{role}/");
    let mut calls = scene.cloud.calls()?;
    calls.retain(|call| call.caller.contains(&role));
    Ok(calls)
}

fn sql_log(scene: &Scene) -> Result<String> {
    Ok(std::fs::read_to_string(&scene.database.server.log_file)?)
}

#[tokio::test]
async fn an_intent_with_a_keyed_fingerprint_comes_before_the_change() -> Result<()> {
    let scene = quiet("intent", true).await?;
    let (_, new) = rotate(&scene).await?;
    let intents = details(&events(&scene).await?, "rekey.rotation.intended");
    let intent = intents
        .iter()
        .find(|intent| intent["version_id"] == new.id.as_str())
        .context("no intent for the new version")?;
    assert_eq!(intent["step"], "setSecret");
    assert_eq!(intent["kind"], "postgres");
    assert_eq!(intent["strategy"], "alternating-users");
    assert_eq!(intent["secret"]["name"], "local/db/app-primary");
    let fingerprint = intent["fingerprint"].as_str().context("no fingerprint")?;
    assert!(fingerprint.starts_with("hmac-sha256:") && fingerprint.len() == 44);
    let put = ours(&scene)?;
    let at = |action: &str| {
        put.iter()
            .rfind(|call| call.action == action)
            .map(|call| call.at)
    };
    assert!(at("PutEvents") < at("UpdateSecretVersionStage"));
    Ok(())
}

#[tokio::test]
async fn a_second_rotation_inside_the_grace_is_refused_and_says_until_when() -> Result<()> {
    let name = unique("grace");
    let plan = Plan {
        grace_seconds: Some(600),
        ..Plan::quiet(&name, true)
    };
    let scene = Scene::set(&plan).await?;
    let (old, new) = rotate(&scene).await?;
    rotate_in_vain(&scene).await?;
    let failures = details(&events(&scene).await?, "rekey.step.failed");
    let failure = failures.first().context("no failure was announced")?;
    assert_eq!(failure["class"], "grace_running");
    assert_eq!(failure["step"], "createSecret");
    assert_eq!(failure["retryable"], true);
    assert!(
        failure["message"]
            .as_str()
            .unwrap_or_default()
            .contains("rekey:grace")
    );
    assert_eq!(scene.secrets.current(&scene.secret).await?.id, new.id);
    assert!(works(&scene, &old).await? && works(&scene, &new).await?);
    Ok(())
}

#[tokio::test]
async fn a_target_that_fails_halfway_is_healed_by_the_retry() -> Result<()> {
    let scene = quiet("halfway", true).await?;
    rotate(&scene).await?;
    let before = scene.secrets.current(&scene.secret).await?;
    let obstacle = Obstacle::place(&scene.database, &scene.database.app).await?;
    let version = scene
        .secrets
        .rotate(&scene.secret, scene.stack.rotate_function())
        .await?;
    obstacle.strike(super::PATIENCE).await?;
    scene
        .secrets
        .wait_current(&scene.secret, &version, super::PATIENCE)
        .await?;
    let failures = details(&events(&scene).await?, "rekey.step.failed");
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0]["step"], "setSecret");
    assert_eq!(failures[0]["class"], "target_unreachable");
    let after = scene.secrets.current(&scene.secret).await?;
    assert!(works(&scene, &before).await? && works(&scene, &after).await?);
    Ok(())
}

#[tokio::test]
async fn a_database_that_is_away_is_named_and_nothing_is_promoted() -> Result<()> {
    let scene = quiet("away", false).await?;
    let mut value = scene.database.secret(None);
    value["port"] = serde_json::json!(1);
    scene
        .secrets
        .client
        .put_secret_value()
        .secret_id(&scene.secret)
        .secret_string(value.to_string())
        .send()
        .await?;
    let before = scene.secrets.current(&scene.secret).await?;
    let version = rotate_in_vain(&scene).await?;
    assert_eq!(scene.secrets.current(&scene.secret).await?.id, before.id);
    let failures = details(&events(&scene).await?, "rekey.step.failed");
    assert_eq!(failures.len(), 3, "one for each attempt");
    assert!(
        failures
            .iter()
            .all(|failure| failure["class"] == "target_unreachable")
    );
    assert_eq!(failures[0]["version_id"], version.as_str());
    let log = function_log(&scene).await?;
    assert!(
        log.iter()
            .any(|line| line["message"] == "step failed" && line["class"] == "target_unreachable")
    );
    assert!(
        log.iter()
            .any(|line| line["StepFailed"] == 1 && line["Step"] == "setSecret")
    );
    Ok(())
}

#[tokio::test]
async fn turning_rotation_on_without_rotating_checks_the_set_up_and_changes_nothing() -> Result<()>
{
    let name = unique("trial");
    let scene = Scene::set(&Plan {
        schedule: Some("rate(30 days)"),
        ..Plan::quiet(&name, true)
    })
    .await?;
    let tried = tokio::time::timeout(super::PATIENCE, async {
        loop {
            let log = function_log(&scene).await?;
            if let Some(line) = log.into_iter().find(|line| line["step"] == "testSecret") {
                return anyhow::Ok(line);
            }
        }
    });
    let line = tried.await??;
    assert_eq!(line["outcome"], "probed", "{line}");
    let root = scene.database.superuser("postgres").await?;
    let clone = format!("{}_clone", scene.database.app);
    let made = root
        .query("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&clone])
        .await?;
    assert!(made.is_empty(), "{clone} was made by a check");
    let current = scene.secrets.current(&scene.secret).await?;
    assert!(works(&scene, &current).await?);
    Ok(())
}

#[tokio::test]
async fn a_rotation_begun_while_one_is_open_takes_up_the_open_one() -> Result<()> {
    let scene = quiet("open", true).await?;
    rotate(&scene).await?;
    let obstacle = Obstacle::place(&scene.database, &scene.database.app).await?;
    let first = scene
        .secrets
        .rotate(&scene.secret, scene.stack.rotate_function())
        .await?;
    obstacle.reached(super::PATIENCE).await?;
    let second = scene
        .secrets
        .rotate(&scene.secret, scene.stack.rotate_function())
        .await;
    assert!(
        second.is_err(),
        "a second rotation was begun beside an open one"
    );
    obstacle.give_way().await?;
    wait_over(&scene, &first).await?;
    assert_eq!(scene.secrets.current(&scene.secret).await?.id, first);
    Ok(())
}
