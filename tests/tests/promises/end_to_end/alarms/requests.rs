//! What becomes of requests for rotations.

use std::time::Duration;

use anyhow::{Context as _, Result};
use rekey_tests::door::Door;
use rekey_tests::person::Person;
use rekey_tests::scene::Scene;
use rekey_tests::team::{ASKED, Put, now};
use serde_json::{Value, json};

use super::bells::{Bells, Starved, heard};
use super::table::{Place, names};
use crate::end_to_end::after_rotation::TRAIL;
use crate::end_to_end::asking::{KEY, answered, completed, rotators, settled};
use crate::end_to_end::auditing::NO_CHECKPOINTS;

const PARAMETERS: [(&str, &str); 4] = [
    TRAIL,
    NO_CHECKPOINTS,
    ("RequestIntervalSeconds", "0"),
    ("ApartSeconds", "60"),
];
/// For how long others take every call, if nobody stops them.
const MINUTES: usize = 3;
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn what_keeps_requests_from_being_answered_or_done_rings() -> Result<()> {
    let scene = heard("alarms_requests", true, MINUTE, &PARAMETERS).await?;
    let mut bells = Bells::of(&scene)?;
    let function = scene.stack.rotate_function();
    scene.secrets.turn_on(&scene.secret, function).await?;
    let policy = scene.stack.output("AdministratorPolicyArn");
    let admin = Person::with_policy(&scene.cloud, "ada", policy).await?;
    settled(&scene).await?;
    let shop = rotators(&scene, &admin, "shop").await?;
    bells
        .quiet(&names(Place::Requests).collect::<Vec<_>>())
        .await?;

    let starved = Starved::function(&scene, "RequestFunctionName").await?;
    shop.ask(KEY, "flow-1", &json!({})).await?;
    bells.ring(&["requests-waiting-long"]).await?;
    let seconds: Vec<_> = (now()?.unix()..).take(MINUTES * 60).collect();
    every_call(&scene, &seconds, taken).await?;
    starved.fed().await?;
    bells
        .killed_until_it_rings("request-failing", "RequestFunctionName")
        .await?;
    answered(&scene, "flow-1", "accepted").await?;
    it_waits_for_an_hour(&scene).await?;
    bells.ring(&["rotations-waiting-long"]).await?;
    every_call(&scene, &seconds, free).await?;
    completed(&scene, "flow-1").await?;

    let broken = json!({ "key": 7, "timestamp": "2026-11-22T02:00:00Z" });
    let bus = scene.stack.output("RequestsBusName");
    let put = shop.put(bus, &[(&shop.source, ASKED, &broken)]).await?;
    assert_eq!(put, Put::Taken);
    bells.ring(&["request-dead-letters-waiting"]).await?;
    Door::of(&scene.cloud)
        .take(scene.stack.output("RequestDeadLetterQueueUrl"))
        .await?;
    bells
        .quiet(&names(Place::Requests).collect::<Vec<_>>())
        .await?;
    bells.end(Place::Requests);
    Ok(())
}

async fn registry(scene: &Scene, action: &str, more: Value) -> Result<Value> {
    let target = format!("DynamoDB_20120810.{action}");
    Door::of(&scene.cloud)
        .json("dynamodb", &target, &more)
        .await
}

/// What becomes of the calls of RotateSecret that there may be in some seconds.
async fn every_call(scene: &Scene, seconds: &[i64], becomes: fn(Value) -> Value) -> Result<()> {
    let table = scene.stack.output("RegistryTable");
    // As many as one call takes.
    for some in seconds.chunks(25) {
        let key = |second: &i64| json!({ "pk": { "S": format!("RATE#{second}") }, "sk": { "S": "META" } });
        let items: Vec<_> = some.iter().map(key).map(becomes).collect();
        let batch = json!({ "RequestItems": { table: items } });
        registry(scene, "BatchWriteItem", batch).await?;
    }
    Ok(())
}

/// Somebody else has made all of them.
fn taken(mut second: Value) -> Value {
    second["taken"] = json!({ "N": "50" });
    json!({ "PutRequest": { "Item": second } })
}

fn free(second: Value) -> Value {
    json!({ "DeleteRequest": { "Key": second } })
}

/// The one request that waits has done so for an hour.
async fn it_waits_for_an_hour(scene: &Scene) -> Result<()> {
    let table = scene.stack.output("RegistryTable");
    let earlier = json!({ "N": (now()?.unix() - 3_600).to_string() });
    let scan = json!({
        "TableName": table, "FilterExpression": "begins_with(pk, :pk)",
        "ExpressionAttributeValues": { ":pk": { "S": "REQUEST#" } },
    });
    let found = registry(scene, "Scan", scan).await?;
    let item = found["Items"].get(0).context("no request")?;
    let update = json!({
        "TableName": table, "Key": { "pk": item["pk"], "sk": item["sk"] },
        "UpdateExpression": "SET received_at = :earlier",
        "ExpressionAttributeValues": { ":earlier": earlier },
    });
    registry(scene, "UpdateItem", update).await?;
    Ok(())
}
