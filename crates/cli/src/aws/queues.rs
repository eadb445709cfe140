use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Config, Region, StalledStreamProtectionConfig};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessages;
use aws_smithy_types::timeout::TimeoutConfig;

use super::Parts;
use crate::queues::{QueueError, Queues};

/// The end of a call.
const CALL: Duration = Duration::from_secs(10);

/// SQS through the SDK. It counts messages and reads none.
pub struct Sqs {
    client: Client,
}

impl Sqs {
    pub(super) fn new(parts: &Parts) -> Self {
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(parts.region.clone()))
            .credentials_provider(parts.credentials.clone())
            .http_client(parts.http.clone())
            .timeout_config(TimeoutConfig::builder().operation_timeout(CALL).build())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(parts.endpoint_url.clone());
        Self {
            client: Client::from_conf(config.build()),
        }
    }
}

impl Queues for Sqs {
    async fn waiting(&self, queue: &str) -> Result<Option<u64>, QueueError> {
        let found = self.client.get_queue_url().queue_name(queue).send().await;
        let url = match found.map_err(|error| queue_error("GetQueueUrl", &error)) {
            Ok(found) => found.queue_url.unwrap_or_default(),
            Err(None) => return Ok(None),
            Err(Some(error)) => return Err(error),
        };
        let asked = self
            .client
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(ApproximateNumberOfMessages)
            .send()
            .await;
        match asked.map_err(|error| queue_error("GetQueueAttributes", &error)) {
            Ok(answer) => {
                let count = answer.attributes.unwrap_or_default();
                let count = count.get(&ApproximateNumberOfMessages);
                let count = count.and_then(|text| text.parse().ok());
                count.map(Some).ok_or_else(|| {
                    QueueError::Unavailable("GetQueueAttributes gave no number".into())
                })
            }
            Err(None) => Ok(None),
            Err(Some(error)) => Err(error),
        }
    }
}

/// None when there is no such queue.
fn queue_error<E, R>(call: &str, error: &SdkError<E, R>) -> Option<QueueError>
where
    E: ProvideErrorMetadata,
{
    let SdkError::ServiceError(service) = error else {
        return Some(QueueError::Unavailable(format!("{call}: no answer")));
    };
    let code = service.err().code().unwrap_or("no name");
    if code.ends_with("QueueDoesNotExist") || code.ends_with("NonExistentQueue") {
        None
    } else if code.contains("AccessDenied") {
        Some(QueueError::Denied(format!("sqs:{call}")))
    } else {
        Some(QueueError::Unavailable(format!("{call}: {code}")))
    }
}
