//! Key sets are published where the stack's parameter lists it, and nowhere else.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use rekey_tests::cloud::REGION;
use rekey_tests::door::Door;
use rekey_tests::scene::Scene;
use serde_json::{Value, json};

use super::PATIENCE;
use super::operating::{doctor, observed, sweep_until, until};
use super::playground::{details, events, quiet_with, wait_over};
use super::roles::Role;
use super::webhooks::begin;

const PARAMETERS: [(&str, &str); 3] = [
    ("JwksObjectArns", "arn:aws:s3:::local-jwks/jwks.json"),
    ("GraceSeconds", "1"),
    ("RetrySeconds", "1"),
];
const LISTED: &str = "jwks.json";

async fn bucket(scene: &Scene) -> Result<()> {
    let door = Door::of(&scene.cloud);
    let place = format!("<LocationConstraint>{REGION}</LocationConstraint>");
    let place = format!("<CreateBucketConfiguration>{place}</CreateBucketConfiguration>");
    let status = door.rest("s3", "PUT", "/local-jwks", &place).await?;
    ensure!(status == 200, "no bucket: {status}");
    Ok(())
}

/// Makes `local/jwt/<name>`, which is published under this key of the bucket.
async fn signing_key(scene: &Scene, name: &str, object: &str) -> Result<String> {
    let value = json!({
        "alg": "EdDSA", "jwks": format!("s3://local-jwks/{object}"),
        "token_lifetime_seconds": 1, "skew_seconds": 0, "cache_seconds": 0,
    });
    let tags = [("rekey:owner", "demo"), ("rekey:kind", "jwt")];
    let name = format!("local/jwt/{name}");
    scene.secrets.create(&name, &value, &tags).await
}

/// The names of the keys that verifiers find there.
async fn published(scene: &Scene, object: &str) -> Result<BTreeSet<String>> {
    let text = Door::of(&scene.cloud)
        .object(&format!("/local-jwks/{object}"))
        .await?;
    let set: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
    let keys = set["keys"].as_array().context("no keys")?;
    let kids = keys.iter().filter_map(|key| key["kid"].as_str());
    Ok(kids.map(str::to_owned).collect())
}

/// The name of the key that signs.
async fn signs(scene: &Scene, secret: &str) -> Result<String> {
    let current = scene.secrets.current(secret).await?;
    let kid = current.value["current"]["kid"].as_str();
    Ok(kid.context("no kid")?.to_owned())
}

async fn rotated(scene: &Scene, secret: &str) -> Result<()> {
    let version = begin(scene, secret).await?;
    let time = scene.secrets.wait_current(secret, &version, PATIENCE);
    time.await.with_context(|| scene.cloud.log())
}

/// A rotation that ends without a new version, because a permission is missing.
async fn not_permitted(scene: &Scene, secret: &str) -> Result<()> {
    let before = scene.secrets.current(secret).await?;
    let version = begin(scene, secret).await?;
    wait_over(scene, &version).await?;
    ensure!(scene.secrets.current(secret).await?.id == before.id);
    let failures = details(&events(scene).await?, "rekey.step.failed");
    let mut of_this = failures
        .iter()
        .filter(|one| one["version_id"] == version.as_str());
    let failure = of_this.next().context("nothing was announced")?;
    ensure!(failure["class"] == "permission", "{failure}");
    Ok(())
}

#[tokio::test]
async fn a_key_set_is_published_where_the_stack_lists_it_and_nowhere_else() -> Result<()> {
    let scene = quiet_with("published", false, &PARAMETERS).await?;
    bucket(&scene).await?;
    let secret = signing_key(&scene, "listed", LISTED).await?;
    rotated(&scene, &secret).await?;
    ensure!(
        published(&scene, LISTED)
            .await?
            .contains(&signs(&scene, &secret).await?)
    );
    let other = signing_key(&scene, "unlisted", "other.json").await?;
    not_permitted(&scene, &other).await?;
    let door = Door::of(&scene.cloud);
    let unlisted = door.rest("s3", "GET", "/local-jwks/other.json", "");
    ensure!(unlisted.await? == 404, "something was published there");
    let role = Role::of(&scene, "rotate-keys").await?;
    role.without(&["PublishKeySets"]).await?;
    let before = published(&scene, LISTED).await?;
    let beside = signing_key(&scene, "beside", LISTED).await?;
    not_permitted(&scene, &beside).await?;
    ensure!(published(&scene, LISTED).await? == before);
    Ok(())
}

#[tokio::test]
async fn an_old_key_leaves_its_key_set_by_the_function_of_its_family() -> Result<()> {
    let scene = quiet_with("unpublished", false, &PARAMETERS).await?;
    bucket(&scene).await?;
    let secret = signing_key(&scene, "listed", LISTED).await?;
    rotated(&scene, &secret).await?;
    doctor(&scene).await?;
    let (old, version) = (
        signs(&scene, &secret).await?,
        scene.secrets.current(&secret).await?.id,
    );
    rotated(&scene, &secret).await?;
    observed(&scene).await?;
    ensure!(published(&scene, LISTED).await?.contains(&old));
    let role = Role::of(&scene, "retire-keys").await?;
    role.without(&["PublishKeySets"]).await?;
    let order = json!({ "operation": "retire", "secret": secret, "version_id": version });
    let function = scene.stack.output("RetireKeysFunctionName");
    let door = Door::of(&scene.cloud);
    let answer = until(&scene, "no token of the old key is valid", async || {
        let answer = door.invoke(function, &order.to_string()).await?.value;
        Ok((answer["outcome"] != "held").then_some(answer))
    })
    .await?;
    let (outcome, class) = (&answer["outcome"], &answer["class"]);
    ensure!(*outcome == "failed" && *class == "permission", "{answer}");
    ensure!(published(&scene, LISTED).await?.contains(&old));
    role.whole().await?;
    sweep_until(&scene, "rekey.secret.retired", 1).await?;
    let left = published(&scene, LISTED).await?;
    ensure!(!left.contains(&old), "{left:?}");
    ensure!(left.contains(&signs(&scene, &secret).await?));
    Ok(())
}
