//! What people and clocks do after a rotation: sweep, the doctor, the command line. And waiting, which is
//! always for something, with a bound.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rekey_tests::door::{Answer, Depth, Door};
use rekey_tests::person::{Person, Said};
use rekey_tests::scene::Scene;
use serde_json::{Value, json};

use super::PATIENCE;
use super::crash::descendants;
use super::playground::{details, events, lines};

/// The name of the secret of every scene.
pub const NAME: &str = "local/db/app-primary";

/// Asks again and again, until there is an answer. When there is none, says what the functions logged.
pub async fn until<T>(
    scene: &Scene,
    what: impl Into<String>,
    mut ask: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let (what, started) = (what.into(), Instant::now());
    while started.elapsed() < PATIENCE {
        match ask().await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => tokio::time::sleep(Duration::from_millis(150)).await,
            Err(error) => return Err(error.context(told(scene).await).context(what)),
        }
    }
    let logs = told(scene).await;
    bail!(
        "{} s were not enough until {what}\n{logs}",
        PATIENCE.as_secs()
    )
}

/// Runs a job of the sweep function, whatever comes of it.
pub async fn job(scene: &Scene, job: &str) -> Result<Answer> {
    let function = scene.stack.output("SweepFunctionName");
    let order = json!({ "job": job }).to_string();
    Door::of(&scene.cloud).invoke(function, &order).await
}

/// Looks for what is due, once; what it did.
pub async fn sweep(scene: &Scene) -> Result<Value> {
    let answer = job(scene, "sweep").await?;
    ensure!(!answer.failed, "{}", answer.value);
    Ok(answer.value)
}

/// One round of the doctor; what it did.
pub async fn doctor(scene: &Scene) -> Result<Value> {
    let answer = job(scene, "doctor").await?;
    ensure!(!answer.failed, "{}", answer.value);
    Ok(answer.value)
}

/// Sweeps until there are `count` events of a type: those.
pub async fn sweep_until(scene: &Scene, detail_type: &str, count: usize) -> Result<Vec<Value>> {
    until(
        scene,
        format!("a sweep has led to {detail_type}"),
        async || {
            sweep(scene).await?;
            let found = details(&events(scene).await?, detail_type);
            Ok((found.len() >= count).then_some(found))
        },
    )
    .await
}

/// Waits until there are `count` events of a type: those.
pub async fn announced(scene: &Scene, detail_type: &str, count: usize) -> Result<Vec<Value>> {
    until(scene, format!("{detail_type} was announced"), async || {
        let found = details(&events(scene).await?, detail_type);
        Ok((found.len() >= count).then_some(found))
    })
    .await
}

/// What the functions have logged, for whoever has to find out.
pub async fn told(scene: &Scene) -> String {
    let mut text = scene.cloud.log();
    let groups = [
        "ObserveLogGroup",
        "SweepLogGroup",
        "RetireLogGroup",
        "AuditLogGroup",
        "CheckpointLogGroup",
    ];
    for group in groups {
        let log = lines(scene, scene.stack.output(group)).await;
        for line in log.unwrap_or_default() {
            text.push_str(&format!("{group}: {line}\n"));
        }
    }
    text
}

/// Somebody with the policy of operators.
pub async fn operator(scene: &Scene) -> Result<Person> {
    operator_named(scene, "olga").await
}

/// The same, for somebody else.
pub async fn operator_named(scene: &Scene, name: &str) -> Result<Person> {
    let policy = scene.stack.output("OperatorPolicyArn");
    Person::with_policy(&scene.cloud, name, policy).await
}

/// Runs `rekey`, whatever comes of it.
pub async fn rekey(scene: &Scene, person: &Person, arguments: &[&str]) -> Result<Said> {
    person.rekey(&scene.settings, arguments).await
}

/// Runs `rekey ... --json`, which must end with `code`: what it printed.
pub async fn rekey_json(
    scene: &Scene,
    person: &Person,
    code: i32,
    arguments: &[&str],
) -> Result<Value> {
    let said = rekey(scene, person, &[arguments, &["--json"]].concat()).await?;
    if said.code != code {
        let logs = told(scene).await;
        bail!(
            "rekey {arguments:?} ended with {} and not {code}: {said:?}\n{logs}",
            said.code
        );
    }
    said.json()
}

/// The versions of the scene's secret by the registry, newest first; none while it is not registered.
pub async fn versions(scene: &Scene, person: &Person) -> Result<Vec<Value>> {
    let arguments = ["secrets", "versions", NAME, "--json"];
    let said = rekey(scene, person, &arguments).await?;
    if said.code != 0 {
        ensure!(said.err.contains("is not registered"), "{said:?}");
        return Ok(Vec::new());
    }
    let document = said.json()?;
    Ok(document["versions"]
        .as_array()
        .context("no versions")?
        .clone())
}

/// Waits until a version stands so by the registry: all versions, newest first.
pub async fn recorded(
    scene: &Scene,
    person: &Person,
    version: &str,
    state: &str,
) -> Result<Vec<Value>> {
    until(
        scene,
        format!("{version} is recorded as {state}"),
        async || {
            let versions = versions(scene, person).await?;
            let stands = |one: &Value| one["version_id"] == version && one["state"] == state;
            Ok(versions.iter().any(stands).then_some(versions))
        },
    )
    .await
}

/// Waits until observe has nothing to do any more.
pub async fn observed(scene: &Scene) -> Result<()> {
    let (door, queue) = (
        Door::of(&scene.cloud),
        scene.stack.output("ObserveQueueUrl"),
    );
    let mut quiet = 0;
    until(scene, "the queue of observe is empty", async || {
        // An event may be between the bus and the queue.
        quiet = if door.depth(queue).await?.is_empty() {
            quiet + 1
        } else {
            0
        };
        Ok((quiet >= 3).then_some(()))
    })
    .await
}

/// Waits until it is seen that nobody takes what waits in a queue: a function that may, takes it at once.
pub async fn nobody_takes(scene: &Scene, output: &str) -> Result<()> {
    let mut seen = 0;
    until(scene, format!("messages wait in {output}"), async || {
        let depth = depth(scene, output).await?;
        let waits = depth.waiting > 0 && depth.in_flight == 0;
        seen = if waits { seen + 1 } else { 0 };
        Ok((seen >= 6).then_some(()))
    })
    .await
}

/// How many messages one of the stack's queues has.
pub async fn depth(scene: &Scene, output: &str) -> Result<Depth> {
    Door::of(&scene.cloud)
        .depth(scene.stack.output(output))
        .await
}

/// Kills the processes of one function; whether it had any.
pub fn kill(scene: &Scene, output: &str) -> Result<bool> {
    let name = format!("AWS_LAMBDA_FUNCTION_NAME={}\0", scene.stack.output(output));
    let mut killed = false;
    for process in descendants(scene.cloud.id())? {
        let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        let environment = String::from_utf8_lossy(&environment).into_owned();
        if environment.contains(&name) {
            // It may have ended by itself meanwhile.
            let status = Command::new("kill")
                .args(["-KILL", &process.to_string()])
                .output()?;
            killed |= status.status.success();
        }
    }
    Ok(killed)
}
