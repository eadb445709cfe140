use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// What a failed call of any service may mean. Codes that one service alone has are left to its adapter.
/// The service's own text is repeated only where it cannot quote what was sent: for a refused permission.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// The caller may not do this, or is not known.
    Denied(String),
    /// Throttled after all retries.
    Throttled,
    /// No usable answer.
    Unavailable(String),
    /// The service's code for a request that it will not do.
    Refused(String),
}

/// Sorts a failed call. `service` is named where the network is in the way.
pub(crate) fn fault<E>(service: &str, error: &SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata,
{
    let SdkError::ServiceError(answer) = error else {
        return Fault::Unavailable(transport(service, error));
    };
    let Some(code) = answer.err().code() else {
        return Fault::Unavailable("an error without a code".into());
    };
    match code {
        // S3 says it without the ending.
        "AccessDenied" | "AccessDeniedException" => {
            Fault::Denied(answer.err().message().unwrap_or(code).into())
        }
        "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "InvalidToken"
        | "MissingAuthenticationTokenException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => Fault::Denied(code.into()),
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "SlowDown" => Fault::Throttled,
        "InternalServiceError" | "InternalServerError" | "InternalFailure" => {
            Fault::Unavailable(code.into())
        }
        _ if answer.raw().status().is_server_error() => Fault::Unavailable(code.into()),
        _ => Fault::Refused(code.into()),
    }
}

fn transport<E, R>(service: &str, error: &SdkError<E, R>) -> String {
    match error {
        SdkError::TimeoutError(_) => "no answer in time".into(),
        SdkError::DispatchFailure(_) => {
            format!("no connection; in a VPC, check the endpoint for {service} or the NAT gateway")
        }
        SdkError::ResponseError(_) => "the answer could not be read".into(),
        _ => "the request could not be made".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    fn sorted(status: u16, code: Option<&str>) -> Fault {
        let mut meta = ErrorMetadata::builder().message("Value 'hunter2' at 'secretString'");
        if let Some(code) = code {
            meta = meta.code(code);
        }
        let status = StatusCode::try_from(status).unwrap();
        let raw = HttpResponse::new(status, SdkBody::empty());
        fault("DynamoDB", &SdkError::service_error(meta.build(), raw))
    }

    #[test]
    fn a_failed_call_is_sorted_by_what_helps_against_it() {
        for (status, code, expected) in [
            (400, Some("ThrottlingException"), Fault::Throttled),
            (
                400,
                Some("ProvisionedThroughputExceededException"),
                Fault::Throttled,
            ),
            (
                500,
                Some("InternalServerError"),
                Fault::Unavailable("InternalServerError".into()),
            ),
            (
                503,
                Some("SomethingNew"),
                Fault::Unavailable("SomethingNew".into()),
            ),
            (
                503,
                None,
                Fault::Unavailable("an error without a code".into()),
            ),
            (
                400,
                Some("UnrecognizedClientException"),
                Fault::Denied("UnrecognizedClientException".into()),
            ),
            (
                403,
                Some("SignatureDoesNotMatch"),
                Fault::Denied("SignatureDoesNotMatch".into()),
            ),
            (
                400,
                Some("ValidationException"),
                Fault::Refused("ValidationException".into()),
            ),
        ] {
            assert_eq!(sorted(status, code), expected, "{status} {code:?}");
        }
    }

    #[test]
    fn only_a_refused_permission_is_told_in_the_services_own_words() {
        for (status, code) in [(400, "AccessDeniedException"), (403, "AccessDenied")] {
            let Fault::Denied(text) = sorted(status, Some(code)) else {
                panic!("not a refused permission");
            };
            assert!(text.contains("hunter2"), "the planted text is not repeated");
        }
        let quoted = sorted(400, Some("ValidationException"));
        assert!(!format!("{quoted:?}").contains("hunter2"));
    }

    #[test]
    fn a_missing_connection_names_the_service_whose_endpoint_is_to_be_checked() {
        let lost = SdkError::<ErrorMetadata, HttpResponse>::timeout_error("late");
        assert_eq!(
            fault("DynamoDB", &lost),
            Fault::Unavailable("no answer in time".into())
        );
        let error = aws_smithy_runtime_api::client::result::ConnectorError::io("refused".into());
        let unconnected = SdkError::<ErrorMetadata, HttpResponse>::dispatch_failure(error);
        assert!(
            matches!(fault("DynamoDB", &unconnected), Fault::Unavailable(text) if text.contains("endpoint for DynamoDB"))
        );
    }
}
