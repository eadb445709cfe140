use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use rekey_rotation::{
    Description, PutValue, SecretId, SecretStore, SecretValue, Selector, StagingLabel, StoreError,
    VersionId, VersionedValue,
};

use crate::connection::{Connection, client};

/// The end of a call.
const CALL: Duration = Duration::from_secs(6);

/// Secrets Manager through the SDK.
#[derive(Clone, Debug)]
pub struct SecretsManager {
    client: Client,
}

impl SecretsManager {
    /// Makes the client over the shared connection.
    pub fn new(connection: &Connection) -> Self {
        Self {
            client: client!(aws_sdk_secretsmanager, connection, CALL),
        }
    }
}

impl SecretStore for SecretsManager {
    async fn describe(&self, secret: &SecretId) -> Result<Description, StoreError> {
        let answer = self
            .client
            .describe_secret()
            .secret_id(secret.as_str())
            .send()
            .await
            .map_err(|error| store_error("DescribeSecret", error))?;
        let mut versions = BTreeMap::new();
        for (id, labels) in answer.version_ids_to_stages.unwrap_or_default() {
            versions.insert(version_id(&id)?, labels_of(&labels));
        }
        let tags = answer
            .tags
            .unwrap_or_default()
            .into_iter()
            .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
            .collect();
        Ok(Description {
            rotation_enabled: answer.rotation_enabled,
            versions,
            last_rotated: answer.last_rotated_date.map(|date| date.secs()),
            tags,
        })
    }

    async fn value(
        &self,
        secret: &SecretId,
        which: Selector<'_>,
    ) -> Result<VersionedValue, StoreError> {
        let call = self.client.get_secret_value().secret_id(secret.as_str());
        let call = match which {
            Selector::Label(label) => call.version_stage(label.as_str()),
            Selector::Version(version, label) => call
                .version_id(version.as_str())
                .version_stage(label.as_str()),
        };
        let answer = call
            .send()
            .await
            .map_err(|error| store_error("GetSecretValue", error))?;
        let text = answer.secret_string.ok_or_else(|| {
            StoreError::Unusable(
                "it is binary, and a rotation needs text; store the credential as SecretString"
                    .into(),
            )
        })?;
        let value =
            SecretValue::new(text).map_err(|error| StoreError::Unusable(error.to_string()))?;
        Ok(VersionedValue {
            version: version_id(answer.version_id.as_deref().unwrap_or_default())?,
            labels: labels_of(answer.version_stages.as_deref().unwrap_or_default()),
            value,
        })
    }

    async fn put(&self, put: PutValue<'_>) -> Result<(), StoreError> {
        self.client
            .put_secret_value()
            .secret_id(put.secret.as_str())
            .client_request_token(put.token.as_str())
            // The one place where a new value goes to Secrets Manager.
            .secret_string(put.value.expose())
            .version_stages(StagingLabel::Pending.as_str())
            // Passed on to prove the caller when the function acts under an assumed role.
            .set_rotation_token(put.rotation_token.map(|token| token.expose().to_owned()))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| store_error("PutSecretValue", error))
    }

    async fn move_label(
        &self,
        secret: &SecretId,
        label: &StagingLabel,
        to: &VersionId,
        from: Option<&VersionId>,
    ) -> Result<(), StoreError> {
        self.client
            .update_secret_version_stage()
            .secret_id(secret.as_str())
            .version_stage(label.as_str())
            .move_to_version_id(to.as_str())
            .set_remove_from_version_id(from.map(|version| version.as_str().to_owned()))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| store_error("UpdateSecretVersionStage", error))
    }
}

fn version_id(text: &str) -> Result<VersionId, StoreError> {
    VersionId::parse(text).ok_or_else(|| {
        StoreError::Unavailable("a version id was not 32 to 64 printable characters".into())
    })
}

fn labels_of(labels: &[String]) -> Vec<StagingLabel> {
    labels
        .iter()
        .map(|label| StagingLabel::from(label.as_str()))
        .collect()
}

/// Names the failed call and the service's error code. The service's own text is repeated only where it
/// cannot quote what was sent: for a refused permission.
fn store_error<E>(call: &str, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata,
{
    let SdkError::ServiceError(service) = &error else {
        return StoreError::Unavailable(format!("{call}: {}", transport(&error)));
    };
    let Some(code) = service.err().code() else {
        return StoreError::Unavailable(format!("{call}: an error without a code"));
    };
    match code {
        "ResourceNotFoundException" => StoreError::NotFound(call.into()),
        "ResourceExistsException" => StoreError::AlreadyExists,
        "AccessDeniedException" | "DecryptionFailure" | "EncryptionFailure" => {
            let text = service.err().message().unwrap_or(code);
            StoreError::Denied(format!("{call}: {text}"))
        }
        "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "UnrecognizedClientException" => StoreError::Denied(format!("{call}: {code}")),
        "LimitExceededException" => StoreError::LimitExceeded(call.into()),
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "SlowDown" => StoreError::Throttled,
        _ if service.raw().status().is_server_error() => {
            StoreError::Unavailable(format!("{call}: {code}"))
        }
        "InternalServiceError" | "InternalFailure" => {
            StoreError::Unavailable(format!("{call}: {code}"))
        }
        _ => StoreError::Refused(format!("{call}: {code}")),
    }
}

fn transport<E, R>(error: &SdkError<E, R>) -> &'static str {
    match error {
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => {
            "no connection; in a VPC, check the endpoint for Secrets Manager or the NAT gateway"
        }
        SdkError::ResponseError(_) => "the answer could not be read",
        _ => "the request could not be made",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_secretsmanager::error::ErrorMetadata;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    fn service(code: &str, message: &str) -> SdkError<ErrorMetadata, HttpResponse> {
        answered(400, Some(code), message)
    }

    fn answered(
        status: u16,
        code: Option<&str>,
        message: &str,
    ) -> SdkError<ErrorMetadata, HttpResponse> {
        let mut meta = ErrorMetadata::builder().message(message);
        if let Some(code) = code {
            meta = meta.code(code);
        }
        let status = StatusCode::try_from(status).unwrap();
        SdkError::service_error(meta.build(), HttpResponse::new(status, SdkBody::empty()))
    }

    #[test]
    fn only_resource_not_found_means_absent() {
        assert!(matches!(
            store_error("GetSecretValue", service("ResourceNotFoundException", "")),
            StoreError::NotFound(_)
        ));
        for code in [
            "AccessDeniedException",
            "ThrottlingException",
            "InternalServiceError",
            "InvalidRequestException",
            "DecryptionFailure",
            "SomethingNew",
        ] {
            assert!(!matches!(
                store_error("GetSecretValue", service(code, "")),
                StoreError::NotFound(_)
            ));
        }
        let lost = SdkError::<ErrorMetadata, HttpResponse>::timeout_error("late");
        assert!(matches!(
            store_error("GetSecretValue", lost),
            StoreError::Unavailable(_)
        ));
    }

    #[test]
    fn what_a_refusal_quotes_is_not_repeated() {
        let refusal = service(
            "ValidationException",
            "Value 'hunter2' at 'secretString' ...",
        );
        let text = store_error("PutSecretValue", refusal).to_string();
        assert!(text.contains("ValidationException") && !text.contains("hunter2"));
    }

    #[test]
    fn what_is_not_the_callers_fault_is_not_called_an_invalid_request() {
        use rekey_rotation::ErrorClass;
        for (status, code, class) in [
            (500, Some("SomethingNew"), ErrorClass::StoreUnavailable),
            (
                503,
                Some("ServiceUnavailableException"),
                ErrorClass::StoreUnavailable,
            ),
            (503, None, ErrorClass::StoreUnavailable),
            (
                400,
                Some("InternalServiceError"),
                ErrorClass::StoreUnavailable,
            ),
            (400, Some("Throttling"), ErrorClass::Throttled),
            (400, Some("ExpiredTokenException"), ErrorClass::Permission),
            (
                403,
                Some("UnrecognizedClientException"),
                ErrorClass::Permission,
            ),
            (
                400,
                Some("InvalidRequestException"),
                ErrorClass::InvalidRequest,
            ),
        ] {
            let error = store_error("DescribeSecret", answered(status, code, ""));
            assert_eq!(error.class(), class, "{status} {code:?}");
        }
    }
}
