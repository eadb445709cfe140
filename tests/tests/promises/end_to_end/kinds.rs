//! A secret of another kind than the scene's own, from its native schedule to the audit trail.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use rekey_tests::scene::{Plan, Scene};
use rekey_tests::secrets::Version;
use serde_json::Value;

use super::auditing::{NO_CHECKPOINTS, listed, written};
use super::operating::{doctor, operator, sweep_until, until};
use super::playground::UNSCHEDULED;

const SCHEDULE: &str = "rate(4 hours)";
/// So long are four hours here. The check of the set-up takes three seconds, and a rotation waits for it.
const FOUR_HOURS: f64 = 5.0;
/// The schedule is slowed down after the first rotation, and Secrets Manager checks the set-up once more: no
/// credential is retired meanwhile.
const GRACE: &str = "4";

/// A scene whose functions believe the authorities in a file.
pub async fn scene(name: &str, ca_file: &Path) -> Result<Scene> {
    let ca_file = ca_file.display().to_string();
    let more = [
        NO_CHECKPOINTS,
        ("GraceSeconds", GRACE),
        ("RetrySeconds", "1"),
        ("CaFile", &ca_file),
    ];
    Scene::set(&Plan {
        clock_scale: 4.0 * 3600.0 / FOUR_HOURS,
        parameters: &[&UNSCHEDULED[..], &more].concat(),
        ..Plan::quiet(name, false)
    })
    .await
}

/// Makes the superuser secret of a target, and then the secret of its application, named `name`; the ARN of the
/// second.
pub async fn secrets(
    scene: &Scene,
    (name, kind): (&str, &str),
    superuser: &Value,
    of_app: impl FnOnce(&str) -> Value,
) -> Result<String> {
    let secrets = &scene.secrets;
    let admin = format!("{name}-admin");
    let tags = [("rekey:superuser", "true")];
    let superuser = secrets.create(&admin, superuser, &tags).await?;
    let tags = [("rekey:kind", kind), ("rekey:owner", "demo")];
    secrets.create(name, &of_app(&superuser), &tags).await
}

/// The schedule rotates it, both passwords work through the grace, the old one is refused after its retirement,
/// and the trail tells of both.
pub async fn lives(
    scene: &Scene,
    (name, secret): (&str, &str),
    logs_in: impl AsyncFn(&Version) -> Result<bool>,
) -> Result<()> {
    let (secrets, function) = (&scene.secrets, scene.stack.rotate_function());
    let olga = operator(scene).await?;
    doctor(scene).await?;
    let old = secrets.current(secret).await?;
    secrets.schedule(secret, function, SCHEDULE).await?;
    let new = until(scene, "the schedule has rotated it", async || {
        let current = secrets.current(secret).await?;
        Ok((current.id != old.id).then_some(current))
    })
    .await?;
    secrets.turn_on(secret, function).await?;
    ensure!(logs_in(&new).await?, "the new password is refused");
    ensure!(
        logs_in(&old).await?,
        "the old password is refused in its grace"
    );

    let retired = sweep_until(scene, "rekey.secret.retired", 1).await?;
    let [retired] = retired.as_slice() else {
        bail!("more than one was retired: {retired:#?}");
    };
    ensure!(retired["secret"]["name"] == name, "{retired}");
    ensure!(retired["version_id"] == old.id.as_str(), "{retired}");
    ensure!(!logs_in(&old).await?, "the old password is taken");
    ensure!(
        logs_in(&new).await?,
        "the new password went with the old one"
    );

    written(scene).await?;
    let records = listed(scene, &olga, &["--target", name]).await?;
    let actions = records.iter().filter_map(|one| one["action"].as_str());
    let actions: BTreeSet<_> = actions.collect();
    let wanted = ["rotation.intended", "secret.rotated", "credential.retired"];
    ensure!(actions.is_superset(&wanted.into()), "{actions:?}");
    Ok(())
}
