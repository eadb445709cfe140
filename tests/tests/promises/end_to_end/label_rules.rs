//! The rules of Secrets Manager that the protocol is tested with hold on the local cloud too.

use anyhow::Result;
use rekey_rotation::testing::label_rules;

use super::playground::quiet;
use super::sdk_verbs::SdkVerbs;
use super::unique;

/// The suite that the in-memory Secrets Manager keeps, unchanged.
#[tokio::test]
async fn the_local_cloud_keeps_the_label_rules() -> Result<()> {
    let scene = quiet("rules", false).await?;
    let verbs = SdkVerbs::new(&scene);
    let kept = label_rules::all(&verbs, &unique("rules")).await?;
    println!("label rules: {kept} kept on the local cloud");
    Ok(())
}
