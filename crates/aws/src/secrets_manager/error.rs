use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use rekey_rotation::StoreError;

use crate::fault::{Fault, fault};

/// In the text of the InvalidRequestException with which the service takes up an open rotation again. The
/// API reference tells of "an error" only
/// ([RotateSecret](https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html));
/// its whole text is "A previous rotation isn't complete. That rotation will be reattempted."
/// (<https://github.com/hashicorp/terraform-provider-aws/issues/35023>).
const REATTEMPTED: &str = "will be reattempted";

/// Names the failed call and the service's error code.
pub(crate) fn store_error<E>(call: &str, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata,
{
    match code(&error) {
        "ResourceNotFoundException" => return StoreError::NotFound(call.into()),
        "ResourceExistsException" => return StoreError::AlreadyExists,
        "LimitExceededException" => return StoreError::LimitExceeded(call.into()),
        code @ ("DecryptionFailure" | "EncryptionFailure") => {
            let text = message(&error).unwrap_or(code);
            return StoreError::Denied(format!("{call}: {text}"));
        }
        _ => {}
    }
    match fault("Secrets Manager", &error) {
        Fault::Denied(text) => StoreError::Denied(format!("{call}: {text}")),
        Fault::Throttled => StoreError::Throttled,
        Fault::Unavailable(text) => StoreError::Unavailable(format!("{call}: {text}")),
        Fault::Refused(code) => StoreError::Refused(format!("{call}: {code}")),
    }
}

/// The service's code, or no text where there is none.
fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> &str {
    let answer = error.as_service_error();
    answer.and_then(|error| error.code()).unwrap_or_default()
}

/// Whether RotateSecret took up an open rotation again.
pub(super) fn is_reattempted<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    message(error).is_some_and(|text| text.contains(REATTEMPTED))
}

/// The service's own text.
fn message<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error()?.message()
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
