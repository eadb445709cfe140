//! What becomes of events that are to be recorded, and of credentials that are to be retired.

use std::time::Duration;

use anyhow::Result;
use rekey_tests::door::Door;
use rekey_tests::scene::Scene;
use serde_json::json;

use super::bells::{Bells, Lost, Starved, heard};
use super::table::{Place, names};
use crate::end_to_end::auditing::NO_CHECKPOINTS;
use crate::end_to_end::operating::{announced, doctor, observed, operator, recorded};
use crate::end_to_end::playground::rotate;

/// The sweep comes every second, and so does a retirement that is held.
const PARAMETERS: [(&str, &str); 4] = [
    NO_CHECKPOINTS,
    ("SweepExpression", "rate(1 minute)"),
    ("GraceSeconds", "1"),
    ("RetrySeconds", "1"),
];
const MINUTE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_keeps_events_from_being_recorded_and_credentials_from_being_retired_rings()
-> Result<()> {
    let scene = heard("alarms_orders", true, MINUTE, &PARAMETERS).await?;
    let mut bells = Bells::of(&scene)?;
    let olga = operator(&scene).await?;
    doctor(&scene).await?;
    let old = scene.secrets.current(&scene.secret).await?;
    let (user, password) = (old.field("username"), old.field("password"));
    let session = scene.database.connect(user, password).await?;
    bells
        .quiet(&names(Place::Orders).collect::<Vec<_>>())
        .await?;
    let (_, new) = rotate(&scene).await?;
    recorded(&scene, &olga, &new.id, "current").await?;
    // From here on the session holds the old credential.
    announced(&scene, "rekey.secret.retire_held", 1).await?;
    let door = Door::of(&scene.cloud);
    door.send(scene.stack.output("RetireQueueUrl"), "no order")
        .await?;
    nobody_observes(&scene, &mut bells).await?;
    bells
        .ring(&["retire-dead-letters-waiting", "retirements-held"])
        .await?;
    door.take(scene.stack.output("RetireDeadLetterQueueUrl"))
        .await?;

    bells
        .killed_until_it_rings("retire-failing", "RetireFunctionName")
        .await?;
    let reading = "secretsmanager:GetSecretValue";
    let values = Lost::permission(&scene, "-RetireFunctionRole-", reading).await?;
    bells.ring(&["retirements-failing"]).await?;
    values.given_back().await?;
    drop(session);
    announced(&scene, "rekey.secret.retired", 1).await?;
    bells
        .quiet(&[
            "retire-dead-letters-waiting",
            "retire-failing",
            "retirements-failing",
            "retirements-held",
        ])
        .await?;
    bells.end(Place::Orders);
    Ok(())
}

async fn nobody_observes(scene: &Scene, bells: &mut Bells<'_>) -> Result<()> {
    let starved = Starved::function(scene, "ObserveFunctionName").await?;
    let owner = [("rekey:owner", "demo")];
    let value = json!({ "password": "of nobody" });
    let other = scene.secrets.create("local/db/other", &value, &owner);
    let put = scene.secrets.client.put_secret_value();
    let put = put.secret_id(other.await?);
    put.secret_string(value.to_string()).send().await?;
    bells.ring(&["observe-events-waiting-long"]).await?;
    starved.fed().await?;
    bells
        .killed_until_it_rings("observe-failing", "ObserveFunctionName")
        .await?;
    observed(scene).await?;
    let door = Door::of(&scene.cloud);
    door.send(scene.stack.output("ObserveQueueUrl"), "no event")
        .await?;
    bells.ring(&["observe-dead-letters-waiting"]).await?;
    door.take(scene.stack.output("ObserveDeadLetterQueueUrl"))
        .await?;
    bells
        .quiet(&[
            "observe-events-waiting-long",
            "observe-failing",
            "observe-dead-letters-waiting",
        ])
        .await
}
