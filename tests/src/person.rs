//! Somebody with a key of their own, and no more permissions than policies give them.

use std::process::Stdio;

use anyhow::{Context as _, Result};
use aws_credential_types::Credentials;
use serde_json::Value;
use tokio::process::Command;

use crate::cloud::{Cloud, REGION};
use crate::door::{Door, element};
use crate::given;
use crate::secrets::Secrets;

/// An IAM user.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    key: String,
    secret_key: String,
    endpoint: String,
}

/// How a run of the command line ended.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// What it printed, as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.out).with_context(|| format!("{self:?}"))
    }
}

impl Person {
    /// Makes a user who has one managed policy.
    pub async fn with_policy(cloud: &Cloud, name: &str, policy_arn: &str) -> Result<Self> {
        let door = Door::of(cloud);
        door.iam("CreateUser", &[("UserName", name)]).await?;
        let policy = [("UserName", name), ("PolicyArn", policy_arn)];
        door.iam("AttachUserPolicy", &policy).await?;
        Self::sign_in(cloud, &door, name).await
    }

    /// Gives another managed policy.
    pub async fn may_also(&self, cloud: &Cloud, policy_arn: &str) -> Result<()> {
        let policy = [("UserName", self.name.as_str()), ("PolicyArn", policy_arn)];
        Door::of(cloud).iam("AttachUserPolicy", &policy).await?;
        Ok(())
    }

    /// Makes a user who may read a secret, as an application does.
    pub async fn reader(cloud: &Cloud, name: &str, secret: &str) -> Result<Self> {
        let door = Door::of(cloud);
        door.iam("CreateUser", &[("UserName", name)]).await?;
        let document = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret,
        }] });
        let document = document.to_string();
        let policy = [
            ("UserName", name),
            ("PolicyName", "read"),
            ("PolicyDocument", &document),
        ];
        door.iam("PutUserPolicy", &policy).await?;
        Self::sign_in(cloud, &door, name).await
    }

    async fn sign_in(cloud: &Cloud, door: &Door, name: &str) -> Result<Self> {
        let made = door.iam("CreateAccessKey", &[("UserName", name)]).await?;
        Ok(Self {
            name: name.to_owned(),
            key: element(&made, "AccessKeyId")?.to_owned(),
            secret_key: element(&made, "SecretAccessKey")?.to_owned(),
            endpoint: cloud.endpoint.clone(),
        })
    }

    /// Secrets Manager as this person.
    pub fn secrets(&self) -> Secrets {
        Secrets::at(&self.endpoint, self.credentials())
    }

    /// EventBridge as this person.
    pub fn buses(&self) -> aws_sdk_eventbridge::Client {
        let config = aws_sdk_eventbridge::Config::builder()
            .behavior_version(aws_sdk_eventbridge::config::BehaviorVersion::latest())
            .region(aws_sdk_eventbridge::config::Region::from_static(REGION))
            .credentials_provider(self.credentials())
            .endpoint_url(&self.endpoint)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        aws_sdk_eventbridge::Client::from_conf(config)
    }

    /// SQS as this person.
    pub fn queues(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
            .region(aws_sdk_sqs::config::Region::from_static(REGION))
            .credentials_provider(self.credentials())
            .endpoint_url(&self.endpoint)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        aws_sdk_sqs::Client::from_conf(config)
    }

    fn credentials(&self) -> Credentials {
        Credentials::from_keys(&self.key, &self.secret_key, None)
    }

    /// Runs `rekey` as this person. `settings` are the variables of a stack whose numbers are its own.
    pub async fn rekey(&self, settings: &[(String, String)], arguments: &[&str]) -> Result<Said> {
        let output = Command::new(given::program("rekey")?)
            .args(arguments)
            .env_clear()
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", &self.key)
            .env("AWS_SECRET_ACCESS_KEY", &self.secret_key)
            .env("REKEY_STAGE", "local")
            .envs(settings.iter().cloned())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await?;
        Ok(Said {
            code: output.status.code().context("it was killed")?,
            out: String::from_utf8(output.stdout)?,
            err: String::from_utf8(output.stderr)?,
        })
    }
}
