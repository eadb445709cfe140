//! Five thousand requests at once. Each is answered or parked; none is lost, and none
//! rotates twice, though the function is killed again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rekey_tests::database::{random_password, verifier};
use rekey_tests::door::Door;
use rekey_tests::scene::Scene;
use rekey_tests::team::{now, request};
use serde_json::{Value, json};

use super::asking::{office, rotators};
use super::operating::{depth, kill, observed, told};
use super::playground::{details, events_since};

/// How many requests, repeats and poison among them.
const REQUESTS: usize = 5_000;
/// Every so many is sent twice, under the same id.
const REPEATED: usize = 50;
/// Every so many breaks the contract.
const POISON: usize = 100;
/// Every so many is for a secret that nobody registered.
const UNKNOWN: usize = 10;
/// The secrets of each tenant.
const SECRETS: [(&str, usize); 2] = [("flood", 12), ("small", 4)];
/// How often the function is killed meanwhile.
const KILLS: u32 = 5;
const KILL_EVERY: Duration = Duration::from_secs(6);
/// By how many seconds what is heard overlaps with what was heard before.
const OVERLAP: i64 = 10;
/// Each event has a log stream of its own, and a look goes through all of them.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Makes the secrets, each with a role of its own, registered and with rotation turned on.
async fn furnish(scene: &Scene) -> Result<Vec<String>> {
    let root = scene.database.superuser("postgres").await?;
    let mut keys = Vec::new();
    for (tenant, count) in SECRETS {
        for number in 0..count {
            let role = format!("{}_{tenant}{number}", scene.database.name);
            let password = random_password()?;
            let made = format!(
                "CREATE ROLE {role} LOGIN PASSWORD '{}'",
                verifier(&password)
            );
            root.batch_execute(&made).await?;
            let mut value = scene.database.secret(None);
            value["username"] = json!(role);
            value["password"] = json!(password);
            let key = format!("tenant.{tenant}.postgres.k{number}");
            let tags = [
                ("rekey:kind", "postgres"),
                ("rekey:owner", tenant),
                ("rekey:strategy", "single-user"),
            ];
            let secret = scene.secrets.create(&key, &value, &tags).await?;
            let function = scene.stack.rotate_function();
            scene.secrets.turn_on(&secret, function).await?;
            keys.push(key);
        }
    }
    // Secrets Manager tries each set-up for some seconds.
    for key in &keys {
        let started = Instant::now();
        while !scene.secrets.labelled(key, "AWSPENDING").await?.is_empty() {
            ensure!(started.elapsed() < Duration::from_secs(60), "{key}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        scene.secrets.tag(key, "rekey:sites", "burst").await?;
    }
    observed(scene).await?;
    Ok(keys)
}

/// The audit trail is left out: the local cloud does one thing at a time, and ten thousand records would take
/// most of its time. Many writers have a test of their own (crates/aws/tests/adapters/audit/writers.rs).
async fn unrecorded(scene: &Scene) -> Result<()> {
    let bus = scene.stack.output("BusName");
    let rule = json!({ "Name": "rekey-local-audit", "EventBusName": bus });
    let door = Door::of(&scene.cloud);
    door.json("events", "AWSEvents.DisableRule", &rule).await?;
    Ok(())
}

fn asked(keys: &[String]) -> Result<Vec<Value>> {
    let mut asked = Vec::new();
    for number in 0.. {
        if asked.len() >= REQUESTS {
            break;
        }
        let id = format!("{number:08x}-0000-5000-8000-000000000000");
        if number % POISON == POISON - 1 {
            asked.push(json!({ "event_id": id, "key": 7 }));
            continue;
        }
        // The small tenant's come last, behind the flood.
        let key = match number % UNKNOWN {
            0 => "tenant.nobody.postgres.k0",
            _ if asked.len() > REQUESTS * 9 / 10 => &keys[SECRETS[0].1 + number % SECRETS[1].1],
            _ => &keys[number % SECRETS[0].1],
        };
        let more = json!({ "event_id": id, "metadata": { "accept_no_overlap": true } });
        let detail = request(key, &id, &more)?;
        if number % REPEATED == 0 && asked.len() + 1 < REQUESTS {
            asked.push(detail.clone());
        }
        asked.push(detail);
    }
    Ok(asked)
}

/// The id of the request that a message in the queue of dead letters was.
fn poisoned(body: &str) -> Option<String> {
    let event: Value = serde_json::from_str(body).ok()?;
    event["detail"]["event_id"].as_str().map(str::to_owned)
}

#[derive(Default)]
struct Tally {
    /// The class that each refused request was refused for.
    refused: BTreeMap<String, String>,
    accepted: BTreeSet<String>,
    rotated: BTreeSet<String>,
}

impl Tally {
    /// What was told since a time, which is known in part: everything at each look would be most of the work.
    async fn hear(&mut self, scene: &Scene, since: i64) -> Result<()> {
        let all = events_since(scene, since).await?;
        let id = |detail: &Value| detail["correlation_id"].as_str().map(str::to_owned);
        for refusal in details(&all, "rekey.request.refused") {
            let class = refusal["class"].as_str().unwrap_or_default().to_owned();
            self.refused.extend(id(&refusal).map(|id| (id, class)));
        }
        let answers = details(&all, "rekey.request.answered");
        let accepted = answers.iter().filter(|one| one["answer"] == "accepted");
        self.accepted.extend(accepted.filter_map(id));
        let ends = details(&all, "greentic.secrets.rotate.completed");
        let good = ends.iter().filter(|one| one["result"] == "success");
        self.rotated.extend(good.filter_map(id));
        Ok(())
    }
}

#[tokio::test]
async fn of_five_thousand_requests_at_once_none_is_lost() -> Result<()> {
    // Each secret may be rotated once in the time of the test.
    let more = [
        ("RequestIntervalSeconds", "900"),
        ("RotationsPerSecond", "5"),
    ];
    let (scene, admin) = office("burst", false, &more).await?;
    let keys = furnish(&scene).await?;
    let shop = rotators(&scene, &admin, "shop").await?;
    unrecorded(&scene).await?;
    let asked = asked(&keys)?;
    let poison = asked.iter().filter(|one| one["key"] == 7).count();
    let ids: BTreeSet<_> = asked
        .iter()
        .filter(|one| one["key"] != 7)
        .filter_map(|one| one["event_id"].as_str())
        .collect();
    let (started, begun) = (Instant::now(), now()?.unix());
    shop.ask_all(&asked).await?;
    let sent = started.elapsed();
    let (mut kills, mut tally) = (0, Tally::default());
    let mut heard = begun;
    loop {
        // Now and then the function dies in the middle of a batch.
        if kills < KILLS && started.elapsed() > KILL_EVERY * (kills + 1) {
            kills += u32::from(kill(&scene, "RequestFunctionName")?);
        }
        let time = now()?.unix();
        tally.hear(&scene, heard).await?;
        heard = time - OVERLAP;
        let parked = depth(&scene, "RequestDeadLetterQueueUrl").await?.waiting;
        let answered = tally.refused.len() + tally.accepted.len();
        let all_parked = usize::try_from(parked)? >= poison;
        if answered >= ids.len() && all_parked && tally.rotated.len() >= keys.len() {
            break;
        }
        if started.elapsed() > PATIENCE {
            let logs = told(&scene).await;
            let tail: Vec<_> = logs.lines().rev().take(40).collect();
            bail!(
                "{answered} of {} are answered, {parked} of {poison} parked, {} rotated:\n{}",
                ids.len(),
                tally.rotated.len(),
                tail.join("\n")
            );
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    let time = started.elapsed();
    let door = Door::of(&scene.cloud);
    ensure!(
        door.depth(scene.stack.output("RequestQueueUrl"))
            .await?
            .is_empty(),
        "messages are left in the queue"
    );
    // One that was killed between putting a message aside and saying so puts it aside again.
    let copies = door
        .take(scene.stack.output("RequestDeadLetterQueueUrl"))
        .await?;
    let parked: BTreeSet<_> = copies.iter().filter_map(|body| poisoned(body)).collect();
    let (parked, copies) = (parked.len(), copies.len());
    let answered: BTreeSet<_> = tally.refused.keys().chain(&tally.accepted).collect();
    let lost = ids
        .iter()
        .filter(|id| !answered.contains(&(**id).to_owned()));
    let lost = lost.count() + poison.saturating_sub(parked);
    let mut classes = BTreeMap::<&str, usize>::new();
    for class in tally.refused.values() {
        *classes.entry(class).or_default() += 1;
    }
    println!(
        "burst: {} events sent in {:.1} s ({} requests, {} of them twice, {poison} poison)",
        asked.len(),
        sent.as_secs_f64(),
        ids.len(),
        asked.len() - ids.len() - poison,
    );
    println!(
        "burst: requests: {}, refused: {}, rotated: {}, parked: {parked} (in {copies} copies), lost: {lost}; {:.1} s, {:.0} a second",
        ids.len(),
        tally.refused.len(),
        tally.rotated.len(),
        time.as_secs_f64(),
        asked.len() as f64 / time.as_secs_f64()
    );
    println!("burst: refused for {classes:?}; the function was killed {kills} times meanwhile");
    assert_eq!(kills, KILLS);
    assert_eq!(lost, 0);
    assert_eq!(parked, poison);
    assert_eq!(tally.accepted.len(), keys.len(), "one for each secret");
    assert_eq!(tally.rotated, tally.accepted);
    for key in &keys {
        let versions = scene.secrets.describe(key).await?.version_ids_to_stages;
        let labelled = versions.context("no versions")?.len();
        assert_eq!(labelled, 2, "{key} was rotated once");
    }
    Ok(())
}
