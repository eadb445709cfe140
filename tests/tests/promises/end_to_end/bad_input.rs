//! What is not a rotation is refused with a class and a sentence, and never a value.

use anyhow::{Context as _, Result, ensure};
use rekey_tests::scene::Scene;
use serde_json::{Value, json};

use super::playground::{details, events, invoke, quiet, rotate, rotate_in_vain, works};

const TOKEN: &str = "00000000-0000-4000-8000-000000000000";
/// Stands where a value must not be repeated from.
const CANARY: &str = "canary-value-4711";

/// Sends a text to the function, which must refuse it: its error type and message.
fn refused(scene: &Scene, payload: &str) -> Result<(String, String)> {
    let (failed, answer) = invoke(scene, payload)?;
    ensure!(failed, "it was not refused: {payload}");
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    Ok((text("errorType"), text("errorMessage")))
}

#[tokio::test]
async fn an_event_that_is_no_step_is_refused_with_a_class_and_a_sentence() -> Result<()> {
    let scene = quiet("nonsense", false).await?;
    let long = "x".repeat(70_000);
    for event in [
        json!(null),
        json!(42),
        json!([CANARY]),
        json!(CANARY),
        json!({}),
        json!({ "Step": CANARY, "SecretId": scene.secret, "ClientRequestToken": TOKEN }),
        json!({ "Step": "setSecret", "SecretId": [CANARY], "ClientRequestToken": TOKEN }),
        json!({ "Step": "setSecret", "SecretId": scene.secret, "ClientRequestToken": CANARY }),
        json!({ "Step": "setSecret", "SecretId": long, "ClientRequestToken": TOKEN }),
        json!({ "Step": "setSecret", "ClientRequestToken": TOKEN }),
        json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": { "x": CANARY } }),
    ] {
        let (class, text) = refused(&scene, &event.to_string())?;
        assert_eq!(class, "invalid_request", "{event}: {text}");
        assert!(text.len() > 20 && !text.contains(CANARY), "{text}");
    }
    let alive = rotate(&scene).await;
    assert!(alive.is_ok(), "the function did not survive: {alive:?}");
    Ok(())
}

#[tokio::test]
async fn a_step_for_an_unknown_version_or_a_secret_that_does_not_rotate_is_refused() -> Result<()> {
    let scene = quiet("unknown", false).await?;
    let step = |secret: &str| {
        json!({ "Step": "createSecret", "SecretId": secret, "ClientRequestToken": TOKEN })
            .to_string()
    };
    // The role lets the function at a secret only once that has it as its rotation function.
    assert_eq!(refused(&scene, &step(&scene.secret))?.0, "permission");
    rotate(&scene).await?;
    let (class, text) = refused(&scene, &step(&scene.secret))?;
    assert_eq!(class, "invalid_request", "{text}");
    assert!(text.contains("no version of this secret"), "{text}");
    scene
        .secrets
        .client
        .cancel_rotate_secret()
        .secret_id(&scene.secret)
        .send()
        .await?;
    let (class, text) = refused(&scene, &step(&scene.secret))?;
    assert_eq!(class, "invalid_request");
    assert!(text.contains("rotation is turned off"), "{text}");
    let (class, text) = refused(&scene, &step("local/db/nobody"))?;
    assert!(
        class == "invalid_request" || class == "permission",
        "{class}: {text}"
    );
    Ok(())
}

#[tokio::test]
async fn a_replayed_step_of_a_finished_rotation_succeeds_and_changes_nothing() -> Result<()> {
    let scene = quiet("replay", true).await?;
    let (old, new) = rotate(&scene).await?;
    let before = scene.secrets.describe(&scene.secret).await?;
    for step in [
        "finishSecret",
        "setSecret",
        "create_secret",
        "test_secret",
        "setSecret",
    ] {
        let event = json!({
            "Step": step,
            "SecretId": scene.secret,
            "ClientRequestToken": new.id,
            "RotationToken": "a-rotation-token-of-at-least-36-characters",
        });
        let (failed, answer) = invoke(&scene, &event.to_string())?;
        assert!(!failed, "{step}: {answer}");
    }
    let after = scene.secrets.describe(&scene.secret).await?;
    assert_eq!(after.version_ids_to_stages, before.version_ids_to_stages);
    assert!(works(&scene, &old).await? && works(&scene, &new).await?);
    Ok(())
}

#[tokio::test]
async fn a_secret_that_is_no_database_secret_is_refused_and_stays_as_it_is() -> Result<()> {
    let scene = quiet("wrong", false).await?;
    let good = scene.database.secret(None);
    let without = |name: &str| {
        let mut value = good.clone();
        value.as_object_mut().unwrap().remove(name);
        value.to_string()
    };
    let with = |name: &str, other: Value| {
        let mut value = good.clone();
        value[name] = other;
        value.to_string()
    };
    for value in [
        CANARY.to_owned(),
        "[]".to_owned(),
        without("host"),
        without("username"),
        without("password"),
        without("engine"),
        with("engine", json!(CANARY)),
        with("port", json!("many")),
        with("username", json!(7)),
        full_to_the_brim(&good),
    ] {
        scene
            .secrets
            .client
            .put_secret_value()
            .secret_id(&scene.secret)
            .secret_string(&value)
            .send()
            .await
            .with_context(|| format!("{} bytes", value.len()))?;
        let version = rotate_in_vain(&scene).await?;
        let failures = details(&events(&scene).await?, "rekey.step.failed");
        let failure = failures
            .iter()
            .find(|failure| failure["version_id"] == version.as_str())
            .with_context(|| format!("no failure of {version} in {failures:#?}"))?;
        assert_eq!(failure["class"], "invalid_request", "{failure}");
        assert!(
            failure["message"]
                .as_str()
                .is_some_and(|text| text.len() > 20)
        );
        assert!(!failure.to_string().contains(CANARY));
        let password = good["password"].as_str().unwrap();
        assert!(!failure.to_string().contains(password));
        assert!(
            scene
                .database
                .logs_in(&scene.database.app, password)
                .await?
        );
        // The value that is put next closes the open rotation.
    }
    Ok(())
}

/// A secret of 65,536 bytes with a short password: with a longer one it is over the limit.
fn full_to_the_brim(good: &Value) -> String {
    let mut value = good.clone();
    value["password"] = json!("short");
    value["extra"] = json!("");
    let room = 65_536 - value.to_string().len();
    value["extra"] = json!("x".repeat(room));
    value.to_string()
}
