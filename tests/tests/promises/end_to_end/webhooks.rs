//! Secrets of webhooks: of the kind `hmac`, so of the family of keys, with functions that are not those of
//! databases.

use anyhow::Result;
use rekey_tests::scene::Scene;
use serde_json::json;

use super::operating::kill;

/// 32 bytes, as Standard Webhooks writes them.
const KEY: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Makes `local/webhook/<name>`, with an owner; returns its ARN.
pub async fn webhook(scene: &Scene, name: &str, more: &[(&str, &str)]) -> Result<String> {
    let ours = [("rekey:owner", "demo"), ("rekey:kind", "hmac")];
    let tags = [&ours, more].concat();
    let name = format!("local/webhook/{name}");
    let value = json!({ "current": KEY });
    scene.secrets.create(&name, &value, &tags).await
}

/// Begins a rotation by the function of the family; returns the new version's id.
pub async fn begin(scene: &Scene, secret: &str) -> Result<String> {
    let function = scene.stack.output("KeysFunctionArn");
    scene.secrets.rotate(secret, function).await
}

/// What the function has read at its start is read again.
pub fn start_anew(scene: &Scene) -> Result<()> {
    kill(scene, "KeysFunctionName")?;
    Ok(())
}
