//! Who asks is what IAM lets them be. One test for each way to be somebody else.

use anyhow::Result;
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use rekey_tests::scene::Scene;
use rekey_tests::team::{ASKED, Put, Team, request};
use serde_json::json;

use super::asking::{KEY, office, refused, rotators, team};
use super::operating::observed;
use super::playground::{details, events};

async fn denied(team: &Team, bus: &str, source: &str, detail_type: &str) -> Result<()> {
    let detail = request(KEY, "forged", &json!({}))?;
    let put = team.put(bus, &[(source, detail_type, &detail)]).await?;
    assert!(
        matches!(&put, Put::Denied(code) if code.starts_with("AccessDenied")),
        "{source} {detail_type} on {bus}: {put:?}"
    );
    Ok(())
}

/// Nothing came of what was forged.
async fn nothing_came_of_it(scene: &Scene) -> Result<()> {
    observed(scene).await?;
    let all = events(scene).await?;
    for detail_type in ["rekey.request.answered", "rekey.request.refused"] {
        let forged = details(&all, detail_type);
        assert!(
            !forged.iter().any(|one| one["correlation_id"] == "forged"),
            "{forged:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn iam_lets_a_requester_be_itself_and_nobody_else_on_one_bus_with_one_type() -> Result<()> {
    let (scene, admin) = office("forgers", true, &[]).await?;
    let shop = rotators(&scene, &admin, "shop").await?;
    rotators(&scene, &admin, "security").await?;
    let requests = scene.stack.output("RequestsBusName");
    let inner = scene.stack.output("BusName");
    // Another requester, our sweep, our functions, AWS itself.
    for source in [
        "rekey.requester.security",
        "rekey.requester.schedule",
        "rekey.request",
        "rekey.observe",
        "aws.secretsmanager",
        "rekey.requester.shop.security",
    ] {
        denied(&shop, requests, source, ASKED).await?;
    }
    for detail_type in [
        "greentic.secrets.rotate.completed",
        "rekey.secret.retired",
        "Secret Label Updated",
    ] {
        denied(&shop, requests, &shop.source, detail_type).await?;
    }
    denied(&shop, inner, &shop.source, ASKED).await?;
    // Behind an honest entry of the same call.
    let (honest, forged) = (
        request(KEY, "honest", &json!({}))?,
        request(KEY, "forged", &json!({}))?,
    );
    for (source, detail_type) in [
        ("rekey.requester.security", ASKED),
        (shop.source.as_str(), "rekey.secret.retired"),
    ] {
        let entries = [
            (shop.source.as_str(), ASKED, &honest),
            (source, detail_type, &forged),
        ];
        let put = shop.put(requests, &entries).await?;
        assert!(matches!(put, Put::Denied(_)), "{source} {detail_type}");
    }
    denied(
        &shop,
        "default",
        "aws.secretsmanager",
        "Secret Label Updated",
    )
    .await?;
    nothing_came_of_it(&scene).await
}

#[tokio::test]
async fn even_the_owner_of_the_account_puts_nothing_else_on_the_requests_bus() -> Result<()> {
    let (scene, admin) = office("owners", true, &[]).await?;
    let shop = rotators(&scene, &admin, "shop").await?;
    // A user who may do everything: what speaks against them is the policy of the bus alone.
    let everything = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
    ] });
    let policy = [
        ("UserName", shop.person.name.as_str()),
        ("PolicyName", "everything"),
        ("PolicyDocument", &everything.to_string()),
    ];
    let door = rekey_tests::door::Door::of(&scene.cloud);
    door.iam("PutUserPolicy", &policy).await?;
    let requests = scene.stack.output("RequestsBusName");
    denied(&shop, requests, "rekey.requester.schedule", ASKED).await?;
    denied(&shop, requests, "rekey.sweep", ASKED).await?;
    denied(&shop, requests, &shop.source, "rekey.secret.retired").await?;
    denied(
        &shop,
        scene.stack.output("BusName"),
        "rekey.request",
        "rekey.request.answered",
    )
    .await?;
    // Nor may they write into the queue behind the bus, where any source could be claimed.
    let queue = scene.stack.output("RequestQueueUrl");
    let message = shop.person.queues().send_message();
    let sent = message.queue_url(queue).message_body("{}").send().await;
    let refusal = sent.expect_err("the queue takes anything");
    let code = refusal.code().unwrap_or_default();
    assert!(code.contains("AccessDenied"), "{refusal:?}");
    nothing_came_of_it(&scene).await
}

#[tokio::test]
async fn what_a_request_claims_of_itself_changes_nothing() -> Result<()> {
    let (scene, admin) = office("claims", true, &[]).await?;
    let forcing = ["--role", "internal_admin", "--may-force", "--may-approve"];
    team(&scene, &admin, "security", &forcing).await?;
    let viewer = team(&scene, &admin, "viewer", &["--role", "viewer"]).await?;
    let before = scene.secrets.current(&scene.secret).await?;
    for (number, claim) in [
        json!({ "requested_by": "team security" }),
        json!({ "actor": "team security", "role": "internal_admin", "actorRole": "internal_admin" }),
        json!({ "source": "rekey.requester.security" }),
        json!({ "metadata": { "actor": "team security", "role": "internal_admin" } }),
        json!({ "metadata": { "force": true } }),
    ]
    .iter()
    .enumerate()
    {
        let id = format!("claim-{number}");
        viewer.ask(KEY, &id, claim).await?;
        let refusal = refused(&scene, &id).await?;
        assert_eq!(refusal["class"], "forbidden", "{claim}");
        assert_eq!(refusal["actor"], "team viewer", "{claim}");
        assert_eq!(refusal["role"], "viewer", "{claim}");
        assert_eq!(refusal["requester"], "rekey.requester.viewer", "{claim}");
    }
    assert_eq!(scene.secrets.current(&scene.secret).await?.id, before.id);
    Ok(())
}

#[tokio::test]
async fn a_requester_whom_nobody_recorded_and_one_outside_its_scope_are_refused() -> Result<()> {
    let (scene, admin) = office("strangers", true, &[]).await?;
    let stranger = Team::make(&scene, "stranger").await?;
    stranger.ask(KEY, "flow-1", &json!({})).await?;
    let refusal = refused(&scene, "flow-1").await?;
    assert_eq!(refusal["class"], "forbidden");
    let words = ["--role", "internal_admin", "--scope", "payments"];
    let scoped = team(&scene, &admin, "scoped", &words).await?;
    scoped.ask(KEY, "flow-2", &json!({})).await?;
    assert_eq!(refused(&scene, "flow-2").await?["class"], "forbidden");
    // And nobody but an administrator says who somebody is.
    for person in [&stranger.person, &super::operating::operator(&scene).await?] {
        let allow = [
            "requesters",
            "allow",
            "stranger",
            "--actor",
            "x",
            "--role",
            "internal_admin",
        ];
        let said = person.rekey(&scene.settings, &allow).await?;
        assert_eq!(said.code, 1, "{said:?}");
    }
    stranger.ask(KEY, "flow-3", &json!({})).await?;
    assert_eq!(refused(&scene, "flow-3").await?["class"], "forbidden");
    Ok(())
}
