//! A schedule with a policy, which is the sweep's and not Secrets Manager's.

use std::time::Duration;

use anyhow::Result;

use super::asking::{current, office};
use super::operating::{job, observed, sweep, until};
use super::playground::{details, events, works};
use super::roles::Role;

/// Nothing comes of most of them: a minute has to pass.
const BETWEEN_SWEEPS: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_schedule_with_a_policy_is_asked_for_by_the_sweep_and_rotates() -> Result<()> {
    let (scene, _) = office("swept", true, &[("RetrySeconds", "1")]).await?;
    let before = scene.secrets.current(&scene.secret).await?;
    for (tag, text) in [("rekey:window", "00:00-24:00"), ("rekey:every", "1m")] {
        scene.secrets.tag(&scene.secret, tag, text).await?;
    }
    observed(&scene).await?;
    // The shortest age that a tag can ask for is a minute; a window of all day spreads it over an hour, so
    // that tag goes, and it is a tenth of the age.
    assert_eq!(sweep(&scene).await?["asked"], 0, "nothing is due yet");
    let client = &scene.secrets.client;
    let untag = client.untag_resource().secret_id(&scene.secret);
    untag.tag_keys("rekey:window").send().await?;
    observed(&scene).await?;
    let role = Role::of(&scene, "sweep").await?;
    role.without(&["AskAsTheSchedule"]).await?;
    let calls = role.refused("PutEvents")?;
    let mut asked = 0;
    for _ in 0..3 {
        // Each waits as long as a test may wait for anything.
        let due = until(&scene, "the sweep asks for the rotation", async || {
            tokio::time::sleep(BETWEEN_SWEEPS).await;
            asked += job(&scene, "sweep").await?.value["asked"]
                .as_u64()
                .unwrap_or_default();
            Ok((asked > 0 || role.refused("PutEvents")? > calls).then_some(()))
        });
        if due.await.is_ok() {
            break;
        }
    }
    assert_eq!(asked, 0, "it asks without AskAsTheSchedule");
    role.whole().await?;
    let asked = until(&scene, "what the sweep asks for is accepted", async || {
        job(&scene, "sweep").await?;
        let answers = details(&events(&scene).await?, "rekey.request.answered");
        Ok(answers.into_iter().find(|one| one["answer"] == "accepted"))
    })
    .await?;
    assert_eq!(asked["requester"], "rekey.requester.schedule");
    assert_eq!(asked["actor"], "schedule");
    current(&scene, &asked).await?;
    assert!(works(&scene, &before).await?);
    Ok(())
}
