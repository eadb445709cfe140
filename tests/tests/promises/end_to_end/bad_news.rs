//! What is no event, no order and no job; and events that say what is not so.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use rekey_tests::door::Door;
use rekey_tests::halfway::Obstacle;
use serde_json::{Value, json};

use super::PATIENCE;
use super::operating::{
    NAME, depth, observed, operator, recorded, rekey, rekey_json, told, until, versions,
};
use super::playground::{events, quiet, rotate, wait_over, works};

const FORGED: &str = "00000000-0000-4000-8000-000000000000";
/// Stands where a value must not be repeated from.
const CANARY: &str = "canary-value-4711";

fn label_event(name: &str, label: &str, version: &str) -> Value {
    json!({
        "version": "0", "id": "e-1", "source": "aws.secretsmanager", "detail-type": "Secret Label Updated",
        "account": "123456789012", "region": "eu-west-1", "time": "2026-11-22T02:00:00Z", "resources": [],
        "detail": { "name": name, "labelUpdated": label, "versionId": version },
    })
}

#[tokio::test]
async fn what_is_no_event_is_parked_and_holds_nothing_else_up() -> Result<()> {
    let scene = quiet("garbage", true).await?;
    let olga = operator(&scene).await?;
    let (_, second) = rotate(&scene).await?;
    recorded(&scene, &olga, &second.id, "current").await?;
    observed(&scene).await?;
    let known = versions(&scene, &olga).await?;

    let half = json!({ "detail-type": "Secret Label Updated", "source": "aws.secretsmanager", "detail": {} });
    let parked = [
        CANARY.to_owned(),
        "{}".to_owned(),
        "{\"detail\":".to_owned(),
        json!({ "detail-type": CANARY, "detail": {} }).to_string(),
        half.to_string(),
        // Of a version that Secrets Manager does not list.
        label_event(NAME, "AWSCURRENT", FORGED).to_string(),
    ];
    let ignored = [
        label_event("local/db/nobody", "AWSCURRENT", FORGED).to_string(),
        // An old word, late: the look says what is so.
        label_event(NAME, "AWSCURRENT", &second.id).to_string(),
    ];
    let (door, queue) = (
        Door::of(&scene.cloud),
        scene.stack.output("ObserveQueueUrl"),
    );
    for body in parked.iter().chain(&ignored) {
        door.send(queue, body).await?;
    }
    // What comes with them is recorded all the same.
    let (_, third) = rotate(&scene).await?;
    recorded(&scene, &olga, &third.id, "current").await?;
    until(&scene, "what cannot be read is parked", async || {
        let there = depth(&scene, "ObserveDeadLetterQueueUrl").await?.waiting;
        Ok((there >= parked.len() as u64).then_some(()))
    })
    .await?;
    observed(&scene).await?;
    let found = rekey(&scene, &olga, &["doctor"]).await?;
    assert_eq!(found.code, 1, "{found:?}");
    assert!(
        found.out.contains("6 messages that could not be worked on"),
        "{found:?}"
    );
    let mut lies = door
        .take(scene.stack.output("ObserveDeadLetterQueueUrl"))
        .await?;
    lies.sort();
    let mut expected = parked.to_vec();
    expected.sort();
    assert_eq!(lies, expected);
    let logs = told(&scene).await;
    assert!(
        !logs.contains(CANARY),
        "the log repeats what could not be read"
    );
    let now = versions(&scene, &olga).await?;
    assert_eq!(now.len(), known.len() + 1);
    assert_eq!(now[2]["version_id"], known[1]["version_id"]);
    Ok(())
}

#[tokio::test]
async fn a_broken_order_is_parked_and_nonsense_is_answered_with_a_class_and_a_sentence()
-> Result<()> {
    let scene = quiet("orders", true).await?;
    let olga = operator(&scene).await?;
    let (first, second) = rotate(&scene).await?;
    recorded(&scene, &olga, &second.id, "current").await?;
    let door = Door::of(&scene.cloud);
    let orders = [
        CANARY.to_owned(),
        json!({ "operation": CANARY, "secret": NAME, "version_id": first.id }).to_string(),
        json!({ "operation": "retire", "secret": NAME, "version_id": CANARY }).to_string(),
    ];
    for order in &orders {
        door.send(scene.stack.output("RetireQueueUrl"), order)
            .await?;
    }
    for output in [
        "ObserveFunctionName",
        "SweepFunctionName",
        "RetireFunctionName",
    ] {
        for nonsense in [
            json!(null),
            json!(42),
            json!([CANARY]),
            json!({ "job": CANARY }),
            json!({}),
        ] {
            let answer = door
                .invoke(scene.stack.output(output), &nonsense.to_string())
                .await?;
            assert!(answer.failed, "{output} took {nonsense}: {}", answer.value);
            assert_eq!(
                answer.value["errorType"], "invalid_request",
                "{output}: {nonsense}"
            );
            let text = answer.value["errorMessage"].as_str().unwrap_or_default();
            assert!(
                text.len() > 20 && !text.contains(CANARY),
                "{output}: {text}"
            );
        }
    }
    // An order about a version that never was, or is in use, is answered and changes nothing.
    for version in [FORGED, second.id.as_str()] {
        let order = json!({ "operation": "retire", "secret": NAME, "version_id": version });
        let retire = scene.stack.output("RetireFunctionName");
        let answer = door.invoke(retire, &order.to_string()).await?;
        assert!(!answer.failed, "{}", answer.value);
        assert_ne!(answer.value["outcome"], "retired", "{}", answer.value);
        assert!(answer.value["message"].is_string(), "{}", answer.value);
    }
    assert!(works(&scene, &first).await? && works(&scene, &second).await?);
    until(&scene, "the broken orders are parked", async || {
        let there = depth(&scene, "RetireDeadLetterQueueUrl").await?.waiting;
        Ok((there >= orders.len() as u64).then_some(()))
    })
    .await?;
    assert!(!told(&scene).await.contains(CANARY));
    Ok(())
}

#[tokio::test]
async fn a_label_that_is_moved_by_hand_in_the_middle_of_a_rotation_is_recorded_as_it_is()
-> Result<()> {
    let scene = quiet("by_hand", true).await?;
    let olga = operator(&scene).await?;
    let (first, second) = rotate(&scene).await?;
    recorded(&scene, &olga, &second.id, "current").await?;
    let obstacle = Obstacle::place(&scene.database, &scene.database.app).await?;
    let third = scene
        .secrets
        .rotate(&scene.secret, scene.stack.rotate_function())
        .await?;
    obstacle.reached(PATIENCE).await?;
    let moved = scene.secrets.client.update_secret_version_stage();
    moved
        .secret_id(&scene.secret)
        .version_stage("AWSCURRENT")
        .move_to_version_id(&first.id)
        .remove_from_version_id(&second.id)
        .send()
        .await?;
    obstacle.give_way().await?;
    wait_over(&scene, &third).await?;
    // Whatever the rotation came to: what is recorded is what is so.
    until(
        &scene,
        "the registry agrees with Secrets Manager",
        async || {
            let described = scene.secrets.describe(&scene.secret).await?;
            let labels = described.version_ids_to_stages.context("no labels")?;
            let recorded: BTreeMap<String, Vec<String>> = versions(&scene, &olga)
                .await?
                .iter()
                .map(|one| {
                    let id = one["version_id"].as_str().unwrap_or_default().to_owned();
                    let labels = one["labels"].as_array().cloned().unwrap_or_default();
                    let labels = labels.iter().filter_map(Value::as_str).map(str::to_owned);
                    (id, labels.collect())
                })
                .collect();
            let agrees = labels.iter().all(|(id, labels)| {
                let mut labels = labels.clone();
                labels.sort();
                recorded.get(id).is_some_and(|known| *known == labels)
            });
            Ok(agrees.then_some(()))
        },
    )
    .await?;
    let current = scene.secrets.current(&scene.secret).await?;
    assert!(works(&scene, &current).await?, "AWSCURRENT does not log in");
    let found = rekey_json_any(&scene, &olga).await?;
    let drifts = found["findings"].as_array().context("no findings")?.iter();
    assert_eq!(
        drifts.filter(|one| one["code"] == "drift").count(),
        0,
        "{found}"
    );
    let all = events(&scene).await?;
    assert!(
        all.iter()
            .any(|event| event["detail-type"] == "greentic.secrets.rotate.completed")
    );
    let shown = rekey_json(&scene, &olga, 0, &["secrets", "show", NAME]).await?;
    assert_eq!(
        shown["secret"]["current"]["version_id"],
        current.id.as_str()
    );
    Ok(())
}

async fn rekey_json_any(
    scene: &rekey_tests::scene::Scene,
    olga: &rekey_tests::person::Person,
) -> Result<Value> {
    rekey(scene, olga, &["doctor", NAME, "--json"])
        .await?
        .json()
}
