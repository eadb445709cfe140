//! Somebody who asks for rotations: an IAM user with the policy of infra/requester.yaml, and no other.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};

use crate::door::Door;
use crate::person::Person;
use crate::scene::Scene;
use crate::stack::Stack;

/// The type of event that the requests bus takes.
pub const ASKED: &str = "greentic.secrets.rotate.requested";

/// A requester.
#[derive(Clone, Debug)]
pub struct Team {
    pub person: Person,
    /// `rekey.requester.<name>`.
    pub source: String,
    bus: String,
    door: Door,
}

/// An entry that a bus took, or why not.
#[derive(Clone, Debug, PartialEq)]
pub enum Put {
    Taken,
    /// The code of the error.
    Denied(String),
}

impl Team {
    /// Deploys the requester's policy beside the stack, and gives it to a new user.
    pub async fn make(scene: &Scene, name: &str) -> Result<Self> {
        let bus = scene.stack.output("RequestsBusArn");
        let parameters = [("Stage", "local"), ("Name", name), ("RequestsBusArn", bus)];
        let stack = Stack::deploy_beside(
            &scene.cloud,
            &format!("rekey-local-requester-{name}"),
            "requester.yaml",
            &parameters,
        )?;
        let person =
            Person::with_policy(&scene.cloud, name, stack.output("PolicyArn")).await?;
        Ok(Self {
            door: person.door(&scene.cloud),
            source: stack.output("Source").to_owned(),
            bus: scene.stack.output("RequestsBusName").to_owned(),
            person,
        })
    }

    /// Puts one event on a bus as this requester, and says what came of it.
    pub async fn put(
        &self,
        bus: &str,
        source: &str,
        detail_type: &str,
        detail: &Value,
    ) -> Result<Put> {
        let entry = json!({ "Entries": [{
            "EventBusName": bus, "Source": source, "DetailType": detail_type,
            "Detail": detail.to_string(),
        }] });
        match self.door.json("events", "AWSEvents.PutEvents", &entry).await {
            Ok(answer) => {
                ensure!(answer["FailedEntryCount"] == 0, "{answer}");
                Ok(Put::Taken)
            }
            Err(error) => {
                let text = error.to_string();
                let code = text
                    .split(|c: char| !c.is_ascii_alphanumeric())
                    .find(|word| word.ends_with("Exception") || *word == "AccessDenied");
                Ok(Put::Denied(code.with_context(|| text.clone())?.to_owned()))
            }
        }
    }

    /// Asks for the rotation of a key. `id` ties the answer to it.
    pub async fn ask(&self, key: &str, id: &str, more: &Value) -> Result<()> {
        let detail = request(key, id, more)?;
        let put = self.put(&self.bus, &self.source, ASKED, &detail).await?;
        ensure!(put == Put::Taken, "{put:?}");
        Ok(())
    }

    /// Asks for many at once, ten to a call.
    pub async fn ask_all(&self, details: &[Value]) -> Result<()> {
        for some in details.chunks(10) {
            let entries = some.iter().map(|detail| {
                json!({
                    "EventBusName": self.bus, "Source": self.source, "DetailType": ASKED,
                    "Detail": detail.to_string(),
                })
            });
            let entries = json!({ "Entries": entries.collect::<Vec<_>>() });
            let answer = self
                .door
                .json("events", "AWSEvents.PutEvents", &entries)
                .await?;
            ensure!(answer["FailedEntryCount"] == 0, "{answer}");
        }
        Ok(())
    }
}

/// A request as a requester writes it.
pub fn request(key: &str, id: &str, more: &Value) -> Result<Value> {
    let mut detail = json!({
        "schema_version": "v1", "key": key, "correlation_id": id, "reason": format!("because of {id}"),
        "timestamp": now()?, "metadata": { "rollout_note": "CHG-1182" },
    });
    for (name, value) in more.as_object().context("no object")? {
        detail[name] = value.clone();
    }
    Ok(detail)
}

fn now() -> Result<rekey_events::Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let seconds = i64::try_from(since.as_secs())?;
    rekey_events::Timestamp::of_unix(seconds).map_err(|error| anyhow!("{error}"))
}
