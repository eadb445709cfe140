//! What breaks the contract of requests: parked with the reason, shown, and sent back when it was mended.

use anyhow::{Context as _, Result};
use rekey_tests::door::Door;
use rekey_tests::scene::Scene;
use rekey_tests::team::{ASKED, Put};
use serde_json::{Value, json};

use super::asking::{KEY, answered, office, rotators};
use super::operating::{depth, observed, operator, rekey, rekey_json, told, until};
use super::roles::Role;

/// Stands where nothing must be repeated from.
const CANARY: &str = "canary-value-4711";

#[tokio::test]
async fn a_message_that_breaks_the_contract_is_parked_with_the_reason_and_can_be_sent_back()
-> Result<()> {
    let (scene, admin) = office("poisoned", true, &[]).await?;
    let shop = rotators(&scene, &admin, "shop").await?;
    let olga = operator(&scene).await?;
    let timestamp = "2026-11-22T02:00:00Z";
    let broken = [
        (json!({ "password": CANARY }), "key"),
        (json!({ "key": KEY, "timestamp": CANARY }), "timestamp"),
        (json!({ "key": 7, "timestamp": timestamp }), "key"),
        (
            json!({ "key": KEY, "timestamp": timestamp, "metadata": { "force": CANARY } }),
            "metadata.force",
        ),
        (
            json!({ "key": KEY, "timestamp": timestamp, "metadata": { "window": CANARY } }),
            "metadata.window",
        ),
        (
            json!({ "key": KEY, "timestamp": timestamp, "schema_version": "v9" }),
            "schema_version",
        ),
    ];
    let bus = scene.stack.output("RequestsBusName").to_owned();
    for (detail, _) in &broken {
        let put = shop.put(&bus, &[(&shop.source, ASKED, detail)]).await?;
        assert_eq!(put, Put::Taken);
    }
    // What comes with them is not held up.
    shop.ask(KEY, "flow-1", &json!({})).await?;
    answered(&scene, "flow-1", "accepted").await?;
    until(&scene, "all of it is parked", async || {
        let there = depth(&scene, "RequestDeadLetterQueueUrl").await?.waiting;
        Ok((there >= broken.len() as u64).then_some(()))
    })
    .await?;
    let role = Role::of(&scene, "sweep").await?;
    for (sid, words) in [
        ("LookAtParkedRequests", &["replay", "list"][..]),
        ("PutBackParkedRequests", &["replay", "send", "--all"][..]),
    ] {
        role.without(&[sid]).await?;
        let said = rekey(&scene, &olga, words).await?;
        assert_eq!(said.code, 1, "{sid}: {said:?}");
        role.whole().await?;
    }
    until(&scene, "all of it is there again", async || {
        let depth = depth(&scene, "RequestDeadLetterQueueUrl").await?;
        Ok((depth.in_flight == 0).then_some(()))
    })
    .await?;
    let list = rekey_json(&scene, &olga, 0, &["replay", "list"]).await?;
    let parked = list["messages"].as_array().context("no messages")?.clone();
    assert_eq!(parked.len(), broken.len(), "{list}");
    for (_, field) in &broken {
        let named = |one: &Value| {
            let reason = one["reason"].as_str().unwrap_or_default();
            one["class"] == "invalid_request" && reason.contains(field)
        };
        assert!(parked.iter().any(named), "nothing names {field}: {list}");
    }
    for one in &parked {
        let reason = one["reason"].as_str().unwrap_or_default();
        assert!(!reason.contains(CANARY), "{reason}");
    }
    assert!(!told(&scene).await.contains(CANARY), "a log repeats it");
    let id = parked[0]["id"].as_str().context("no id")?;
    let shown = rekey(&scene, &olga, &["replay", "show", id]).await?;
    assert_eq!(shown.code, 0, "{shown:?}");
    // Sent back unmended it is parked again: nothing is lost.
    let sent = rekey_json(&scene, &olga, 0, &["replay", "send", "--all"]).await?;
    assert_eq!(
        sent["sent"].as_array().map(Vec::len),
        Some(broken.len()),
        "{sent}"
    );
    until(&scene, "all of it is parked again", async || {
        let list = rekey_json(&scene, &olga, 0, &["replay", "list"]).await?;
        let there = list["messages"].as_array().map(Vec::len);
        Ok((there == Some(broken.len())).then_some(()))
    })
    .await?;
    // And nobody without the policy replays anything.
    let said = rekey(&scene, &shop.person, &["replay", "list"]).await?;
    assert_eq!(said.code, 1, "{said:?}");
    observed(&scene).await
}

/// Takes every right on the registry from a function's role, or gives it back.
async fn registry_is_closed(scene: &Scene, function: &str, closed: bool) -> Result<()> {
    let door = Door::of(&scene.cloud);
    let roles = door
        .iam("ListRoles", &[("PathPrefix", "/rekey/local/")])
        .await?;
    let names = roles.split("<RoleName>").skip(1);
    let mut names = names.filter_map(|rest| rest.split_once("</RoleName>"));
    let (role, _) = names
        .find(|(name, _)| name.contains(function))
        .with_context(|| format!("no role of {function}: {roles}"))?;
    let name = [("RoleName", role), ("PolicyName", "fault")];
    if closed {
        let fault = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Deny", "Action": "dynamodb:*", "Resource": "*" },
        ] });
        let fault = fault.to_string();
        let policy = [name[0], name[1], ("PolicyDocument", fault.as_str())];
        door.iam("PutRolePolicy", &policy).await?;
    } else {
        door.iam("DeleteRolePolicy", &name).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_message_that_was_parked_for_our_fault_is_done_when_it_is_sent_back() -> Result<()> {
    let (scene, admin) = office("replayed", true, &[]).await?;
    let shop = rotators(&scene, &admin, "shop").await?;
    let olga = operator(&scene).await?;
    registry_is_closed(&scene, "Request", true).await?;
    shop.ask(KEY, "flow-1", &json!({})).await?;
    until(&scene, "it is parked", async || {
        let there = depth(&scene, "RequestDeadLetterQueueUrl").await?.waiting;
        Ok((there > 0).then_some(()))
    })
    .await?;
    let list = rekey_json(&scene, &olga, 0, &["replay", "list"]).await?;
    assert_eq!(list["messages"][0]["class"], "permission", "{list}");
    registry_is_closed(&scene, "Request", false).await?;
    let sent = rekey_json(&scene, &olga, 0, &["replay", "send", "--all"]).await?;
    assert_eq!(sent["sent"].as_array().map(Vec::len), Some(1), "{sent}");
    let accepted = answered(&scene, "flow-1", "accepted").await?;
    super::asking::current(&scene, &accepted).await?;
    assert!(depth(&scene, "RequestDeadLetterQueueUrl").await?.is_empty());
    Ok(())
}
