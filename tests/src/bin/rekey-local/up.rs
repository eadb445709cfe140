//! Keeps a stack running, and says what to try.

use std::path::Path;

use anyhow::Result;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::set_up::{Plan, Scene};

/// The version whose steps can be called by hand with `cargo xtask invoke`.
const BY_HAND: &str = "5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10";

pub async fn up(ready: &Path, stack: &Path) -> Result<()> {
    let name = format!("play_{}", std::process::id());
    let scene = Scene::set(&Plan {
        name: &name,
        alternating: true,
        clock_scale: 1.0,
        schedule: "rate(30 days)",
        grace_seconds: 60,
    })
    .await?;
    let by_hand = open_rotation(&scene).await?;
    std::fs::write(
        stack,
        json!({
            "endpoint": scene.cloud.endpoint,
            "functions": { "rotate": scene.stack.output("DatabaseFunctionName") },
            "event": { "SecretId": by_hand, "ClientRequestToken": BY_HAND },
        })
        .to_string(),
    )?;
    std::fs::write(ready, what_to_try(&scene, &by_hand))?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// A second secret with a rotation that waits for its four steps.
async fn open_rotation(scene: &Scene) -> Result<String> {
    let current = scene.secrets.current(&scene.secret).await?;
    let secret = scene
        .secrets
        .create(
            "local/db/by-hand",
            &current.value,
            &[("rekey:kind", "postgres")],
        )
        .await?;
    scene
        .secrets
        .client
        .rotate_secret()
        .secret_id(&secret)
        .rotation_lambda_arn(scene.stack.rotate_function())
        .rotation_rules(
            aws_sdk_secretsmanager::types::RotationRulesType::builder()
                .automatically_after_days(30)
                .build(),
        )
        .rotate_immediately(false)
        .send()
        .await?;
    let mut next = current.value;
    let user = format!("{}_clone", scene.database.app);
    next["username"] = json!(user);
    next["password"] = json!(rekey_tests::database::random_password()?);
    scene
        .secrets
        .client
        .put_secret_value()
        .secret_id(&secret)
        .client_request_token(BY_HAND)
        .secret_string(next.to_string())
        .version_stages("AWSPENDING")
        .send()
        .await?;
    Ok(secret)
}

fn what_to_try(scene: &Scene, by_hand: &str) -> String {
    let endpoint = &scene.cloud.endpoint;
    let server = &scene.database.server;
    format!(
        "\
running: the local cloud at {endpoint} (IAM enforced), PostgreSQL {major} at {host}:{port}

try, with any AWS client (the AWS CLI is not installed for you):
  export AWS_ENDPOINT_URL={endpoint} AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  aws secretsmanager rotate-secret --secret-id local/db/app-primary
  aws secretsmanager describe-secret --secret-id local/db/app-primary
  aws secretsmanager get-secret-value --secret-id local/db/app-primary

one step at a time, on {by_hand}:
  cargo xtask invoke rotate events/samples/rotate-create-secret.json
  cargo xtask invoke rotate events/samples/rotate-set-secret.json
  cargo xtask invoke rotate events/samples/rotate-test-secret.json
  cargo xtask invoke rotate events/samples/rotate-finish-secret.json

the database's server certificate is signed by {ca}
stop with: cargo xtask down
",
        major = server.major,
        host = server.host,
        port = server.port,
        ca = server.ca_file.display(),
    )
}
