use std::time::Duration;

use aws_sdk_sts::Client;
use aws_sdk_sts::config::{BehaviorVersion, Config, Region};
use aws_smithy_types::timeout::TimeoutConfig;

use super::Parts;

/// The end of a call.
const CALL: Duration = Duration::from_secs(5);

/// As whom AWS knows whoever runs this. GetCallerIdentity needs no permission.
///
/// Source: [GetCallerIdentity](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
pub struct Identity {
    client: Client,
}

impl Identity {
    pub(super) fn new(parts: &Parts) -> Self {
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(parts.region.clone()))
            .credentials_provider(parts.credentials.clone())
            .http_client(parts.http.clone())
            .timeout_config(TimeoutConfig::builder().operation_timeout(CALL).build());
        config.set_endpoint_url(parts.endpoint_url.clone());
        Self {
            client: Client::from_conf(config.build()),
        }
    }

    /// The account. None when that cannot be told.
    pub async fn account(&self) -> Option<String> {
        let asked = self.client.get_caller_identity().send().await;
        asked.ok()?.account
    }

    /// The ARN of the user or the session. None when that cannot be told: the record then names nobody.
    pub async fn arn(&self) -> Option<String> {
        let asked = self.client.get_caller_identity().send().await;
        asked.ok()?.arn
    }
}
