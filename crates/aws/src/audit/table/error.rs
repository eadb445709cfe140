use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use rekey_audit::{AppendError, TrailError};

use crate::fault::{Fault, fault};

/// Sorts a failed call.
pub(super) fn failed<E>(call: &str, error: &SdkError<E, HttpResponse>) -> TrailError
where
    E: ProvideErrorMetadata,
{
    match fault("DynamoDB", error) {
        Fault::Denied(text) => TrailError::Denied(format!("{call}: {text}")),
        Fault::Throttled => TrailError::Throttled,
        Fault::Unavailable(text) => TrailError::Unavailable(format!("{call}: {text}")),
        Fault::Refused(code) if code == "ResourceNotFoundException" => {
            TrailError::Unavailable(format!("{call}: there is no such table in this Region"))
        }
        Fault::Refused(code) => TrailError::Unavailable(format!("{call}: {code}")),
    }
}

/// Sorts a failed transaction. Each of its actions has a reason of its own, most often `None`; a condition
/// that does not hold, or another write of the same items, counts more than what may pass.
///
/// Source: [TransactWriteItems](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
pub(super) fn cancelled(error: &SdkError<TransactWriteItemsError, HttpResponse>) -> AppendError {
    const CALL: &str = "TransactWriteItems";
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return failed(CALL, error).into();
    };
    let reasons = cancelled.cancellation_reasons().iter();
    let codes: Vec<&str> = reasons.filter_map(|reason| reason.code()).collect();
    let is = |wanted: &str| codes.contains(&wanted);
    if is("ConditionalCheckFailed") || is("TransactionConflict") {
        return AppendError::Conflict;
    }
    let mut others = codes.iter().filter(|code| **code != "None");
    AppendError::Failed(match others.next() {
        Some(&("ThrottlingError" | "ProvisionedThroughputExceeded")) => TrailError::Throttled,
        Some(&"AccessDenied") => TrailError::Denied(format!("{CALL}: AccessDenied")),
        Some(code) => TrailError::Unavailable(format!("{CALL}: {code}")),
        None => TrailError::Unavailable(format!("{CALL}: cancelled without a reason")),
    })
}

/// The SDK's builders ask for fields that all of ours set.
pub(super) fn unbuilt(_: BuildError) -> TrailError {
    TrailError::Unavailable("DynamoDB: the request could not be made".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::types::CancellationReason;
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    fn raw() -> HttpResponse {
        HttpResponse::new(StatusCode::try_from(400).unwrap(), SdkBody::empty())
    }

    fn transaction(codes: &[&str]) -> AppendError {
        let reasons = codes
            .iter()
            .map(|code| CancellationReason::builder().code(*code).build());
        let code = "TransactionCanceledException";
        let exception = TransactionCanceledException::builder()
            .set_cancellation_reasons(Some(reasons.collect()))
            .meta(ErrorMetadata::builder().code(code).build())
            .build();
        let error = TransactWriteItemsError::TransactionCanceledException(exception);
        cancelled(&SdkError::service_error(error, raw()))
    }

    #[test]
    fn a_moved_end_and_another_writer_are_a_conflict_and_nothing_else_is() {
        for codes in [
            ["None", "ConditionalCheckFailed"],
            ["TransactionConflict", "None"],
            ["ThrottlingError", "ConditionalCheckFailed"],
        ] {
            assert_eq!(transaction(&codes), AppendError::Conflict, "{codes:?}");
        }
        let throttled = transaction(&["None", "ThrottlingError"]);
        assert_eq!(throttled, AppendError::Failed(TrailError::Throttled));
        for codes in [&["None", "ValidationError"][..], &[]] {
            let other = transaction(codes);
            let unavailable = matches!(other, AppendError::Failed(TrailError::Unavailable(_)));
            assert!(unavailable, "{codes:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_call_and_the_code_and_repeats_nothing() {
        let refused = |code: &str| {
            let meta = ErrorMetadata::builder().code(code).message("'hunter2'");
            let error = SdkError::service_error(meta.build(), raw());
            failed("Query", &error).to_string()
        };
        let text = refused("ValidationException");
        assert!(text.contains("Query: ValidationException") && !text.contains("hunter2"));
        assert!(refused("ResourceNotFoundException").contains("there is no such table"));
    }
}
