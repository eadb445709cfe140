//! Who is told when an alarm rings: a topic, and a queue that hears it.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::door::{Door, element};

/// A topic with one subscriber.
#[derive(Clone, Debug)]
pub struct Topic {
    /// What the template's parameter `AlarmTopicArn` takes.
    pub arn: String,
    door: Door,
    queue: String,
}

/// What an alarm said.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its whole name.
    pub alarm: String,
    pub description: String,
    /// What it is now, such as `ALARM` or `OK`.
    pub state: String,
    pub reason: String,
}

impl Topic {
    /// Makes both, and subscribes the queue.
    pub async fn make(cloud: &Cloud) -> Result<Self> {
        let door = Door::of(cloud);
        let named = [("Name", "alarms")];
        let made = door.form("sns", VERSION, "CreateTopic", &named).await?;
        let arn = element(&made, "TopicArn")?.to_owned();
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "sqs:SendMessage", "Resource": "*",
            "Condition": { "ArnEquals": { "aws:SourceArn": arn } },
        }] });
        let wanted =
            json!({ "QueueName": "alarms", "Attributes": { "Policy": policy.to_string() } });
        let made = door.json("sqs", "AmazonSQS.CreateQueue", &wanted).await?;
        let queue = made["QueueUrl"].as_str().context("no queue")?.to_owned();
        let asked = json!({ "QueueUrl": queue, "AttributeNames": ["QueueArn"] });
        let found = door
            .json("sqs", "AmazonSQS.GetQueueAttributes", &asked)
            .await?;
        let endpoint = found["Attributes"]["QueueArn"].as_str().context("no ARN")?;
        let subscription = [
            ("TopicArn", arn.as_str()),
            ("Protocol", "sqs"),
            ("Endpoint", endpoint),
        ];
        door.form("sns", VERSION, "Subscribe", &subscription)
            .await?;
        Ok(Self { arn, door, queue })
    }

    /// What was said since the last time, in its order.
    pub async fn heard(&self) -> Result<Vec<Told>> {
        let bodies = self.door.take(&self.queue).await?;
        bodies.iter().map(|body| told(body)).collect()
    }
}

/// The version of the API of SNS.
const VERSION: &str = "2010-03-31";

/// The text of an alarm in the envelope of SNS.
fn told(body: &str) -> Result<Told> {
    let envelope: Value = serde_json::from_str(body)?;
    let text = envelope["Message"].as_str().context("no message")?;
    let said: Value = serde_json::from_str(text)?;
    let field = |name: &str| {
        let text = said[name]
            .as_str()
            .with_context(|| format!("no {name} in {said}"));
        text.map(str::to_owned)
    };
    Ok(Told {
        alarm: field("AlarmName")?,
        description: field("AlarmDescription")?,
        state: field("NewStateValue")?,
        reason: field("NewStateReason")?,
    })
}
