//! The end of the grace.

use anyhow::{Context as _, Result};
use serde_json::json;

use super::operating::{
    NAME, announced, doctor, observed, operator, recorded, rekey, rekey_json, sweep, sweep_until,
    versions,
};
use super::playground::{details, events, quiet_with, rotate, works};
use rekey_tests::health::Health;
use rekey_tests::scene::Scene;

#[tokio::test]
async fn the_grace_ends_with_a_warning_and_a_credential_that_is_proved_dead() -> Result<()> {
    let times = [
        ("GraceSeconds", "3"),
        ("WarningSeconds", "2"),
        ("HoldSeconds", "2"),
        ("RetrySeconds", "1"),
    ];
    let scene = quiet_with("grace_ends", true, &times).await?;
    let olga = operator(&scene).await?;
    // Nobody has told of the secret yet; the doctor finds it.
    doctor(&scene).await?;
    let old = scene.secrets.current(&scene.secret).await?;
    let session = scene
        .database
        .connect(old.field("username"), old.field("password"))
        .await?;
    let (_, new) = rotate(&scene).await?;
    recorded(&scene, &olga, &new.id, "current").await?;

    let warned = sweep_until(&scene, "rekey.grace.ending", 1).await?;
    assert_eq!(warned[0]["version_id"], old.id.as_str());
    // An open session of the old credential holds it, for as long as the bound says.
    let held = sweep_until(&scene, "rekey.secret.retire_held", 1).await?;
    assert_eq!(held[0]["cause"], "sessions_open");
    assert!(works(&scene, &old).await?, "held, and yet it was revoked");
    session
        .simple_query("SELECT 1")
        .await
        .context("held, and yet its session was ended")?;
    let retired = sweep_until(&scene, "rekey.secret.retired", 1).await?;
    let retired = &retired[0];
    assert_eq!(retired["version_id"], old.id.as_str());
    assert_eq!(retired["proof"]["method"], "login_refused");
    assert_eq!(retired["proof"]["sessions_ended"], 1);
    assert_eq!(retired["waited_for"], json!(["sessions_open"]));
    assert_eq!(retired["label_removed"], true);
    // Something spoke against it, and the longest wait was over.
    assert_eq!(retired["forced"], true);

    assert!(
        !works(&scene, &old).await?,
        "the old credential still logs in"
    );
    assert!(works(&scene, &new).await?, "the new credential was hit too");
    assert!(
        session.simple_query("SELECT 1").await.is_err(),
        "its session lives on"
    );
    assert!(
        scene
            .secrets
            .labelled(&scene.secret, "AWSPREVIOUS")
            .await?
            .is_empty()
    );
    let all = recorded(&scene, &olga, &old.id, "retired").await?;
    assert!(
        all[1]["retirement"]["login_refused_at"].is_string(),
        "{all:#?}"
    );

    // Whoever sweeps once more finds nothing, and says nothing.
    let again = sweep(&scene).await?;
    assert_eq!(
        (&again["announced"], &again["ordered"]),
        (&json!(0), &json!(0)),
        "{again}"
    );
    observed(&scene).await?;
    let all = events(&scene).await?;
    for once in [
        "rekey.grace.ending",
        "rekey.retire.intended",
        "rekey.secret.retired",
    ] {
        assert_eq!(details(&all, once).len(), 1, "{once}");
    }
    let place = |wanted: &str| all.iter().position(|event| event["detail-type"] == wanted);
    assert!(place("rekey.grace.ending") < place("rekey.retire.intended"));
    assert!(place("rekey.retire.intended") < place("rekey.secret.retired"));

    // With two users the next rotation needs the user that was taken out of use.
    let (_, third) = rotate(&scene).await?;
    assert_eq!(third.field("username"), old.field("username"));
    assert!(works(&scene, &new).await? && works(&scene, &third).await?);
    Ok(())
}

/// Gives the secret a health check, and waits until that is known.
async fn watch(scene: &Scene, health: &Health) -> Result<()> {
    use aws_sdk_secretsmanager::types::Tag;
    let tag = Tag::builder()
        .key("rekey:health")
        .value(&health.url)
        .build();
    let call = scene.secrets.client.tag_resource();
    call.secret_id(&scene.secret).tags(tag).send().await?;
    Ok(())
}

#[tokio::test]
async fn an_early_retirement_waits_for_the_health_check_unless_it_is_forced() -> Result<()> {
    let scene = quiet_with("early", true, &[]).await?;
    let olga = operator(&scene).await?;
    doctor(&scene).await?;
    let health = Health::start().await?;
    watch(&scene, &health).await?;
    let (first, second) = rotate(&scene).await?;
    recorded(&scene, &olga, &second.id, "current").await?;

    let now = ["retire", NAME, "--yes", "--no-wait"];
    let held = rekey_json(&scene, &olga, 3, &now).await?;
    assert_eq!(
        held["answer"]["causes"],
        json!(["health_check_failing"]),
        "{held}"
    );
    assert!(works(&scene, &first).await?, "held, and yet it was revoked");
    assert_eq!(
        recorded(&scene, &olga, &first.id, "held").await?[1]["version"],
        1
    );
    let explained = rekey(&scene, &olga, &["doctor", NAME]).await?;
    assert_eq!(explained.code, 1, "{explained:?}");
    assert!(explained.out.contains(&health.url), "{explained:?}");

    health.set(true);
    let done = rekey_json(&scene, &olga, 0, &now).await?;
    assert_eq!(
        (&done["outcome"], &done["version"]),
        (&json!("retired"), &json!(1))
    );
    assert!(!works(&scene, &first).await? && works(&scene, &second).await?);
    let again = rekey_json(&scene, &olga, 0, &now).await?;
    assert_eq!(again["outcome"], "void", "{again}");

    health.set(false);
    let (_, third) = rotate(&scene).await?;
    recorded(&scene, &olga, &third.id, "current").await?;
    rekey_json(&scene, &olga, 3, &now).await?;
    let force = ["retire", NAME, "--yes", "--force", "--reason", "leaked"];
    let forced = rekey_json(&scene, &olga, 0, &force).await?;
    assert_eq!(
        (&forced["outcome"], &forced["version"]),
        (&json!("retired"), &json!(2))
    );
    assert!(!works(&scene, &second).await? && works(&scene, &third).await?);

    let retired = announced(&scene, "rekey.secret.retired", 2).await?;
    assert_eq!(retired.len(), 2, "{retired:#?}");
    assert_eq!(retired[0]["forced"], false);
    assert_eq!(
        (&retired[1]["forced"], &retired[1]["reason"]),
        (&json!(true), &json!("leaked"))
    );
    assert!(
        retired[1]["requested_by"]
            .as_str()
            .is_some_and(|who| who.contains("olga"))
    );
    let known = versions(&scene, &olga).await?;
    assert_eq!(known[1]["retirement"]["reason"], "leaked", "{known:#?}");
    Ok(())
}
