//! The functions that come after the switch are killed in the middle of their work.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rekey_tests::halfway::Obstacle;
use serde_json::Value;

use super::PATIENCE;
use super::operating::{
    NAME, doctor, job, kill, observed, operator, recorded, rekey, sweep, sweep_until, told, until,
    versions,
};
use super::playground::{events, quiet_with, rotate, works};

/// How often each thing was told, by the id that an event keeps when it is told again.
fn ids(events: &[Value], detail_type: &str) -> BTreeMap<String, usize> {
    let mut ids = BTreeMap::new();
    for event in events
        .iter()
        .filter(|event| event["detail-type"] == detail_type)
    {
        *ids.entry(event["detail"]["event_id"].to_string())
            .or_default() += 1;
    }
    ids
}

#[tokio::test]
async fn whatever_is_killed_everything_is_done_in_the_end_and_nothing_twice() -> Result<()> {
    let times = [
        ("GraceSeconds", "3"),
        ("WarningSeconds", "2"),
        ("RetrySeconds", "2"),
    ];
    let scene = quiet_with("killed_later", true, &times).await?;
    let olga = operator(&scene).await?;
    doctor(&scene).await?;
    // Observe is killed while the events of the first rotation come: as soon as there is a process of it.
    let killer = async {
        until(&scene, "observe was killed", async || {
            Ok(kill(&scene, "ObserveFunctionName")?.then_some(()))
        })
        .await
    };
    let (killed, rotated) = tokio::join!(killer, rotate(&scene));
    killed?;
    let (first, second) = rotated?;
    recorded(&scene, &olga, &second.id, "current").await?;

    // Nobody comes past here before it is said.
    let obstacle = Obstacle::place(&scene.database, &scene.database.app).await?;
    // Sweep is killed while it hands over: whatever it took is taken up again.
    let mut killed = 0_u32;
    until(&scene, "sweep was killed in its work", async || {
        let (_, ended) = tokio::join!(job(&scene, "sweep"), async {
            tokio::time::sleep(Duration::from_millis(30) * (killed + 1)).await;
            kill(&scene, "SweepFunctionName")
        });
        killed += u32::from(ended?);
        Ok((killed >= 4).then_some(()))
    })
    .await?;

    // Retire is killed inside its transaction.
    let reached = async {
        tokio::select! {
            reached = obstacle.reached(PATIENCE) => reached,
            error = async {
                loop {
                    if let Err(error) = sweep(&scene).await {
                        break error;
                    }
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            } => Err(error),
        }
    };
    if let Err(error) = reached.await {
        return Err(error.context(told(&scene).await));
    }
    ensure!(kill(&scene, "RetireFunctionName")?, "retire has no process");
    obstacle.give_way().await?;
    sweep_until(&scene, "rekey.secret.retired", 1).await?;
    ensure!(
        !works(&scene, &first).await?,
        "the old credential still logs in"
    );
    ensure!(works(&scene, &second).await?, "the new one does not");
    recorded(&scene, &olga, &first.id, "retired").await?;
    observed(&scene).await?;

    let all = events(&scene).await?;
    for once in [
        "rekey.grace.ending",
        "rekey.retire.intended",
        "rekey.secret.retired",
    ] {
        let told = ids(&all, once);
        assert_eq!(told.len(), 1, "{once}: {told:?}");
    }
    // Killed between its record and its word, observe leaves the word to a run that comes a minute later.
    let told = ids(&all, "greentic.secrets.rotate.completed").len();
    let found = rekey(&scene, &olga, &["doctor", NAME, "--json"]).await?;
    let left = usize::from(found.json()?.to_string().contains("\"unsent\""));
    assert!(told <= 1 && told + left >= 1, "{told} told, {found:?}");
    let known = versions(&scene, &olga).await?;
    assert_eq!(known.len(), 2, "{known:#?}");
    let numbers: Vec<i64> = known
        .iter()
        .filter_map(|one| one["version"].as_i64())
        .collect();
    assert_eq!(numbers, [2, 1]);
    let parked = super::operating::depth(&scene, "ObserveDeadLetterQueueUrl").await?;
    assert!(parked.is_empty(), "{parked:?}");
    scene
        .secrets
        .current(&scene.secret)
        .await
        .context("the secret")?;
    Ok(())
}
