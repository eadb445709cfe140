//! What is known after a rotation: versions, events, consumers.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use rekey_tests::door::Door;
use rekey_tests::person::Person;
use rekey_tests::scene::Scene;
use serde_json::{Value, json};

use super::operating::{
    NAME, announced, observed, operator, recorded, rekey, rekey_json, until, versions,
};
use super::playground::{details, events, quiet_with, rotate, works};

/// A trail, so that CloudTrail's events come.
pub const TRAIL: (&str, &str) = (
    "TrailArn",
    "arn:aws:cloudtrail:eu-west-1:123456789012:trail/local",
);

/// A queue that gets every event of Secrets Manager on the default bus but reads: what observe hears too.
async fn copies(scene: &Scene) -> Result<String> {
    let door = Door::of(&scene.cloud);
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": "*",
    }] });
    let queue = json!({ "QueueName": "copies", "Attributes": { "Policy": policy.to_string() } });
    let made = door.json("sqs", "AmazonSQS.CreateQueue", &queue).await?;
    let url = made["QueueUrl"].as_str().context("no queue")?.to_owned();
    let pattern = json!({ "source": ["aws.secretsmanager"] });
    let rule = json!({ "Name": "copies", "EventPattern": pattern.to_string() });
    door.json("events", "AWSEvents.PutRule", &rule).await?;
    let target = json!({ "Id": "copies", "Arn": "arn:aws:sqs:eu-west-1:123456789012:copies" });
    let targets = json!({ "Rule": "copies", "Targets": [target] });
    door.json("events", "AWSEvents.PutTargets", &targets)
        .await?;
    Ok(url)
}

fn ids(events: &[Value]) -> BTreeSet<String> {
    let ids = events
        .iter()
        .map(|event| event["detail"]["event_id"].to_string());
    ids.collect()
}

#[tokio::test]
async fn a_rotation_is_recorded_once_however_often_its_events_come() -> Result<()> {
    let scene = quiet_with("recorded", true, &[TRAIL]).await?;
    let olga = operator(&scene).await?;
    let copies = copies(&scene).await?;
    // Known before it is rotated: who meets a secret after the switch cannot tell what was current before.
    let made = scene.secrets.current(&scene.secret).await?;
    let (secrets, secret) = (&scene.secrets, &scene.secret);
    secrets.tag(secret, "rekey:sites", "shop").await?;
    recorded(&scene, &olga, &made.id, "current").await?;
    let (old, new) = rotate(&scene).await?;
    recorded(&scene, &olga, &new.id, "current").await?;
    let completed = announced(&scene, "greentic.secrets.rotate.completed", 1).await?;
    announced(&scene, "greentic.secrets.rotate.requested", 1).await?;
    observed(&scene).await?;
    // Only now: where it was rotated from may be told by another event than that it is current.
    let known = versions(&scene, &olga).await?;

    let [second, first] = known.as_slice() else {
        panic!("{known:#?}");
    };
    assert_eq!(
        (&first["version"], &second["version"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(
        (&first["version_id"], &second["version_id"]),
        (&json!(old.id), &json!(new.id))
    );
    assert_eq!(
        (&first["active"], &second["active"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(second["rotated_from"]["version"], 1);
    assert!(second["created_at"].is_string() && second["activated_at"].is_string());
    assert_eq!(completed[0]["result"], "success", "{completed:?}");
    assert_eq!(completed[0]["version"], 2);

    let listed = rekey_json(&scene, &olga, 0, &["secrets", "list"]).await?;
    assert_eq!(listed["secrets"][0]["name"], NAME);
    assert_eq!(listed["secrets"][0]["state"], "grace");
    let shown = rekey_json(&scene, &olga, 0, &["secrets", "show", NAME]).await?;
    let due = shown["secret"]["due"]
        .as_array()
        .context("nothing is due")?;
    assert!(
        due.iter()
            .any(|due| due["what"] == "retire" && due["version"] == 1)
    );

    // Everything once more, the last first.
    let before = (versions(&scene, &olga).await?, shown, events(&scene).await?);
    let door = Door::of(&scene.cloud);
    let queue = scene.stack.output("ObserveQueueUrl");
    let mut heard = door.take(&copies).await?;
    assert!(heard.len() >= 5, "{heard:#?}");
    let ours = before
        .2
        .iter()
        .filter(|event| event["source"] == "rekey.rotate");
    heard.extend(ours.map(Value::to_string));
    for event in heard.iter().rev().chain(&heard) {
        door.send(queue, event).await?;
    }
    observed(&scene).await?;
    let shown = rekey_json(&scene, &olga, 0, &["secrets", "show", NAME]).await?;
    let after = (versions(&scene, &olga).await?, shown, events(&scene).await?);
    assert_eq!(before.0, after.0);
    assert_eq!(before.1, after.1);
    assert_eq!(
        after.2.len(),
        ids(&after.2).len(),
        "told twice: {:#?}",
        after.2
    );
    assert_eq!(ids(&before.2), ids(&after.2));
    let parked = door
        .take(scene.stack.output("ObserveDeadLetterQueueUrl"))
        .await?;
    assert!(parked.is_empty(), "{parked:#?}");
    Ok(())
}

#[tokio::test]
async fn a_consumer_that_has_not_moved_holds_the_retirement_and_our_own_reads_are_none()
-> Result<()> {
    let scene = quiet_with("consumer", true, &[TRAIL, ("AuditReads", "true")]).await?;
    let olga = operator(&scene).await?;
    // The first rotation registers the secret; who reads a secret that nobody registered is not recorded.
    let (_, second) = rotate(&scene).await?;
    recorded(&scene, &olga, &second.id, "current").await?;
    let shop = Person::reader(&scene.cloud, "shop", &scene.secret).await?;
    shop.secrets().current(&scene.secret).await?;
    let consumers = async || {
        let said = rekey_json(&scene, &olga, 0, &["secrets", "consumers", NAME]).await?;
        anyhow::Ok(
            said["consumers"]
                .as_array()
                .context("no consumers")?
                .clone(),
        )
    };
    let of_shop = async |moved: bool| {
        until(&scene, "the reader is recorded", async || {
            let all = consumers().await?;
            let is_it = |one: &&Value| one["service"] == "shop" && one["moved"] == moved;
            Ok(all.iter().find(is_it).cloned())
        })
        .await
    };
    let reader = of_shop(true).await?;
    assert!(reader["last_used_at"].is_string());

    // In the same second nobody could say which came first.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let (before, third) = {
        let before = scene.secrets.labelled(&scene.secret, "AWSCURRENT").await?;
        let version = scene
            .secrets
            .rotate(&scene.secret, scene.stack.rotate_function())
            .await?;
        scene
            .secrets
            .wait_current(&scene.secret, &version, super::PATIENCE)
            .await?;
        (before, version)
    };
    assert_eq!(before, std::slice::from_ref(&second.id));
    recorded(&scene, &olga, &third, "current").await?;
    of_shop(false).await?;
    let retire = ["retire", NAME, "--yes", "--no-wait"];
    let held = rekey_json(&scene, &olga, 3, &retire).await?;
    assert_eq!(held["outcome"], "held");
    assert_eq!(held["answer"]["causes"], json!(["consumer_not_moved"]));
    assert!(
        held["answer"]["services"]
            .as_array()
            .context("no services")?
            .contains(&json!("shop"))
    );
    assert!(
        works(&scene, &second).await?,
        "held, and yet it was revoked"
    );

    // Whoever else has read it has to read it again too: the test itself, as the account's owner.
    shop.secrets().current(&scene.secret).await?;
    scene.secrets.current(&scene.secret).await?;
    of_shop(true).await?;
    until(&scene, "everybody has moved", async || {
        let all = consumers().await?;
        Ok(all.iter().all(|one| one["moved"] == true).then_some(()))
    })
    .await?;
    let retired = rekey_json(&scene, &olga, 0, &retire).await?;
    assert_eq!(retired["outcome"], "retired", "{retired}");
    assert!(!works(&scene, &second).await?);

    observed(&scene).await?;
    let all = events(&scene).await?;
    let reads = details(&all, "rekey.secret.accessed");
    let of = |service: &str| -> Vec<&Value> {
        reads
            .iter()
            .filter(|read| read["reader"]["service"] == service)
            .collect()
    };
    assert_eq!(of("shop").len(), 2, "{reads:#?}");
    assert!(of("shop").iter().all(|read| read["reader"]["own"] == false));
    let own: Vec<&Value> = reads
        .iter()
        .filter(|read| read["reader"]["own"] == true)
        .collect();
    assert!(!own.is_empty(), "{reads:#?}");
    let services: BTreeSet<String> = consumers()
        .await?
        .iter()
        .map(|one| one["service"].to_string())
        .collect();
    for read in own {
        let service = read["reader"]["service"].to_string();
        assert!(
            !services.contains(&service),
            "our own {service} is a consumer"
        );
    }
    let said = rekey(&scene, &olga, &["secrets", "consumers", NAME]).await?;
    assert!(said.out.contains("shop"), "{said:?}");
    Ok(())
}
