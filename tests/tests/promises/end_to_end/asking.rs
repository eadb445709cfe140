//! Teams that ask for rotations, administrators who say who they are, and the answers.

use anyhow::{Context as _, Result, ensure};
use rekey_tests::person::Person;
use rekey_tests::scene::Scene;
use rekey_tests::team::Team;
use serde_json::Value;

use super::PATIENCE;
use super::after_rotation::TRAIL;
use super::operating::{observed, until, versions};
use super::playground::{details, events, quiet_with};

/// The key of every scene's secret, as its users know it.
pub const KEY: &str = "db/app-primary";

/// A quiet scene whose secret is registered and has its rotation turned on, with somebody who may record
/// requesters. Requests may follow each other at once.
pub async fn office(
    name: &str,
    alternating: bool,
    more: &[(&str, &str)],
) -> Result<(Scene, Person)> {
    let fixed = [
        TRAIL,
        ("RequestIntervalSeconds", "0"),
        ("ApartSeconds", "60"),
    ];
    let parameters = [&fixed, more].concat();
    let scene = quiet_with(name, alternating, &parameters).await?;
    let strategy = if alternating {
        "alternating-users"
    } else {
        "single-user"
    };
    let (secrets, secret) = (&scene.secrets, &scene.secret);
    secrets
        .turn_on(secret, scene.stack.rotate_function())
        .await?;
    secrets.tag(secret, "rekey:strategy", strategy).await?;
    let policy = scene.stack.output("AdministratorPolicyArn");
    let admin = Person::with_policy(&scene.cloud, "ada", policy).await?;
    settled(&scene).await?;
    Ok((scene, admin))
}

/// Waits until the registry knows the secret, and Secrets Manager has tried the set-up.
pub async fn settled(scene: &Scene) -> Result<()> {
    let reader = scene.stack.output("ReaderPolicyArn");
    let reader = Person::with_policy(&scene.cloud, "reading", reader).await?;
    until(scene, "the secret is registered", async || {
        Ok((!versions(scene, &reader).await?.is_empty()).then_some(()))
    })
    .await?;
    until(scene, "the set-up was tried", async || {
        let pending = scene.secrets.labelled(&scene.secret, "AWSPENDING").await?;
        let current = scene.secrets.labelled(&scene.secret, "AWSCURRENT").await?;
        Ok((pending.is_empty() || pending == current).then_some(()))
    })
    .await?;
    observed(scene).await
}

/// A team, recorded with these words of `rekey requesters allow`.
pub async fn team(scene: &Scene, admin: &Person, name: &str, words: &[&str]) -> Result<Team> {
    let team = Team::make(scene, name).await?;
    let actor = format!("team {name}");
    let said = admin
        .rekey(
            &scene.settings,
            &[&["requesters", "allow", name, "--actor", &actor], words].concat(),
        )
        .await?;
    ensure!(said.code == 0, "{said:?}");
    Ok(team)
}

/// One that may rotate.
pub async fn rotators(scene: &Scene, admin: &Person, name: &str) -> Result<Team> {
    team(scene, admin, name, &["--role", "internal_admin"]).await
}

/// The answers of a type to the request with this correlation id.
pub async fn answers(scene: &Scene, detail_type: &str, id: &str) -> Result<Vec<Value>> {
    let all = details(&events(scene).await?, detail_type);
    Ok(all
        .into_iter()
        .filter(|detail| detail["correlation_id"] == id)
        .collect())
}

/// Waits for the refusal of a request.
pub async fn refused(scene: &Scene, id: &str) -> Result<Value> {
    until(scene, format!("{id} is refused"), async || {
        Ok(answers(scene, "rekey.request.refused", id).await?.pop())
    })
    .await
}

/// Waits for this answer to a request.
pub async fn answered(scene: &Scene, id: &str, answer: &str) -> Result<Value> {
    until(scene, format!("{id} is answered: {answer}"), async || {
        let answers = answers(scene, "rekey.request.answered", id).await?;
        Ok(answers.into_iter().find(|one| one["answer"] == answer))
    })
    .await
}

/// Waits until the rotation that a request asked for is over, and says how.
pub async fn completed(scene: &Scene, id: &str) -> Result<Value> {
    until(scene, format!("the rotation of {id} is over"), async || {
        let ends = answers(scene, "greentic.secrets.rotate.completed", id).await?;
        Ok(ends.into_iter().next())
    })
    .await
}

/// Waits until a request's version is current.
pub async fn current(scene: &Scene, answer: &Value) -> Result<String> {
    let token = answer["request"].as_str().context("no request")?.to_owned();
    scene
        .secrets
        .wait_current(&scene.secret, &token, PATIENCE)
        .await
        .with_context(|| scene.cloud.log())?;
    Ok(token)
}
