//! The previous credential comes back.

use anyhow::{Context as _, Result};
use rekey_tests::door::Door;
use rekey_tests::halfway::Obstacle;
use serde_json::{Value, json};

use super::PATIENCE;
use super::operating::{
    NAME, announced, observed, operator, recorded, rekey, rekey_json, sweep_until,
};
use super::playground::{details, events, quiet_with, rotate, wait_over, works};

fn due(shown: &Value, version: u32) -> Result<bool> {
    let due = shown["secret"]["due"].as_array().context("no deadlines")?;
    let of = |one: &Value| one["what"] == "retire" && one["version"] == version;
    Ok(due.iter().any(of))
}

#[tokio::test]
async fn a_rollback_inside_the_grace_brings_the_old_credential_back_and_later_retires_the_new_one()
-> Result<()> {
    let times = [
        ("GraceSeconds", "6"),
        ("WarningSeconds", "0"),
        ("RetrySeconds", "1"),
    ];
    let scene = quiet_with("back", true, &times).await?;
    let olga = operator(&scene).await?;
    let (first, second) = rotate(&scene).await?;
    recorded(&scene, &olga, &second.id, "current").await?;
    let shown = rekey_json(&scene, &olga, 0, &["secrets", "show", NAME]).await?;
    assert!(due(&shown, 1)?, "{shown}");

    let back = [
        "rollback",
        NAME,
        "--reason",
        "the new role lacks a grant",
        "--yes",
    ];
    let done = rekey_json(&scene, &olga, 0, &back).await?;
    assert_eq!(
        (&done["outcome"], &done["to"]["version"]),
        (&json!("rolled_back"), &json!(1))
    );
    assert_eq!(done["answer"]["restored"], false, "it was alive: {done}");
    assert_eq!(scene.secrets.current(&scene.secret).await?.id, first.id);
    assert!(works(&scene, &first).await? && works(&scene, &second).await?);
    recorded(&scene, &olga, &first.id, "current").await?;
    let shown = rekey_json(&scene, &olga, 0, &["secrets", "show", NAME]).await?;
    assert!(
        !due(&shown, 1)?,
        "the deadline of what is in use was left armed: {shown}"
    );
    assert!(
        due(&shown, 2)?,
        "what was rolled back from lives for ever: {shown}"
    );

    // Once more changes nothing, and going on to what was rolled back from is refused.
    let retire = scene.stack.output("RetireFunctionName");
    let order = json!({
        "operation": "roll_back", "secret": scene.secret, "reason": "once more",
        "version_id": first.id, "from_version": second.id,
    });
    let again = Door::of(&scene.cloud)
        .invoke(retire, &order.to_string())
        .await?;
    assert_eq!(again.value["outcome"], "already_done", "{}", again.value);
    let onwards = rekey(&scene, &olga, &back).await?;
    assert_eq!(onwards.code, 3, "{onwards:?}");
    assert_eq!(scene.secrets.current(&scene.secret).await?.id, first.id);

    // The deadline of the first switch is past by then: it must not hit what is in use again.
    let retired = sweep_until(&scene, "rekey.secret.retired", 1).await?;
    assert_eq!(retired[0]["version_id"], second.id.as_str());
    assert!(!works(&scene, &second).await? && works(&scene, &first).await?);

    observed(&scene).await?;
    let all = events(&scene).await?;
    let told = details(&all, "rekey.secret.rolled_back");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["from_version"], second.id.as_str());
    assert_eq!(told[0]["to_version"], first.id.as_str());
    assert_eq!(told[0]["reason"], "the new role lacks a grant");
    assert_eq!(told[0]["proof"]["method"], "login_accepted");
    let completed = details(&all, "greentic.secrets.rotate.completed");
    let results: Vec<&Value> = completed.iter().map(|one| &one["result"]).collect();
    assert_eq!(
        results,
        [&json!("success"), &json!("rolled_back")],
        "{completed:#?}"
    );
    assert_eq!(details(&all, "rekey.secret.retired").len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_rollback_after_retirement_makes_the_credential_valid_again_and_none_goes_beside_a_rotation()
-> Result<()> {
    let scene = quiet_with("revive", true, &[]).await?;
    let olga = operator(&scene).await?;
    let (first, second) = rotate(&scene).await?;
    recorded(&scene, &olga, &second.id, "current").await?;
    rekey_json(&scene, &olga, 0, &["retire", NAME, "--yes", "--no-wait"]).await?;
    assert!(!works(&scene, &first).await?);

    // A rotation is open: the user that it changes is the one that would come back.
    let obstacle = Obstacle::place(&scene.database, &scene.database.app).await?;
    let open = scene
        .secrets
        .rotate(&scene.secret, scene.stack.rotate_function())
        .await?;
    obstacle.reached(PATIENCE).await?;
    let back = [
        "rollback",
        NAME,
        "--reason",
        "it was retired too early",
        "--to",
        "1",
        "--yes",
    ];
    let refused = rekey(&scene, &olga, &back).await?;
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("rotation_open"), "{refused:?}");
    assert_eq!(scene.secrets.current(&scene.secret).await?.id, second.id);
    obstacle.give_way().await?;
    wait_over(&scene, &open).await?;
    assert_eq!(scene.secrets.current(&scene.secret).await?.id, open);
    recorded(&scene, &olga, &open, "current").await?;

    // The third version has the first one's user; the second is retired and comes back.
    rekey_json(&scene, &olga, 0, &["retire", NAME, "--yes", "--no-wait"]).await?;
    assert!(!works(&scene, &second).await?);
    let back = ["rollback", NAME, "--reason", "the third is bad", "--yes"];
    let done = rekey_json(&scene, &olga, 0, &back).await?;
    assert_eq!(
        (&done["outcome"], &done["to"]["version"]),
        (&json!("rolled_back"), &json!(2))
    );
    assert_eq!(done["answer"]["restored"], true, "{done}");
    assert_eq!(scene.secrets.current(&scene.secret).await?.id, second.id);
    assert!(works(&scene, &second).await?, "AWSCURRENT does not log in");
    let told = announced(&scene, "rekey.secret.rolled_back", 1).await?;
    assert_eq!(told[0]["restored"], true);
    let healthy = rekey(&scene, &olga, &["doctor"]).await?;
    assert_eq!(healthy.code, 0, "{healthy:?}");
    Ok(())
}
