//! What becomes of rotations and of what is due.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use rekey_events::Timestamp;
use rekey_tests::door::Door;
use rekey_tests::gate::Gate;
use rekey_tests::scene::Scene;
use rekey_tests::team::now;
use serde_json::{Value, json};

use super::bells::{Bells, Lost, Starved, heard};
use super::table::{Place, names};
use crate::end_to_end::auditing::NO_CHECKPOINTS;
use crate::end_to_end::operating::{NAME, doctor, until};
use crate::end_to_end::playground::{rotate, rotate_in_vain, wait_over};

/// The sweep comes every second; the doctor is called by hand, and is as impatient as can be.
const PARAMETERS: [(&str, &str); 4] = [
    NO_CHECKPOINTS,
    ("SweepExpression", "rate(1 minute)"),
    ("StuckSeconds", "1"),
    ("ResumeSeconds", "1"),
];
const MINUTE: Duration = Duration::from_secs(1);

/// How late something is found to be due: less than the hour that the sweep looks back, and more than the
/// half that rings.
const LATE: i64 = 3_000;

#[tokio::test]
async fn what_keeps_rotations_from_ending_and_deadlines_from_being_met_rings() -> Result<()> {
    let scene = heard("alarms_rotations", false, MINUTE, &PARAMETERS).await?;
    let mut bells = Bells::of(&scene)?;
    let gate = behind_a_gate(&scene).await?;
    let (_, new) = rotate(&scene).await?;
    wait_over(&scene, &new.id).await?;
    bells
        .quiet(&names(Place::Rotations).collect::<Vec<_>>())
        .await?;
    nobody_sweeps(&scene, &mut bells).await?;
    it_is_too_late(&scene, &mut bells).await?;
    no_step_is_run(&scene, &mut bells).await?;
    the_target_is_gone(&scene, &mut bells, &gate).await?;
    bells
        .quiet(&names(Place::Rotations).collect::<Vec<_>>())
        .await?;
    bells.end(Place::Rotations);
    Ok(())
}

async fn nobody_sweeps(scene: &Scene, bells: &mut Bells<'_>) -> Result<()> {
    let registry = Lost::permission(scene, "-eu-west-1-sweep", "dynamodb:*").await?;
    bells.ring(&["sweep-failing"]).await?;
    registry.given_back().await?;
    let alarms = [
        "sweep-failing",
        "sweep-not-running",
        "sweep-dead-letters-waiting",
        "sweep-throttled",
    ];
    let schedule = Lost::permission(scene, "-SchedulerRole-", "lambda:InvokeFunction").await?;
    let starved = Starved::function(scene, "SweepFunctionName").await?;
    starved.is_throttled().await?;
    bells.ring(&alarms).await?;
    starved.fed().await?;
    schedule.given_back().await?;
    emptied(scene).await?;
    bells.quiet(&alarms).await
}

async fn emptied(scene: &Scene) -> Result<()> {
    let queue = scene.stack.output("SweepDeadLetterQueueUrl");
    Door::of(&scene.cloud).take(queue).await?;
    Ok(())
}

/// A deadline that is found late, and a secret that is older than it may be.
async fn it_is_too_late(scene: &Scene, bells: &mut Bells<'_>) -> Result<()> {
    let may_be_days_old = async |days: &str| {
        scene
            .secrets
            .tag(&scene.secret, "rekey:max-age", days)
            .await?;
        doctor(scene).await
    };
    may_be_days_old("90").await?;
    was_due_before(scene).await?;
    bells.ring(&["deadlines-late"]).await?;
    may_be_days_old("0").await?;
    bells.ring(&["rotations-overdue"]).await?;
    may_be_days_old("90").await?;
    Ok(())
}

/// Of what is due in some days, the first was due some time ago; and nobody has looked since.
async fn was_due_before(scene: &Scene) -> Result<()> {
    let table = scene.stack.output("RegistryTable");
    let call = async |action: &str, more: Value| -> Result<Value> {
        let target = format!("DynamoDB_20120810.{action}");
        Door::of(&scene.cloud)
            .json("dynamodb", &target, &more)
            .await
    };
    let text = |item: &Value, name: &str| -> Result<String> {
        let text = item[name]["S"].as_str().context("no text")?;
        Ok(text.to_owned())
    };
    let scan = json!({
        "TableName": table, "FilterExpression": "begins_with(pk, :pk)",
        "ExpressionAttributeValues": { ":pk": { "S": "DUE#" } },
    });
    let found = call("Scan", scan).await?;
    let items = found["Items"].as_array().context("no items")?;
    let first = items
        .iter()
        .min_by_key(|item| item["due_at"]["N"].to_string());
    let first = first.context("nothing is due")?;
    let at = now()?.unix() - LATE;
    let (what, version) = (text(first, "what")?, text(first, "version")?);
    let shard = text(first, "pk")?.pop().context("no shard")?;
    let hour = Timestamp::of_unix(at).map_err(|error| anyhow!("{error}"))?;
    let hour = json!(hour).as_str().context("no time")?.to_owned();
    let hour: String = hour.chars().filter(char::is_ascii_digit).take(10).collect();

    let mut moved = first.clone();
    moved["pk"] = json!({ "S": format!("DUE#{hour}#{shard}") });
    moved["sk"] = json!({ "S": format!("{at:012}#{NAME}#{what}#{version}") });
    moved["due_at"] = json!({ "N": at.to_string() });
    moved["promised"] = moved["due_at"].clone();
    let update = json!({
        "TableName": table,
        "Key": { "pk": { "S": format!("SECRET#{NAME}") }, "sk": { "S": "META" } },
        "UpdateExpression": "SET deadlines.#key.due_at = :at, deadlines.#key.promised = :at",
        "ExpressionAttributeNames": { "#key": format!("{what}#{version}") },
        "ExpressionAttributeValues": { ":at": moved["due_at"] },
    });
    let old = json!({ "TableName": table, "Key": { "pk": first["pk"], "sk": first["sk"] } });
    call("DeleteItem", old).await?;
    call("UpdateItem", update).await?;
    call("PutItem", json!({ "TableName": table, "Item": moved })).await?;
    Ok(())
}

async fn no_step_is_run(scene: &Scene, bells: &mut Bells<'_>) -> Result<()> {
    let starved = Starved::function(scene, "DatabaseFunctionName").await?;
    let function = scene.stack.rotate_function();
    let version = scene.secrets.rotate(&scene.secret, function).await?;
    bells.ring(&["rotate-database-steps-throttled"]).await?;
    starved.fed().await?;
    wait_over(scene, &version).await
}

/// From now on the way to the database can be closed.
async fn behind_a_gate(scene: &Scene) -> Result<Gate> {
    let server = &scene.database.server;
    let gate = Gate::before(&server.host, server.port).await?;
    gate.open();
    let mut value = scene.database.secret(None);
    value["port"] = json!(gate.port);
    let put = scene.secrets.client.put_secret_value();
    let put = put.secret_id(&scene.secret);
    put.secret_string(value.to_string()).send().await?;
    Ok(gate)
}

/// The rotation is given up in the end, and its version cleared when the target is back.
async fn the_target_is_gone(scene: &Scene, bells: &mut Bells<'_>, gate: &Gate) -> Result<()> {
    gate.close();
    let version = rotate_in_vain(scene).await?;
    bells.ring(&["rotate-database-steps-failing"]).await?;
    let mut resumed = 0;
    until(scene, "the doctor gives up", async || {
        // A resumed rotation has all its attempts before it is judged again.
        let over = format!("is over: {version}");
        if scene.cloud.log().matches(&over).count() <= resumed {
            return Ok(None);
        }
        let round = doctor(scene).await?;
        resumed += usize::from(round["resumed"] == 1);
        Ok((round["given_up"] == 1).then_some(()))
    })
    .await?;
    bells
        .ring(&["rotations-stuck", "rotations-failing"])
        .await?;
    gate.open();
    until(scene, "the open version is cleared", async || {
        let round = doctor(scene).await?;
        Ok((round["stuck"] == 0).then_some(()))
    })
    .await?;
    Ok(())
}
