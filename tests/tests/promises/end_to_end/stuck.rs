//! The doctor: rotations that stand still, secrets that are gone.

use anyhow::{Context as _, Result};
use rekey_tests::gate::Gate;
use rekey_tests::person::Person;
use rekey_tests::scene::Scene;
use serde_json::{Value, json};

use super::PATIENCE;
use super::operating::{
    NAME, announced, depth, doctor, observed, operator, recorded, rekey, rekey_json, sweep, told,
    until,
};
use super::playground::{details, events, quiet_with, rotate, rotate_in_vain, works};

/// As impatient as can be.
const IMPATIENT: [(&str, &str); 2] = [("StuckSeconds", "1"), ("ResumeSeconds", "1")];

/// A scene whose database is behind a gate that is closed, with a rotation that has failed for good.
async fn stuck(name: &str) -> Result<(Scene, Person, Gate, String)> {
    let scene = quiet_with(name, false, &IMPATIENT).await?;
    let olga = operator(&scene).await?;
    let server = &scene.database.server;
    let gate = Gate::before(&server.host, server.port).await?;
    let mut value = scene.database.secret(None);
    value["port"] = json!(gate.port);
    let put = scene.secrets.client.put_secret_value();
    put.secret_id(&scene.secret)
        .secret_string(value.to_string())
        .send()
        .await?;
    let version = rotate_in_vain(&scene).await?;
    recorded(&scene, &olga, &version, "pending").await?;
    Ok((scene, olga, gate, version))
}

/// The only problem that `rekey doctor` finds.
async fn problem(scene: &Scene, olga: &Person) -> Result<Value> {
    let found = rekey_json(scene, olga, 1, &["doctor", NAME]).await?;
    let all = found["findings"].as_array().context("no findings")?;
    let mut problems = all.iter().filter(|one| one["severity"] == "problem");
    let first = problems
        .next()
        .with_context(|| format!("no problem in {found}"))?;
    anyhow::ensure!(problems.next().is_none(), "{found}");
    Ok(first.clone())
}

#[tokio::test]
async fn a_stuck_rotation_is_explained_and_resumed_and_completes_when_its_cause_is_mended()
-> Result<()> {
    let (scene, olga, gate, version) = stuck("mended").await?;
    let before = scene.secrets.current(&scene.secret).await?;
    let finding = until(&scene, "the doctor calls it stuck", async || {
        let finding = problem_or_none(&scene, &olga).await?;
        Ok(finding.filter(|finding| finding["code"] == "stuck"))
    })
    .await?;
    let text = finding["text"].as_str().unwrap_or_default();
    assert!(
        text.contains("setSecret failed with target_unreachable"),
        "{finding}"
    );
    assert!(
        finding["since"].is_string() && finding["advice"].is_string(),
        "{finding}"
    );

    gate.open();
    let round = doctor(&scene).await?;
    assert_eq!(
        (&round["resumed"], &round["stuck"]),
        (&json!(1), &json!(1)),
        "{round}"
    );
    scene
        .secrets
        .wait_current(&scene.secret, &version, PATIENCE)
        .await?;
    let after = scene.secrets.current(&scene.secret).await?;
    assert!(works(&scene, &after).await? && !works(&scene, &before).await?);
    recorded(&scene, &olga, &version, "current").await?;
    let healthy = rekey(&scene, &olga, &["doctor"]).await?;
    assert_eq!(healthy.code, 0, "{healthy:?}");
    let round = doctor(&scene).await?;
    assert_eq!(
        (&round["resumed"], &round["stuck"]),
        (&json!(0), &json!(0)),
        "{round}"
    );
    observed(&scene).await?;
    let completed = details(&events(&scene).await?, "greentic.secrets.rotate.completed");
    let of_it = completed
        .iter()
        .filter(|one| one["version_id"] == version.as_str());
    let results: Vec<&Value> = of_it.map(|one| &one["result"]).collect();
    assert_eq!(results, ["success"], "{completed:#?}");
    Ok(())
}

async fn problem_or_none(scene: &Scene, olga: &Person) -> Result<Option<Value>> {
    let found = rekey(scene, olga, &["doctor", NAME, "--json"])
        .await?
        .json()?;
    let all = found["findings"].as_array().context("no findings")?;
    Ok(all.iter().find(|one| one["severity"] == "problem").cloned())
}

#[tokio::test]
async fn a_rotation_that_never_heals_is_given_up_after_three_resumes_and_cleared_on_proof()
-> Result<()> {
    let (scene, olga, gate, version) = stuck("never").await?;
    let before = scene.secrets.current(&scene.secret).await?;
    let mut resumed = 0;
    let given_up = until(&scene, "the doctor gives up", async || {
        // A resumed rotation has all its attempts before it is judged again.
        let over = scene
            .cloud
            .log()
            .matches(&format!("is over: {version}"))
            .count();
        if over <= resumed {
            return Ok(None);
        }
        let round = doctor(&scene).await?;
        resumed += usize::from(round["resumed"] == 1);
        Ok((round["given_up"] == 1).then_some(()))
    });
    if let Err(error) = given_up.await {
        return Err(error.context(told(&scene).await));
    }
    assert_eq!(resumed, 3);
    let told = announced(&scene, "rekey.secret.quarantined", 1).await?;
    assert_eq!(
        (&told[0]["resumes"], &told[0]["cleared"]),
        (&json!(3), &json!(false))
    );
    assert_eq!(told[0]["class"], "target_unreachable");
    assert_eq!(told[0]["step"], "setSecret");
    assert_eq!(problem(&scene, &olga).await?["code"], "quarantined");

    // Nothing can be proved while the database is away; when it is back, it refuses what is open.
    gate.open();
    until(&scene, "the open version is cleared", async || {
        doctor(&scene).await?;
        let open = scene.secrets.labelled(&scene.secret, "AWSPENDING").await?;
        Ok(open.is_empty().then_some(()))
    })
    .await?;
    assert_eq!(scene.secrets.current(&scene.secret).await?.id, before.id);
    assert!(works(&scene, &before).await?);
    let described = scene.secrets.describe(&scene.secret).await?;
    assert_eq!(
        described.rotation_enabled,
        Some(true),
        "the schedule was turned off"
    );
    let calls = scene.cloud.calls()?;
    assert!(calls.iter().all(|call| call.action != "CancelRotateSecret"));

    // A success lifts the quarantine.
    let (_, healed) = rotate(&scene).await?;
    recorded(&scene, &olga, &healed.id, "current").await?;
    let told = announced(&scene, "rekey.secret.quarantined", 2).await?;
    assert_eq!(told[1]["cleared"], true, "{told:#?}");
    let healthy = rekey(&scene, &olga, &["doctor"]).await?;
    assert_eq!(healthy.code, 0, "{healthy:?}");
    observed(&scene).await?;
    let all = events(&scene).await?;
    assert_eq!(details(&all, "rekey.secret.quarantined").len(), 2);
    let completed = details(&all, "greentic.secrets.rotate.completed");
    let failed: Vec<&Value> = completed
        .iter()
        .filter(|one| one["result"] == "failed")
        .collect();
    assert_eq!(failed.len(), 1, "{completed:#?}");
    assert_eq!(failed[0]["version_id"], version.as_str());
    Ok(())
}

#[tokio::test]
async fn a_secret_that_is_gone_is_told_once_and_its_deadline_comes_to_nothing() -> Result<()> {
    let times = [
        &IMPATIENT[..],
        &[("GraceSeconds", "1"), ("RetrySeconds", "1")],
    ]
    .concat();
    let scene = quiet_with("gone", true, &times).await?;
    let olga = operator(&scene).await?;
    let (first, second) = rotate(&scene).await?;
    recorded(&scene, &olga, &second.id, "current").await?;
    // What comes after the deletion would find the secret gone before the deadline does.
    observed(&scene).await?;
    let delete = scene
        .secrets
        .client
        .delete_secret()
        .secret_id(&scene.secret);
    delete.force_delete_without_recovery(true).send().await?;

    // Its deadline is due, and what it is about is out of reach.
    until(&scene, "the retirement was ordered", async || {
        Ok((sweep(&scene).await?["ordered"] == 1).then_some(()))
    })
    .await?;
    until(&scene, "the doctor misses it", async || {
        doctor(&scene).await?;
        let missing = details(&events(&scene).await?, "greentic.secrets.missing.detected");
        Ok((!missing.is_empty()).then_some(()))
    })
    .await?;
    doctor(&scene).await?;
    let shown = rekey_json(&scene, &olga, 0, &["secrets", "show", NAME]).await?;
    assert_eq!(shown["secret"]["due"], json!([]), "{shown}");
    let swept = sweep(&scene).await?;
    assert_eq!(
        (&swept["announced"], &swept["ordered"]),
        (&json!(0), &json!(0)),
        "{swept}"
    );
    doctor(&scene).await?;
    let missing = details(&events(&scene).await?, "greentic.secrets.missing.detected");
    assert_eq!(missing.len(), 1, "{missing:#?}");
    assert_eq!(missing[0]["secret"]["name"], NAME);
    assert_eq!(problem(&scene, &olga).await?["code"], "missing");
    assert!(details(&events(&scene).await?, "rekey.secret.retired").is_empty());
    assert!(
        works(&scene, &first).await?,
        "a credential was revoked of which nothing is known"
    );
    assert!(depth(&scene, "RetireDeadLetterQueueUrl").await?.is_empty());
    Ok(())
}
