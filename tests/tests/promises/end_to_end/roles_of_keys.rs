//! The roles of the functions for signing keys and random values have no statement too much either, and of
//! those who start and order them none has.

use anyhow::{Result, bail, ensure};
use rekey_tests::door::Door;
use rekey_tests::scene::Scene;
use serde_json::{Value, json};

use super::PATIENCE;
use super::asking::{answered, office, refused, rotators};
use super::operating::{doctor, job, nobody_takes, observed, sweep, sweep_until, until};
use super::playground::{details, events, quiet_with, wait_over};
use super::roles::Role;
use super::webhooks::{begin, start_anew, webhook};

#[tokio::test]
async fn rotate_keys_needs_every_statement_of_its_role() -> Result<()> {
    let scene = quiet_with("role_rotate_keys", false, &[]).await?;
    let role = Role::of(&scene, "rotate-keys").await?;
    let whole = webhook(&scene, "whole", &[]).await?;
    rotated(&scene, &whole).await?;
    for sid in role.statements()? {
        let action = match sid {
            "RotateItsOwnSecrets" | "ReadFingerprintKey" => "GetSecretValue",
            "AnnounceItsRotations" => "PutEvents",
            other => bail!("a statement that nothing shows to be needed: {other}"),
        };
        let secret = webhook(&scene, &sid.to_lowercase(), &[]).await?;
        let before = scene.secrets.current(&secret).await?;
        let calls = role.refused(action)?;
        role.without(&[sid]).await?;
        start_anew(&scene)?;
        let version = begin(&scene, &secret).await?;
        wait_over(&scene, &version).await?;
        if sid != "RotateItsOwnSecrets" {
            role.is_refused(action, calls).await?;
        }
        let after = scene.secrets.current(&secret).await?;
        ensure!(after.id == before.id, "it rotates without {sid}");
        role.whole().await?;
    }
    start_anew(&scene)?;
    rotated(&scene, &whole).await
}

async fn rotated(scene: &Scene, secret: &str) -> Result<()> {
    let version = begin(scene, secret).await?;
    scene.secrets.wait_current(secret, &version, PATIENCE).await
}

/// Whoever gives a secret the wrong function is told so, and nothing changes.
#[tokio::test]
async fn neither_family_rotates_what_is_of_the_other() -> Result<()> {
    let scene = quiet_with("other_family", false, &[]).await?;
    let hook = webhook(&scene, "misled", &[]).await?;
    for (secret, function) in [
        (&hook, scene.stack.rotate_function()),
        (&scene.secret, scene.stack.output("KeysFunctionArn")),
    ] {
        let before = scene.secrets.current(secret).await?;
        let version = scene.secrets.rotate(secret, function).await?;
        wait_over(&scene, &version).await?;
        let after = scene.secrets.current(secret).await?;
        ensure!(after.id == before.id, "{function} rotates {secret}");
        let failures = details(&events(&scene).await?, "rekey.step.failed");
        let of_this = failures
            .iter()
            .find(|failure| failure["version_id"] == version.as_str());
        let class = of_this.map(|failure| &failure["class"]);
        ensure!(
            class == Some(&json!("invalid_request")),
            "{function}: {of_this:?}"
        );
    }
    Ok(())
}

/// Asks for the early retirement of a version, as a person does.
async fn retire(scene: &Scene, secret: &str, version: &str) -> Result<Value> {
    let order = json!({ "operation": "retire", "secret": secret, "version_id": version });
    let function = scene.stack.output("RetireKeysFunctionName");
    let answer = Door::of(&scene.cloud)
        .invoke(function, &order.to_string())
        .await?;
    Ok(answer.value)
}

#[tokio::test]
async fn retire_keys_needs_every_statement_of_its_role() -> Result<()> {
    let times = [("GraceSeconds", "1"), ("RetrySeconds", "1")];
    let scene = quiet_with("role_retire_keys", false, &times).await?;
    let hook = webhook(&scene, "hook", &[]).await?;
    let old = scene.secrets.current(&hook).await?.id;
    let role = Role::of(&scene, "retire-keys").await?;
    doctor(&scene).await?;
    rotated(&scene, &hook).await?;
    let still_there = async || -> Result<bool> {
        let previous = scene.secrets.labelled(&hook, "AWSPREVIOUS").await?;
        Ok(previous == [old.clone()])
    };
    observed(&scene).await?;
    let mut seen = Vec::new();
    for sid in role.statements()? {
        let action = match sid {
            "LookAtSecrets" => "DescribeSecret",
            "RetireWhatWeRotate" => "GetSecretValue",
            "KeepTheRegistry" => "Query",
            "AnnounceWhatItDoes" => "PutEvents",
            "TakeFromItsQueue" => continue,
            other => bail!("a statement that nothing shows to be needed: {other}"),
        };
        let before = role.refused(action)?;
        role.without(&[sid]).await?;
        let answer = retire(&scene, &hook, &old).await?;
        ensure!(
            answer["outcome"] != "retired",
            "it retires without {sid}: {answer}"
        );
        role.is_refused(action, before).await?;
        ensure!(still_there().await?, "it was retired without {sid}");
        role.whole().await?;
        seen.push(sid);
    }
    role.without(&["TakeFromItsQueue"]).await?;
    until(&scene, "a retirement is ordered", async || {
        Ok((sweep(&scene).await?["ordered"] == 1).then_some(()))
    })
    .await?;
    nobody_takes(&scene, "RetireKeysQueueUrl").await?;
    ensure!(
        still_there().await?,
        "an order was taken without TakeFromItsQueue"
    );
    role.whole().await?;
    sweep_until(&scene, "rekey.secret.retired", 1).await?;
    ensure!(!still_there().await?);
    assert_eq!(seen.len(), 4, "{seen:?}");
    Ok(())
}

#[tokio::test]
async fn the_doctor_resumes_a_rotation_of_a_key_by_a_statement_of_its_own() -> Result<()> {
    let times = [("StuckSeconds", "1"), ("ResumeSeconds", "1")];
    let scene = quiet_with("resumed_key", false, &times).await?;
    let hook = webhook(&scene, "hook", &[]).await?;
    doctor(&scene).await?;
    let rotate = Role::of(&scene, "rotate-keys").await?;
    rotate.without(&["RotateItsOwnSecrets"]).await?;
    let version = begin(&scene, &hook).await?;
    wait_over(&scene, &version).await?;
    rotate.whole().await?;
    let role = Role::of(&scene, "sweep").await?;
    let before = role.refused("RotateSecret")?;
    role.without(&["ResumeRotationsOfKeys"]).await?;
    until(&scene, "RotateSecret is refused", async || {
        job(&scene, "doctor").await?;
        Ok((role.refused("RotateSecret")? > before).then_some(()))
    })
    .await?;
    ensure!(scene.secrets.current(&hook).await?.id != version);
    role.whole().await?;
    until(&scene, "the doctor resumes it", async || {
        Ok((doctor(&scene).await?["resumed"] == 1).then_some(()))
    })
    .await?;
    scene.secrets.wait_current(&hook, &version, PATIENCE).await
}

#[tokio::test]
async fn a_request_rotates_a_key_by_a_statement_of_its_own() -> Result<()> {
    let (scene, admin) = office("asked_key", false, &[]).await?;
    let shop = rotators(&scene, &admin, "shop").await?;
    let hook = webhook(&scene, "hook", &[]).await?;
    let function = scene.stack.output("KeysFunctionArn");
    scene.secrets.turn_on(&hook, function).await?;
    until(&scene, "the set-up was tried", async || {
        let pending = scene.secrets.labelled(&hook, "AWSPENDING").await?;
        let current = scene.secrets.labelled(&hook, "AWSCURRENT").await?;
        Ok((pending.is_empty() || pending == current).then_some(()))
    })
    .await?;
    doctor(&scene).await?;
    // How old and new will share the time is not known before the first rotation.
    let whatever = json!({ "metadata": { "rollout_note": "CHG-1" } });
    let role = Role::of(&scene, "request").await?;
    let calls = role.refused("RotateSecret")?;
    role.without(&["RotateKeysOnRequest"]).await?;
    shop.ask("webhook/hook", "without", &whatever).await?;
    let refusal = refused(&scene, "without").await?;
    ensure!(refusal["class"] == "permission", "{refusal}");
    role.is_refused("RotateSecret", calls).await?;
    role.whole().await?;
    shop.ask("webhook/hook", "whole", &whatever).await?;
    let accepted = answered(&scene, "whole", "accepted").await?;
    let token = accepted["request"].as_str().unwrap_or_default();
    scene.secrets.wait_current(&hook, token, PATIENCE).await
}
