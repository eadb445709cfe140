//! Keeps a stack running, and says what to try.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use aws_sdk_secretsmanager::types::RotationRulesType;
use rekey_tests::database::{Database, random_password};
use rekey_tests::given;
use rekey_tests::scene::{Plan, Scene};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// The version whose steps can be called by hand with `cargo xtask invoke`.
const BY_HAND: &str = "5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10";

/// As in samconfig.toml, `local`; and the local cloud's trail, which is always on.
const PARAMETERS: [(&str, &str); 10] = [
    ("GraceSeconds", "60"),
    ("WarningSeconds", "20"),
    ("HoldSeconds", "60"),
    ("StuckSeconds", "10"),
    ("ResumeSeconds", "10"),
    ("RetrySeconds", "10"),
    ("SweepExpression", "rate(1 minute)"),
    ("DoctorExpression", "rate(1 minute)"),
    (
        "TrailArn",
        "arn:aws:cloudtrail:eu-west-1:123456789012:trail/local",
    ),
    ("AuditReads", "true"),
];

pub async fn up(ready: &Path, stack: &Path) -> Result<()> {
    let name = format!("play_{}", std::process::id());
    let scene = Scene::set(&Plan {
        name: &name,
        alternating: true,
        schedule: Some("rate(30 days)"),
        grace_seconds: Some(60),
        parameters: &PARAMETERS,
        ..Plan::quiet(&name, true)
    })
    .await?;
    let by_hand = open_rotation(&scene).await?;
    std::fs::write(
        stack,
        json!({
            "endpoint": scene.cloud.endpoint,
            "functions": {
                "rotate": scene.stack.output("DatabaseFunctionName"),
                "rotate-keys": scene.stack.output("KeysFunctionName"),
                "request": scene.stack.output("RequestFunctionName"),
                "observe": scene.stack.output("ObserveFunctionName"),
                "sweep": scene.stack.output("SweepFunctionName"),
                "retire": scene.stack.output("RetireFunctionName"),
                "retire-keys": scene.stack.output("RetireKeysFunctionName"),
                "audit": scene.stack.output("AuditFunctionName"),
                "checkpoint": scene.stack.output("CheckpointFunctionName"),
            },
            "event": {
                "SecretId": by_hand, "ClientRequestToken": BY_HAND, "secret": scene.secret,
            },
        })
        .to_string(),
    )?;
    std::fs::write(ready, what_to_try(&scene, &by_hand)?)?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// A second secret, of a user of its own, with a rotation that waits for its four steps.
async fn open_rotation(scene: &Scene) -> Result<String> {
    let name = format!("hand_{}", std::process::id());
    let passwords = [random_password()?, random_password()?];
    let database = Database::make(&scene.database.server, &name, passwords).await?;
    let mut value = database.secret(None);
    let tags = [("rekey:kind", "postgres")];
    let secrets = &scene.secrets;
    let secret = secrets.create("local/db/by-hand", &value, &tags).await?;
    secrets
        .client
        .rotate_secret()
        .secret_id(&secret)
        .rotation_lambda_arn(scene.stack.rotate_function())
        .rotation_rules(
            RotationRulesType::builder()
                .automatically_after_days(30)
                .build(),
        )
        .rotate_immediately(false)
        .send()
        .await?;
    // Secrets Manager checks the set-up with a version of its own, and takes that away again.
    let checked = format!("TestRotation of {secret} is over");
    while !scene.cloud.log().contains(&checked) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    value["password"] = json!(random_password()?);
    secrets
        .client
        .put_secret_value()
        .secret_id(&secret)
        .client_request_token(BY_HAND)
        .secret_string(value.to_string())
        .version_stages("AWSPENDING")
        .send()
        .await?;
    Ok(secret)
}

fn what_to_try(scene: &Scene, by_hand: &str) -> Result<String> {
    let endpoint = &scene.cloud.endpoint;
    let rekey = given::program("rekey")?.display().to_string();
    let settings = scene.settings.iter();
    let settings: Vec<String> = settings
        .map(|(name, text)| format!("{name}={text}"))
        .collect();
    let settings = settings.join(" ");
    let server = &scene.database.server;
    Ok(format!(
        "\
running: the local cloud at {endpoint} (IAM enforced), PostgreSQL {major} at {host}:{port}

try, with any AWS client (the AWS CLI is not installed for you):
  export AWS_ENDPOINT_URL={endpoint} AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1
  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  aws secretsmanager rotate-secret --secret-id local/db/app-primary
  aws secretsmanager describe-secret --secret-id local/db/app-primary
  aws secretsmanager get-secret-value --secret-id local/db/app-primary

what becomes of it: a minute after the switch the old credential is due; the sweep comes every minute
  export REKEY_STAGE=local {settings}
  {rekey} secrets list
  {rekey} secrets versions local/db/app-primary
  {rekey} secrets consumers local/db/app-primary
  {rekey} requesters allow operators --actor 'the people on duty' --role internal_admin
  {rekey} impact db/app-primary
  {rekey} rotate db/app-primary --reason 'to see it' --dry-run
  {rekey} rotate db/app-primary --reason 'to see it' --wait --yes
  {rekey} requests list
  {rekey} rollback local/db/app-primary --reason 'to see it' --yes
  {rekey} retire local/db/app-primary --force --yes
  {rekey} doctor

the functions by hand:
  cargo xtask invoke sweep events/samples/invoke/sweep.json
  cargo xtask invoke sweep events/samples/invoke/doctor.json
  cargo xtask invoke request events/samples/invoke/request.json  # refused: nobody is recorded
  cargo xtask invoke observe events/samples/invoke/observe.json
  cargo xtask invoke checkpoint events/samples/invoke/checkpoint.json
  cargo xtask invoke retire events/samples/retire-order.json     # refused: its versions are nobody's

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
    ))
}
