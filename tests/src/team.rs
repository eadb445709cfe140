//! Somebody who asks for rotations: an IAM user with the policy of infra/requester.yaml, and no other.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow, ensure};
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::ProvideErrorMetadata as _;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Value, json};

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
    buses: Client,
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
        let person = Person::with_policy(&scene.cloud, name, stack.output("PolicyArn")).await?;
        Ok(Self {
            buses: person.buses(),
            source: stack.output("Source").to_owned(),
            bus: scene.stack.output("RequestsBusName").to_owned(),
            person,
        })
    }

    /// Puts events on a bus with one call as this requester, and says what came of it. Each entry has its
    /// source, its type and its detail.
    pub async fn put(&self, bus: &str, entries: &[(&str, &str, &Value)]) -> Result<Put> {
        let entries = entries.iter().map(|(source, detail_type, detail)| {
            PutEventsRequestEntry::builder()
                .event_bus_name(bus)
                .source(*source)
                .detail_type(*detail_type)
                .detail(detail.to_string())
                .build()
        });
        let call = self.buses.put_events();
        match call.set_entries(Some(entries.collect())).send().await {
            Ok(answer) => {
                ensure!(answer.failed_entry_count() == 0, "{answer:?}");
                Ok(Put::Taken)
            }
            Err(error) => {
                let code = error.code().map(str::to_owned);
                Ok(Put::Denied(code.with_context(|| format!("{error:?}"))?))
            }
        }
    }

    /// Asks for the rotation of a key. `id` ties the answer to it.
    pub async fn ask(&self, key: &str, id: &str, more: &Value) -> Result<()> {
        let detail = request(key, id, more)?;
        self.ask_all(&[detail]).await
    }

    /// Asks for many at once, ten to a call.
    pub async fn ask_all(&self, details: &[Value]) -> Result<()> {
        for some in details.chunks(10) {
            let entries = some
                .iter()
                .map(|detail| (self.source.as_str(), ASKED, detail));
            let put = self.put(&self.bus, &entries.collect::<Vec<_>>()).await?;
            ensure!(put == Put::Taken, "{put:?}");
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

/// The time of this machine, which is that of the local cloud.
pub fn now() -> Result<rekey_events::Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let seconds = i64::try_from(since.as_secs())?;
    rekey_events::Timestamp::of_unix(seconds).map_err(|error| anyhow!("{error}"))
}

/// A window of one minute that is not now: in two days.
pub fn closed_window() -> Result<String> {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    // 1 January 1970 was a Thursday.
    let day = usize::try_from((since.as_secs() / 86_400 + 4 + 2) % 7)?;
    let day = DAYS.get(day).context("a week has seven days")?;
    Ok(format!("{day} 02:00-02:01"))
}
