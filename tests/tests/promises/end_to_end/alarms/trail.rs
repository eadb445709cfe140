//! What becomes of the audit trail, and the bus that feeds it.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use rekey_events::Timestamp;
use rekey_tests::cloud::REGION;
use rekey_tests::door::Door;
use rekey_tests::scene::Scene;
use serde_json::json;

use super::bells::{Bells, Lost, Starved, heard};
use super::table::{Place, names};
use crate::end_to_end::auditing::{Table, checkpoint, written};
use crate::end_to_end::operating::{kill, until};
use crate::end_to_end::playground::{events, rotate};

/// A second for the five minutes between checkpoints.
const MINUTE: Duration = Duration::from_millis(200);

#[tokio::test]
async fn what_keeps_the_trail_from_being_written_or_proved_rings() -> Result<()> {
    let scene = heard("alarms_trail", false, MINUTE, &[]).await?;
    let mut bells = Bells::of(&scene)?;
    rotate(&scene).await?;
    written(&scene).await?;
    bells
        .quiet(&names(Place::Trail).collect::<Vec<_>>())
        .await?;
    permissions_are_lost(&scene, &mut bells).await?;
    a_record_is_gone(&scene, &mut bells).await?;
    the_writer_does_not_start(&scene, &mut bells).await?;
    it_comes_late_or_not_at_all(&scene, &mut bells).await?;
    bells.end(Place::Trail);
    Ok(())
}

/// Each role lacks what it cannot do without.
async fn permissions_are_lost(scene: &Scene, bells: &mut Bells<'_>) -> Result<()> {
    let alarms = [
        "checkpoint-failing",
        "audit-unwritable",
        "audit-events-waiting-long",
        "audit-dead-letters-waiting",
        "rotate-audit-keys-steps-failing",
    ];
    let signing = Lost::permission(scene, "-eu-west-1-checkpoint", "kms:Sign").await?;
    let keeping = Lost::permission(scene, "-eu-west-1-audit", "dynamodb:PutItem").await?;
    let putting = "secretsmanager:PutSecretValue";
    let renewing = Lost::permission(scene, "-eu-west-1-rotate-audit-keys", putting).await?;
    let (keys, function) = (
        scene.stack.output("AuditKeysArn"),
        scene.stack.output("AuditKeysFunctionArn"),
    );
    rotate(scene).await?;
    until(scene, "the schedule of the keys was tried", async || {
        let pending = scene.secrets.labelled(keys, "AWSPENDING").await?;
        let current = scene.secrets.labelled(keys, "AWSCURRENT").await?;
        Ok((pending.is_empty() || pending == current).then_some(()))
    })
    .await?;
    scene.secrets.rotate(keys, function).await?;
    bells.ring(&alarms).await?;
    for lost in [signing, keeping, renewing] {
        lost.given_back().await?;
    }
    written(scene).await?;
    emptied(scene, "AuditDeadLetterQueueUrl").await?;
    bells.quiet(&alarms).await
}

/// Nobody may run the checkpoint, and the newest record is taken out of the table behind the writer's back.
async fn a_record_is_gone(scene: &Scene, bells: &mut Bells<'_>) -> Result<()> {
    let schedule = Lost::permission(scene, "-CheckpointSched", "lambda:InvokeFunction").await?;
    let starved = Starved::function(scene, "AuditFunctionName").await?;
    // The local cloud asks no function that has no concurrency to take from a queue; so somebody else does.
    starved.is_throttled().await?;
    bells
        .ring(&["checkpoint-not-running", "audit-throttled"])
        .await?;
    checkpoint(scene).await?;
    let table = Table::of(scene);
    let last = table.count("platform").await?;
    let newest = table.item("platform", last).await?;
    table.delete("platform", last).await?;
    schedule.given_back().await?;
    bells.ring(&["chain-broken"]).await?;
    table.put(&newest).await?;
    starved.fed().await?;
    bells
        .quiet(&["checkpoint-not-running", "audit-throttled", "chain-broken"])
        .await
}

/// The function cannot read its keys, and is new.
async fn the_writer_does_not_start(scene: &Scene, bells: &mut Bells<'_>) -> Result<()> {
    let reading = "secretsmanager:GetSecretValue";
    let keys = Lost::permission(scene, "-eu-west-1-audit", reading).await?;
    kill(scene, "AuditFunctionName")?;
    rotate(scene).await?;
    bells.ring(&["audit-failing"]).await?;
    keys.given_back().await?;
    written(scene).await?;
    bells.quiet(&["audit-failing"]).await
}

/// An event of an hour ago, as a replay of the archive brings it; and one that the bus cannot deliver.
async fn it_comes_late_or_not_at_all(scene: &Scene, bells: &mut Bells<'_>) -> Result<()> {
    let alarms = ["audit-late", "dead-letters-waiting"];
    let (door, bus) = (Door::of(&scene.cloud), scene.stack.output("BusName"));
    let mut event = events(scene).await?.pop().context("no event")?;
    let heard = Timestamp::parse(event["time"].as_str().context("no time")?);
    let heard = heard.map_err(|error| anyhow!("{error}"))?.unix();
    let earlier = Timestamp::of_unix(heard - 3_600).map_err(|error| anyhow!("{error}"))?;
    event["time"] = json!(earlier);
    let batch = json!({ "Records": [{
        "messageId": "m-1", "receiptHandle": "r", "body": event.to_string(),
        "attributes": { "ApproximateReceiveCount": "1" }, "messageAttributes": {}, "md5OfBody": "",
        "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:0:q", "awsRegion": "eu-west-1",
    }] });
    // Nobody but the rule may send to the queue.
    let function = scene.stack.output("AuditFunctionName");
    let answer = door.invoke(function, &batch.to_string()).await?;
    ensure!(!answer.failed, "{}", answer.value);
    a_queue_is_gone(scene).await?;
    rotate(scene).await?;
    bells.ring(&alarms).await?;
    let gone = json!({ "Rule": "gone", "EventBusName": bus, "Ids": ["gone"] });
    door.json("events", "AWSEvents.RemoveTargets", &gone)
        .await?;
    emptied(scene, "DeadLetterQueueUrl").await?;
    bells.quiet(&alarms).await
}

/// Somebody has a rule on the bus, whose queue was deleted.
async fn a_queue_is_gone(scene: &Scene) -> Result<()> {
    let (door, bus) = (Door::of(&scene.cloud), scene.stack.output("BusName"));
    let pattern = json!({ "source": [{ "prefix": "rekey." }] }).to_string();
    let rule = json!({ "Name": "gone", "EventBusName": bus, "EventPattern": pattern });
    door.json("events", "AWSEvents.PutRule", &rule).await?;
    let queue = |name: &str| format!("arn:aws:sqs:{REGION}:123456789012:{name}");
    let target = json!({
        "Id": "gone", "Arn": queue("gone"),
        "DeadLetterConfig": { "Arn": queue("rekey-local-dead-letters") },
    });
    let targets = json!({ "Rule": "gone", "EventBusName": bus, "Targets": [target] });
    door.json("events", "AWSEvents.PutTargets", &targets)
        .await?;
    Ok(())
}

/// Takes out what was put aside.
async fn emptied(scene: &Scene, output: &str) -> Result<()> {
    Door::of(&scene.cloud)
        .take(scene.stack.output(output))
        .await?;
    Ok(())
}
