//! The audit trail as people and auditors see it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rekey_tests::cloud::REGION;
use rekey_tests::door::Door;
use rekey_tests::given;
use rekey_tests::person::{Person, Said};
use rekey_tests::scene::Scene;
use serde_json::{Value, json};
use tokio::process::Command;

use super::operating::{rekey, rekey_json, until};

/// Neither a checkpoint nor anything else runs by itself.
pub const NO_CHECKPOINTS: (&str, &str) = ("CheckpointExpression", "cron(0 0 1 1 ? 2099)");

/// Waits until the writer has nothing to do any more.
pub async fn written(scene: &Scene) -> Result<()> {
    let (door, queue) = (Door::of(&scene.cloud), scene.stack.output("AuditQueueUrl"));
    let mut quiet = 0;
    until(
        scene,
        "the queue of the audit writer is empty",
        async || {
            // An event may be between the bus and the queue.
            quiet = if door.depth(queue).await?.is_empty() {
                quiet + 1
            } else {
                0
            };
            Ok((quiet >= 3).then_some(()))
        },
    )
    .await
}

/// Every record that some filters find, the newest first.
pub async fn listed(scene: &Scene, person: &Person, filters: &[&str]) -> Result<Vec<Value>> {
    let arguments = [&["audit", "list", "--all"], filters].concat();
    let mut page = rekey_json(scene, person, 0, &arguments).await?;
    let entries = page["records"].as_array_mut().context("no records")?;
    Ok(entries
        .iter_mut()
        .map(|entry| entry["record"].take())
        .collect())
}

/// Makes a checkpoint; what the function answered.
pub async fn checkpoint(scene: &Scene) -> Result<Value> {
    let function = scene.stack.output("CheckpointFunctionName");
    let order = json!({ "job": "checkpoint" }).to_string();
    let answer = Door::of(&scene.cloud).invoke(function, &order).await?;
    ensure!(!answer.failed, "{}", answer.value);
    Ok(answer.value)
}

/// `rekey audit verify --json`, which must end with `code`.
pub async fn verified(scene: &Scene, person: &Person, code: i32, more: &[&str]) -> Result<Value> {
    rekey_json(scene, person, code, &[&["audit", "verify"], more].concat()).await
}

/// The names of the findings in a verdict of `verify`, of all chains.
pub fn findings(verdict: &Value) -> Vec<String> {
    let chains = verdict["chains"].as_array().cloned().unwrap_or_default();
    let of_chains = chains
        .iter()
        .filter_map(|chain| chain["findings"].as_array());
    let findings = of_chains.flatten();
    let names = findings.filter_map(|finding| finding["finding"].as_str());
    names.map(str::to_owned).collect()
}

/// Writes the trail into a folder.
pub async fn exported(scene: &Scene, person: &Person, name: &str) -> Result<PathBuf> {
    let dir = scene.cloud.dir.join(name);
    let out = dir.display().to_string();
    let said = rekey(scene, person, &["audit", "export", "--out", &out]).await?;
    ensure!(said.code == 0, "{said:?}");
    Ok(dir)
}

/// Verifies an export as a stranger: no credentials, no endpoint, no Region.
pub async fn verified_by_a_stranger(dir: &Path, more: &[&str]) -> Result<Said> {
    let key = dir.join("public-key.pem");
    let output = Command::new(given::program("rekey")?)
        .args(["audit", "verify", "--json", "--export"])
        .arg(dir)
        .arg("--public-key")
        .arg(key)
        .args(more)
        .env_clear()
        .kill_on_drop(true)
        .output()
        .await?;
    Ok(Said {
        code: output.status.code().context("it was killed")?,
        out: String::from_utf8(output.stdout)?,
        err: String::from_utf8(output.stderr)?,
    })
}

/// The table, as somebody has it who may do everything to it and has no key.
pub struct Table<'a> {
    door: Door,
    name: &'a str,
}

impl<'a> Table<'a> {
    pub fn of(scene: &'a Scene) -> Self {
        Self {
            door: Door::of(&scene.cloud),
            name: scene.stack.output("AuditTable"),
        }
    }

    async fn call(&self, action: &str, more: Value) -> Result<Value> {
        let mut body = json!({ "TableName": self.name });
        for (name, value) in more.as_object().context("no object")? {
            body[name] = value.clone();
        }
        let target = format!("DynamoDB_20120810.{action}");
        self.door.json("dynamodb", &target, &body).await
    }

    fn key(chain: &str, seq: u64) -> Value {
        json!({ "pk": { "S": format!("CHAIN#{chain}") }, "sk": { "S": format!("{seq:012}") } })
    }

    /// An item of a chain, as it is.
    pub async fn item(&self, chain: &str, seq: u64) -> Result<Value> {
        let mut found = self
            .call("GetItem", json!({ "Key": Self::key(chain, seq) }))
            .await?;
        Ok(found["Item"].take())
    }

    /// Puts an item, over whatever is there.
    pub async fn put(&self, item: &Value) -> Result<()> {
        self.call("PutItem", json!({ "Item": item })).await?;
        Ok(())
    }

    /// Takes an item of a chain away.
    pub async fn delete(&self, chain: &str, seq: u64) -> Result<()> {
        self.call("DeleteItem", json!({ "Key": Self::key(chain, seq) }))
            .await?;
        Ok(())
    }

    /// How many records a chain has.
    pub async fn count(&self, chain: &str) -> Result<u64> {
        let query = json!({
            "KeyConditionExpression": "pk = :pk", "Select": "COUNT", "ConsistentRead": true,
            "ExpressionAttributeValues": { ":pk": { "S": format!("CHAIN#{chain}") } },
        });
        let answer = self.call("Query", query).await?;
        answer["Count"].as_u64().context("no count")
    }
}

/// A program of the venv with the local cloud's packages.
pub async fn python(script: &Path, arguments: &[&Path]) -> Result<std::process::Output> {
    let mut program = Command::new(given::python()?);
    program
        .arg(script)
        .args(arguments)
        .env("AWS_REGION", REGION);
    Ok(program.kill_on_drop(true).output().await?)
}
