//! Every event of the bus becomes one record that nobody can bend unseen.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use rekey_tests::door::Door;
use rekey_tests::given;
use rekey_tests::scene::Scene;
use serde_json::{Value, json};

use super::PATIENCE;
use super::after_rotation::TRAIL;
use super::auditing::{
    NO_CHECKPOINTS, Table, checkpoint, exported, findings, listed, python, verified,
    verified_by_a_stranger, written,
};
use super::operating::{NAME, kill, observed, operator, recorded, rekey, rekey_json, until};
use super::playground::{events, quiet_with, rotate};

const READS: (&str, &str) = ("AuditReads", "true");

/// The ids of the records, each of which stands there once.
fn ids(records: &[Value]) -> Result<BTreeSet<String>> {
    let ids: Vec<_> = records.iter().filter_map(|it| it["id"].as_str()).collect();
    let set: BTreeSet<_> = ids.iter().map(|id| (*id).to_owned()).collect();
    ensure!(set.len() == records.len(), "a record stands there twice");
    Ok(set)
}

/// The ids of the events on the bus.
async fn told(scene: &Scene) -> Result<BTreeSet<String>> {
    let all = events(scene).await?;
    let ids = all
        .iter()
        .filter_map(|event| event["detail"]["event_id"].as_str());
    Ok(ids.map(str::to_owned).collect())
}

fn actions(records: &[Value]) -> BTreeSet<&str> {
    records
        .iter()
        .filter_map(|record| record["action"].as_str())
        .collect()
}

#[tokio::test]
async fn every_event_is_one_record_and_a_stranger_can_prove_that_none_was_bent() -> Result<()> {
    let scene = quiet_with("audited", true, &[TRAIL, READS, NO_CHECKPOINTS]).await?;
    let olga = operator(&scene).await?;
    let (_, new) = rotate(&scene).await?;
    recorded(&scene, &olga, &new.id, "current").await?;
    observed(&scene).await?;
    written(&scene).await?;

    // Once each, and nothing besides.
    let all = listed(&scene, &olga, &[]).await?;
    assert_eq!(ids(&all)?, told(&scene).await?);
    let of_rotation = listed(&scene, &olga, &["--request", &new.id]).await?;
    let found = actions(&of_rotation);
    assert!(
        found.is_superset(&["rotation.intended", "secret.rotated"].into()),
        "{found:?}"
    );
    let reads = listed(
        &scene,
        &olga,
        &["--action", "secret.accessed", "--target", NAME],
    )
    .await?;
    assert!(
        reads.len() > 1 && reads.len() < all.len(),
        "{} reads",
        reads.len()
    );

    // Brought again, whatever is brought: an archive is replayed after a fault.
    let before = Table::of(&scene).count("platform").await?;
    let function = scene.stack.output("AuditFunctionName");
    let events = events(&scene).await?;
    let records: Vec<_> = events.iter().take(30).enumerate().map(|(number, event)| json!({
        "messageId": format!("m-{number}"), "receiptHandle": "r", "body": event.to_string(),
        "attributes": { "ApproximateReceiveCount": "2" }, "messageAttributes": {}, "md5OfBody": "",
        "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:0:q", "awsRegion": "eu-west-1",
    })).collect();
    let batch = json!({ "Records": records }).to_string();
    let answer = Door::of(&scene.cloud).invoke(function, &batch).await?;
    assert!(!answer.failed, "{}", answer.value);
    assert_eq!(answer.value["batchItemFailures"], json!([]));
    written(&scene).await?;
    assert_eq!(Table::of(&scene).count("platform").await?, before);

    // Signed, and proved with and without an account.
    let made = checkpoint(&scene).await?;
    assert_eq!((&made["number"], &made["broken"]), (&json!(1), &json!([])));
    let verdict = verified(&scene, &olga, 0, &[]).await?;
    let platform = &verdict["chains"][0];
    assert_eq!(platform["chain"], "platform");
    assert_eq!(platform["signed_to"]["seq"], before, "{verdict}");
    let export = exported(&scene, &olga, "export").await?;
    let stranger = verified_by_a_stranger(&export, &[]).await?;
    assert_eq!(stranger.code, 0, "{stranger:?}");
    let key = export.join("public-key.pem");
    let script = given::root().join("docs/audit_verify.py");
    let output = python(&script, &[&export, &key]).await?;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    // A copy that somebody bent.
    let lines = export.join("platform.ndjson");
    let text = fs::read_to_string(&lines)?;
    fs::write(&lines, text.replacen("rekey.rotate", "rekey.nobody", 1))?;
    let stranger = verified_by_a_stranger(&export, &[]).await?;
    assert_eq!(stranger.code, 4, "{stranger:?}");
    assert!(
        findings(&stranger.json()?).contains(&"altered".to_owned()),
        "{stranger:?}"
    );
    let output = python(&script, &[&export, &key]).await?;
    assert!(!output.status.success());

    bent(&scene).await
}

/// What somebody does to the table who may do everything to it: each is found, and the checkpoint does not
/// sign it.
async fn bent(scene: &Scene) -> Result<()> {
    let table = Table::of(scene);
    let olga = super::operating::operator_named(scene, "auditor").await?;
    let last = table.count("platform").await?;
    let (second, third) = (
        table.item("platform", 2).await?,
        table.item("platform", 3).await?,
    );
    let end = table.item("platform", last).await?;

    let mut edited = second.clone();
    let link = edited["link"]["S"].as_str().context("no link")?;
    edited["link"]["S"] = json!(link.replacen("rekey.", "nobody.", 1));
    table.put(&edited).await?;
    assert_eq!(
        findings(&verified(scene, &olga, 4, &[]).await?)[0],
        "altered"
    );
    table.put(&second).await?;

    table.delete("platform", 2).await?;
    assert_eq!(
        findings(&verified(scene, &olga, 4, &[]).await?)[0],
        "removed"
    );
    table.put(&second).await?;

    let (mut one, mut other) = (second.clone(), third.clone());
    (one["sk"], other["sk"]) = (third["sk"].clone(), second["sk"].clone());
    table.put(&one).await?;
    table.put(&other).await?;
    assert_eq!(findings(&verified(scene, &olga, 4, &[]).await?)[0], "moved");
    table.put(&second).await?;
    table.put(&third).await?;

    table.delete("platform", last).await?;
    let verdict = verified(scene, &olga, 4, &[]).await?;
    assert!(
        findings(&verdict).contains(&"cut_tail".to_owned()),
        "{verdict}"
    );
    let broken = checkpoint(scene).await?;
    assert_eq!(broken["broken"][0]["chain"], "platform", "{broken}");
    table.put(&end).await?;

    verified(scene, &olga, 0, &[]).await?;
    let made = checkpoint(scene).await?;
    assert_eq!(made["broken"], json!([]), "{made}");
    Ok(())
}

#[tokio::test]
async fn the_keys_of_the_seals_are_rotated_and_what_they_sealed_stays_proved() -> Result<()> {
    let scene = quiet_with("resealed", false, &[TRAIL, READS, NO_CHECKPOINTS]).await?;
    let olga = operator(&scene).await?;
    rotate(&scene).await?;
    observed(&scene).await?;
    written(&scene).await?;
    checkpoint(&scene).await?;
    let (keys, function) = (
        scene.stack.output("AuditKeysArn"),
        scene.stack.output("AuditKeysFunctionArn"),
    );
    until(
        &scene,
        "the set-up of the ring's schedule was tried",
        async || {
            let pending = scene.secrets.labelled(keys, "AWSPENDING").await?;
            Ok(pending.is_empty().then_some(()))
        },
    )
    .await?;
    let version = scene.secrets.rotate(keys, function).await?;
    let rotated = scene.secrets.wait_current(keys, &version, PATIENCE).await;
    rotated.with_context(|| scene.cloud.log())?;
    // A function that was warm goes on with the ring that it has; a new one reads the new ring.
    kill(&scene, "AuditFunctionName")?;
    rotate(&scene).await?;
    observed(&scene).await?;
    written(&scene).await?;
    let table = Table::of(&scene);
    let sealed_with = async |seq| -> Result<String> {
        let item = table.item("platform", seq).await?;
        let link: Value = serde_json::from_str(item["link"]["S"].as_str().context("no link")?)?;
        Ok(link["key"].as_str().context("no key")?.to_owned())
    };
    let last = table.count("platform").await?;
    assert_eq!(sealed_with(1).await?, "1");
    assert_eq!(sealed_with(last).await?, "2");
    // The warm checkpoint function has the old ring, and reads the new one when it has to.
    let made = checkpoint(&scene).await?;
    assert_eq!(made["broken"], json!([]), "{made}");

    // An auditor who is given the ring proves the seals too.
    let ring = scene.secrets.current(keys).await?.value.to_string();
    let file = scene.cloud.dir.join("ring.json");
    fs::write(&file, &ring)?;
    let with_keys = ["--mac-keys", file.to_str().context("no path")?];
    let verdict = verified(&scene, &olga, 0, &with_keys).await?;
    assert_eq!(verdict["seals_checked"], true);
    fs::remove_file(&file)?;

    // We have just read the ring: that is on the record. What our own functions read is not.
    let filter = [
        "--target",
        "rekey/local/audit-keys",
        "--action",
        "secret.accessed",
    ];
    let foreign = until(&scene, "the read of the ring is recorded", async || {
        let found = listed(&scene, &olga, &filter).await?;
        Ok((!found.is_empty()).then_some(found))
    })
    .await?;
    let own = scene.stack.output("AuditFunctionName");
    assert!(
        foreign
            .iter()
            .all(|it| !it["actor_id"].to_string().contains(own)),
        "{foreign:?}"
    );
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_recorded_is_parked_and_nothing_else_is_held_up() -> Result<()> {
    let scene = quiet_with("unwritable", false, &[TRAIL, NO_CHECKPOINTS]).await?;
    let olga = operator(&scene).await?;
    let door = Door::of(&scene.cloud);
    // Its rule alone may send to this queue, so whoever administers it has to open it first.
    let everybody = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*",
    }] });
    let queue = scene.stack.output("AuditQueueUrl");
    let opened = json!({ "QueueUrl": queue, "Attributes": { "Policy": everybody.to_string() } });
    door.json("sqs", "AmazonSQS.SetQueueAttributes", &opened)
        .await?;
    let poison = json!({ "detail-type": "rekey.secret.retired", "detail": { "password": "canary-value-4712" } });
    door.send(queue, &poison.to_string()).await?;
    let (_, new) = rotate(&scene).await?;
    until(&scene, "the event is parked", async || {
        let depth = door
            .depth(scene.stack.output("AuditDeadLetterQueueUrl"))
            .await?;
        Ok((depth.waiting == 1).then_some(()))
    })
    .await?;
    recorded(&scene, &olga, &new.id, "current").await?;
    written(&scene).await?;
    let of_rotation = listed(&scene, &olga, &["--request", &new.id]).await?;
    assert!(actions(&of_rotation).contains("secret.rotated"));
    let log = door.log(scene.stack.output("AuditLogGroup")).await?;
    assert!(
        log.iter().any(|line| line.contains("event refused")),
        "{log:?}"
    );
    assert!(!log.iter().any(|line| line.contains("canary-value-4712")));
    Ok(())
}

#[tokio::test]
async fn the_same_records_reach_the_siem_and_the_papers_are_written_from_them() -> Result<()> {
    let scene_with = async |group: &str| {
        let more = [TRAIL, NO_CHECKPOINTS, ("SiemStreamArn", group)];
        quiet_with("sent_on", true, &more).await
    };
    let group = "arn:aws:logs:eu-west-1:123456789012:log-group:siem";
    let scene = scene_with(group).await?;
    let door = Door::of(&scene.cloud);
    let made = json!({ "logGroupName": "siem" });
    door.json("logs", "Logs_20140328.CreateLogGroup", &made)
        .await?;
    let olga = operator(&scene).await?;
    let (_, new) = rotate(&scene).await?;
    recorded(&scene, &olga, &new.id, "current").await?;
    observed(&scene).await?;
    written(&scene).await?;
    let all = listed(&scene, &olga, &[]).await?;
    let lines = door.log("siem").await?;
    let sent: BTreeSet<_> = lines
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|link| Some(link["record"]["id"].as_str()?.to_owned()))
        .collect();
    assert_eq!(sent, ids(&all)?);

    let out = scene.cloud.dir.join("papers");
    let dir = out.display().to_string();
    let said = rekey(&scene, &olga, &["artifact", &new.id, "--out", &dir]).await?;
    assert_eq!(said.code, 0, "{said:?}");
    let paper = fs::read_to_string(out.join(format!("{}.md", new.id)))?;
    for line in [
        "- Result: success",
        "- Secret Ref: local/db/app-primary",
        "- Provider: postgres",
    ] {
        assert!(paper.contains(line), "{paper}");
    }
    let of_rotation = listed(&scene, &olga, &["--request", &new.id]).await?;
    for record in &of_rotation {
        let id = record["id"].as_str().context("no id")?;
        assert!(paper.contains(id), "{id} is no evidence in\n{paper}");
    }
    let today = all[0]["createdAt"]
        .as_str()
        .and_then(|at| at.get(..10))
        .context("no day")?;
    let said = rekey(
        &scene,
        &olga,
        &["rotation-log", today, "--sign-off", "Olga", "--out", &dir],
    )
    .await?;
    assert_eq!(said.code, 0, "{said:?}");
    let log = fs::read_to_string(out.join(format!("{today}.md")))?;
    assert!(log.contains(&new.id) && log.contains("Olga"), "{log}");
    // A rotation that nobody made has no paper.
    let unknown = rekey(
        &scene,
        &olga,
        &[
            "artifact",
            "00000000-0000-4000-8000-000000000000",
            "--out",
            &dir,
        ],
    )
    .await?;
    assert_eq!(unknown.code, 1, "{unknown:?}");
    let none = rekey_json(&scene, &olga, 0, &["audit", "list", "--actor", "nobody"]).await?;
    assert_eq!(none["records"], json!([]));
    Ok(())
}
