//! Every statement of the role of the function that takes requests is needed: without it a call is refused
//! and what it is for does not happen; with it back, it does, or can be sent back.

use anyhow::{Result, bail, ensure};
use rekey_tests::team::ASKED;
use serde_json::json;

use super::asking::{KEY, answered, answers, office, refused, rotators};
use super::operating::{depth, nobody_takes, operator, rekey_json, until};
use super::roles::Role;

#[tokio::test]
async fn request_needs_every_statement_of_its_role() -> Result<()> {
    let (scene, admin) = office("role_request", true, &[]).await?;
    let shop = rotators(&scene, &admin, "shop").await?;
    let olga = operator(&scene).await?;
    let role = Role::of(&scene, "request").await?;
    let before = scene.secrets.current(&scene.secret).await?;
    let parked = async || {
        until(&scene, "it is parked", async || {
            let there = depth(&scene, "RequestDeadLetterQueueUrl").await?.waiting;
            Ok((there > 0).then_some(()))
        })
        .await
    };
    let dry = json!({ "metadata": { "dry_run": true, "rollout_note": "CHG-1" } });
    for sid in role.statements()? {
        role.without(&[sid]).await?;
        match sid {
            "KeepTheRegistry" | "LookAtSecrets" => {
                let action = match sid {
                    "LookAtSecrets" => "DescribeSecret",
                    _ => "GetItem",
                };
                let calls = role.refused(action)?;
                shop.ask(KEY, sid, &dry).await?;
                role.is_refused(action, calls).await?;
                parked().await?;
                role.whole().await?;
                rekey_json(&scene, &olga, 0, &["replay", "send", "--all"]).await?;
                answered(&scene, sid, "planned").await?;
            }
            "RotateOnRequest" | "LetSecretsManagerRotate" => {
                let calls = role.refused("RotateSecret")?;
                shop.ask(KEY, sid, &json!({})).await?;
                role.is_refused("RotateSecret", calls).await?;
                let refusal = refused(&scene, sid).await?;
                ensure!(refusal["class"] == "permission", "{refusal}");
                role.whole().await?;
            }
            "AnnounceWhatItDecides" => {
                let calls = role.refused("PutEvents")?;
                let other = json!({ "key": "db/nobody" });
                shop.ask(KEY, sid, &other).await?;
                role.is_refused("PutEvents", calls).await?;
                ensure!(
                    answers(&scene, "rekey.request.refused", sid)
                        .await?
                        .is_empty()
                );
                role.whole().await?;
                refused(&scene, sid).await?;
            }
            "PutBackOrPark" | "HandOverToRetire" => {
                let calls = role.refused("SendMessage")?;
                if sid == "PutBackOrPark" {
                    let bus = scene.stack.output("RequestsBusName");
                    let broken = json!({ "key": 7 });
                    shop.put(bus, &[(&shop.source, ASKED, &broken)]).await?;
                } else {
                    shop.ask(KEY, sid, &dry).await?;
                }
                role.is_refused("SendMessage", calls).await?;
                role.whole().await?;
                if sid == "PutBackOrPark" {
                    parked().await?;
                } else {
                    answered(&scene, sid, "planned").await?;
                }
            }
            "TakeFromItsQueue" => {
                shop.ask(KEY, sid, &dry).await?;
                nobody_takes(&scene, "RequestQueueUrl").await?;
                role.whole().await?;
                answered(&scene, sid, "planned").await?;
            }
            "RotateKeysOnRequest" => role.whole().await?, // roles_of_keys.rs
            other => bail!("a statement that nothing shows to be needed: {other}"),
        }
    }
    let now = scene.secrets.current(&scene.secret).await?;
    assert_eq!(
        now.id, before.id,
        "nothing was rotated with a statement missing"
    );
    shop.ask(KEY, "whole", &json!({})).await?;
    let accepted = answered(&scene, "whole", "accepted").await?;
    super::asking::current(&scene, &accepted).await?;
    Ok(())
}
