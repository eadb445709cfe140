use aws_sdk_secretsmanager::config::Config;
use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::rotate_secret::RotateSecretError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::retry::RetryConfig;
use rekey_registry::VersionId;
use rekey_registry::request::{Rotate, RotateError, Rotated};

use super::SecretsManager;
use super::error::is_reattempted;
use crate::fault::{Fault, fault};

impl Rotate for SecretsManager {
    /// One attempt: a slot was taken for one call, and the SDK's own repetitions would be calls that nobody
    /// counted. Whoever asked comes again, with the same token.
    async fn rotate(&self, arn: &str, token: &VersionId) -> Result<Rotated, RotateError> {
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let call = self
            .client
            .rotate_secret()
            .secret_id(arn)
            .client_request_token(token.as_str())
            .customize()
            .config_override(once);
        match call.send().await {
            Ok(answer) if answer.version_id().is_none_or(|id| id == token.as_str()) => {
                Ok(Rotated::Begun)
            }
            Ok(_) => Ok(Rotated::Reattempted),
            Err(error) if is_reattempted(&error) => Ok(Rotated::Reattempted),
            Err(error) => Err(rotate_error(&error)),
        }
    }
}

/// Sorts a call that began nothing, as far as is known. What a refusal means is said in our words, by the
/// codes of [RotateSecret](https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html).
fn rotate_error(error: &SdkError<RotateSecretError, HttpResponse>) -> RotateError {
    let code = match fault("Secrets Manager", error) {
        Fault::Denied(text) => return RotateError::Denied(text),
        Fault::Throttled => return RotateError::Throttled,
        Fault::Unavailable(text) => return RotateError::Unavailable(text),
        Fault::Refused(code) => code,
    };
    let meaning = match code.as_str() {
        "InvalidRequestException" => {
            "the secret is marked for deletion, has no rotation function, or belongs to another service"
        }
        "InvalidParameterException" | "ValidationException" => "the ARN or the token is not valid",
        "ResourceNotFoundException" => "there is no such secret",
        _ => return RotateError::Unavailable(code),
    };
    RotateError::Refused(format!("{code}, {meaning}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Canned, refusal};

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db/app-aB3dE6";
    const TOKEN: &str = "5d0f4f1e-4a0b-5d0e-9f0c-2c7b7a3e9a10";

    /// What comes of one call that is answered so.
    async fn rotated(status: u16, answer: Value) -> Result<Rotated, RotateError> {
        let aws = Canned::new(move |operation, request, _| {
            assert_eq!(operation, "RotateSecret");
            let expected = json!({ "SecretId": ARN, "ClientRequestToken": TOKEN });
            assert_eq!(*request, expected, "the function and the schedule stay");
            (status, answer.clone())
        });
        let secrets = SecretsManager::new(&aws.connection());
        let rotated = secrets.rotate(ARN, &VersionId::new(TOKEN)).await;
        assert_eq!(aws.calls().len(), 1, "one slot is one call");
        rotated
    }

    async fn refused(code: &str) -> RotateError {
        let (status, answer) = refusal(code);
        rotated(status, answer).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_rotation_that_begins_is_told_from_an_older_one_that_goes_on() {
        let begun = rotated(200, json!({ "ARN": ARN, "VersionId": TOKEN }));
        assert_eq!(begun.await, Ok(Rotated::Begun));
        let open = "A previous rotation isn't complete. That rotation will be reattempted.";
        let open = json!({ "__type": "InvalidRequestException", "message": open });
        assert_eq!(rotated(400, open).await, Ok(Rotated::Reattempted));
        let other = json!({ "ARN": ARN, "VersionId": "another-version-0000000000000000000" });
        assert_eq!(rotated(200, other).await, Ok(Rotated::Reattempted));
    }

    #[tokio::test]
    async fn throttling_is_told_at_once_and_no_call_is_repeated_behind_the_rate() {
        assert_eq!(refused("ThrottlingException").await, RotateError::Throttled);
        let down = rotated(503, json!({ "__type": "ServiceUnavailable" })).await;
        let down_text = RotateError::Unavailable("ServiceUnavailable".into());
        assert_eq!(down, Err(down_text));
    }

    #[tokio::test]
    async fn a_refusal_says_what_the_code_means_and_repeats_nothing() {
        for code in [
            "InvalidRequestException",
            "InvalidParameterException",
            "ResourceNotFoundException",
        ] {
            let RotateError::Refused(text) = refused(code).await else {
                panic!("{code} is a refusal");
            };
            assert!(
                text.starts_with(code) && !text.contains("not now"),
                "{text}"
            );
        }
        assert!(matches!(
            refused("AccessDeniedException").await,
            RotateError::Denied(_)
        ));
        assert!(matches!(
            refused("SomethingNew").await,
            RotateError::Unavailable(_)
        ));
    }
}
