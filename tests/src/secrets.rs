//! Secrets Manager as its owner sees it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Region};
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{RotationRulesType, Tag};
use serde_json::Value;

use crate::cloud::{Cloud, REGION};

/// A client.
#[derive(Clone, Debug)]
pub struct Secrets {
    pub client: Client,
}

/// A value and its version.
#[derive(Clone, Debug)]
pub struct Version {
    pub id: String,
    pub value: Value,
}

impl Version {
    /// A text field of the value.
    pub fn field(&self, name: &str) -> &str {
        self.value[name]
            .as_str()
            .unwrap_or_else(|| panic!("the secret has no {name}"))
    }
}

impl Secrets {
    /// Talks to the local cloud.
    pub fn of(cloud: &Cloud) -> Self {
        Self::at(
            &cloud.endpoint,
            Credentials::from_keys("test", "test", None),
        )
    }

    /// Talks to the local cloud as somebody.
    pub fn at(endpoint: &str, credentials: Credentials) -> Self {
        let http = aws_smithy_http_client::Builder::new().build_http();
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .credentials_provider(credentials)
            .endpoint_url(endpoint)
            .http_client(http)
            .build();
        Self {
            client: Client::from_conf(config),
        }
    }

    /// Makes a secret; returns its ARN.
    pub async fn create(&self, name: &str, value: &Value, tags: &[(&str, &str)]) -> Result<String> {
        let mut call = self
            .client
            .create_secret()
            .name(name)
            .secret_string(value.to_string());
        for (key, text) in tags {
            call = call.tags(Tag::builder().key(*key).value(*text).build());
        }
        call.send().await?.arn.context("no ARN")
    }

    /// The version with a label.
    pub async fn version(&self, secret: &str, label: &str) -> Result<Version> {
        let answer = self
            .client
            .get_secret_value()
            .secret_id(secret)
            .version_stage(label)
            .send()
            .await?;
        Ok(Version {
            id: answer.version_id.context("no version id")?,
            value: serde_json::from_str(&answer.secret_string.context("no text")?)?,
        })
    }

    /// The current version.
    pub async fn current(&self, secret: &str) -> Result<Version> {
        self.version(secret, "AWSCURRENT").await
    }

    /// `DescribeSecret`.
    pub async fn describe(&self, secret: &str) -> Result<DescribeSecretOutput> {
        Ok(self
            .client
            .describe_secret()
            .secret_id(secret)
            .send()
            .await?)
    }

    /// The ids of the versions that have a label.
    pub async fn labelled(&self, secret: &str, label: &str) -> Result<Vec<String>> {
        let versions = self.describe(secret).await?.version_ids_to_stages;
        Ok(versions
            .unwrap_or_default()
            .into_iter()
            .filter(|(_, labels)| labels.iter().any(|one| one == label))
            .map(|(id, _)| id)
            .collect())
    }

    /// Turns rotation on and rotates now; returns the new version's id.
    pub async fn rotate(&self, secret: &str, function: &str) -> Result<String> {
        let rules = RotationRulesType::builder().automatically_after_days(30);
        let answer = self
            .client
            .rotate_secret()
            .secret_id(secret)
            .rotation_lambda_arn(function)
            .rotation_rules(rules.build())
            .send()
            .await?;
        answer.version_id.context("no version id")
    }

    /// Turns rotation on without rotating; Secrets Manager tries the set-up, for a few seconds.
    pub async fn turn_on(&self, secret: &str, function: &str) -> Result<()> {
        self.schedule(secret, function, "rate(999 days)").await
    }

    /// The same, with a native schedule such as `rate(4 hours)`, which begins now.
    pub async fn schedule(&self, secret: &str, function: &str, expression: &str) -> Result<()> {
        let rules = RotationRulesType::builder().schedule_expression(expression);
        self.client
            .rotate_secret()
            .secret_id(secret)
            .rotation_lambda_arn(function)
            .rotation_rules(rules.build())
            .rotate_immediately(false)
            .send()
            .await?;
        Ok(())
    }

    /// Sets a tag.
    pub async fn tag(&self, secret: &str, key: &str, text: &str) -> Result<()> {
        self.client
            .tag_resource()
            .secret_id(secret)
            .tags(Tag::builder().key(key).value(text).build())
            .send()
            .await?;
        Ok(())
    }

    /// Waits until `version` is current, at most `time`.
    pub async fn wait_current(&self, secret: &str, version: &str, time: Duration) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < time {
            if self
                .labelled(secret, "AWSCURRENT")
                .await?
                .iter()
                .any(|id| id == version)
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("{secret} was not rotated within {} s", time.as_secs())
    }
}
