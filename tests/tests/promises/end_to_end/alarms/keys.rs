//! What becomes of signing keys and random values: their functions are not those of databases.

use std::time::Duration;

use anyhow::Result;
use rekey_tests::door::Door;
use rekey_tests::health::Health;
use rekey_tests::scene::Scene;

use super::bells::{Bells, Lost, Starved, heard};
use super::table::{Place, names};
use crate::end_to_end::PATIENCE;
use crate::end_to_end::auditing::NO_CHECKPOINTS;
use crate::end_to_end::operating::{announced, doctor};
use crate::end_to_end::playground::wait_over;
use crate::end_to_end::webhooks::{begin, webhook};

/// The sweep comes every second, and so does a retirement that is held.
const PARAMETERS: [(&str, &str); 4] = [
    NO_CHECKPOINTS,
    ("SweepExpression", "rate(1 minute)"),
    ("GraceSeconds", "1"),
    ("RetrySeconds", "1"),
];
const MINUTE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_keeps_keys_from_being_rotated_and_retired_rings() -> Result<()> {
    let scene = heard("alarms_keys", false, MINUTE, &PARAMETERS).await?;
    let mut bells = Bells::of(&scene)?;
    let health = Health::start().await?;
    let watched = webhook(&scene, "watched", &[("rekey:health", &health.url)]).await?;
    doctor(&scene).await?;
    bells.quiet(&names(Place::Keys).collect::<Vec<_>>()).await?;

    let version = begin(&scene, &watched).await?;
    let secrets = &scene.secrets;
    secrets.wait_current(&watched, &version, PATIENCE).await?;
    announced(&scene, "rekey.secret.retire_held", 1).await?;
    let door = Door::of(&scene.cloud);
    door.send(scene.stack.output("RetireKeysQueueUrl"), "no order")
        .await?;
    no_step_is_done(&scene, &mut bells).await?;
    bells
        .ring(&["key-retirements-held", "retire-keys-dead-letters-waiting"])
        .await?;
    door.take(scene.stack.output("RetireKeysDeadLetterQueueUrl"))
        .await?;

    bells
        .killed_until_it_rings("retire-keys-failing", "RetireKeysFunctionName")
        .await?;
    let reading = "secretsmanager:GetSecretValue";
    let values = Lost::permission(&scene, "-eu-west-1-retire-keys", reading).await?;
    bells.ring(&["key-retirements-failing"]).await?;
    values.given_back().await?;
    health.set(true);
    announced(&scene, "rekey.secret.retired", 1).await?;
    bells.quiet(&names(Place::Keys).collect::<Vec<_>>()).await?;
    bells.end(Place::Keys);
    Ok(())
}

/// The function may not put a value; then it may, and has no concurrency.
async fn no_step_is_done(scene: &Scene, bells: &mut Bells<'_>) -> Result<()> {
    let putting = "secretsmanager:PutSecretValue";
    let lost = Lost::permission(scene, "-eu-west-1-rotate-keys", putting).await?;
    let version = begin(scene, &webhook(scene, "forbidden", &[]).await?).await?;
    bells.ring(&["rotate-keys-steps-failing"]).await?;
    wait_over(scene, &version).await?;
    lost.given_back().await?;
    let starved = Starved::function(scene, "KeysFunctionName").await?;
    let version = begin(scene, &webhook(scene, "starved", &[]).await?).await?;
    bells.ring(&["rotate-keys-steps-throttled"]).await?;
    starved.fed().await?;
    wait_over(scene, &version).await
}
