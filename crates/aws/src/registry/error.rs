use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use rekey_registry::StoreError;

use crate::fault::{Fault, fault};

/// Why a conditional call wrote nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Unwritten {
    /// A condition does not hold: the record is not as the caller takes it to be.
    Condition,
    /// Another write of the same items was under way. What they are like after it is not known.
    Busy,
    /// Anything else.
    Failed(StoreError),
}

impl From<Unwritten> for StoreError {
    fn from(unwritten: Unwritten) -> Self {
        match unwritten {
            Unwritten::Condition | Unwritten::Busy => Self::Conflict,
            Unwritten::Failed(error) => error,
        }
    }
}

/// Sorts a failed read.
pub(super) fn unread<E>(call: &str, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata,
{
    match fault("DynamoDB", &error) {
        Fault::Denied(text) => StoreError::Denied(format!("{call}: {text}")),
        Fault::Throttled => StoreError::Throttled,
        Fault::Unavailable(text) => StoreError::Unavailable(format!("{call}: {text}")),
        Fault::Refused(code) if code == "ResourceNotFoundException" => {
            StoreError::Unavailable(format!("{call}: there is no such table in this Region"))
        }
        Fault::Refused(code) => StoreError::Unavailable(format!("{call}: {code}")),
    }
}

/// Sorts a failed write of one item.
pub(super) fn unwritten<E>(call: &str, error: SdkError<E, HttpResponse>) -> Unwritten
where
    E: ProvideErrorMetadata,
{
    match error.as_service_error().and_then(|error| error.code()) {
        Some("ConditionalCheckFailedException") => Unwritten::Condition,
        Some("TransactionConflictException") => Unwritten::Busy,
        _ => Unwritten::Failed(unread(call, error)),
    }
}

/// Sorts a failed transaction. Each of its actions has a reason of its own, most often `None`; a condition
/// that does not hold counts more than another write, and both more than anything that may pass.
///
/// Source: [TransactWriteItems](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
pub(super) fn cancelled(error: SdkError<TransactWriteItemsError, HttpResponse>) -> Unwritten {
    const CALL: &str = "TransactWriteItems";
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return unwritten(CALL, error);
    };
    let reasons = cancelled.cancellation_reasons().iter();
    let codes: Vec<&str> = reasons.filter_map(|reason| reason.code()).collect();
    if codes.contains(&"ConditionalCheckFailed") {
        return Unwritten::Condition;
    }
    if codes.contains(&"TransactionConflict") {
        return Unwritten::Busy;
    }
    let mut others = codes.iter().filter(|code| **code != "None");
    Unwritten::Failed(match others.next() {
        Some(&("ThrottlingError" | "ProvisionedThroughputExceeded")) => StoreError::Throttled,
        Some(&"AccessDenied") => StoreError::Denied(format!("{CALL}: AccessDenied")),
        Some(code) => StoreError::Unavailable(format!("{CALL}: {code}")),
        None => StoreError::Unavailable(format!("{CALL}: cancelled without a reason")),
    })
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

    fn refused(code: &str) -> SdkError<ErrorMetadata, HttpResponse> {
        let meta = ErrorMetadata::builder().code(code).message("'hunter2'");
        SdkError::service_error(meta.build(), raw())
    }

    fn transaction(codes: &[&str]) -> Unwritten {
        let reasons = codes
            .iter()
            .map(|code| CancellationReason::builder().code(*code).build());
        let exception = TransactionCanceledException::builder()
            .set_cancellation_reasons(Some(reasons.collect()))
            .meta(
                ErrorMetadata::builder()
                    .code("TransactionCanceledException")
                    .build(),
            )
            .build();
        let error = TransactWriteItemsError::TransactionCanceledException(exception);
        cancelled(SdkError::service_error(error, raw()))
    }

    #[test]
    fn a_cancelled_transaction_says_whether_the_record_or_the_service_was_in_the_way() {
        let condition = transaction(&["None", "TransactionConflict", "ConditionalCheckFailed"]);
        assert_eq!(condition, Unwritten::Condition);
        assert_eq!(
            transaction(&["TransactionConflict", "None"]),
            Unwritten::Busy
        );
        for (code, expected) in [
            ("ThrottlingError", StoreError::Throttled),
            ("ProvisionedThroughputExceeded", StoreError::Throttled),
            (
                "ValidationError",
                StoreError::Unavailable("TransactWriteItems: ValidationError".into()),
            ),
        ] {
            assert_eq!(transaction(&["None", code]), Unwritten::Failed(expected));
        }
        let silent = transaction(&[]);
        assert!(matches!(
            silent,
            Unwritten::Failed(StoreError::Unavailable(_))
        ));
    }

    #[test]
    fn a_write_of_one_item_meets_a_condition_or_another_write() {
        let condition = unwritten("PutItem", refused("ConditionalCheckFailedException"));
        assert_eq!(condition, Unwritten::Condition);
        let busy = unwritten("PutItem", refused("TransactionConflictException"));
        assert_eq!(busy, Unwritten::Busy);
        let throttled = unwritten("PutItem", refused("ThrottlingException"));
        assert_eq!(throttled, Unwritten::Failed(StoreError::Throttled));
    }

    #[test]
    fn a_refusal_names_the_call_and_the_code_and_repeats_nothing() {
        let refusal = unread("Query", refused("ValidationException")).to_string();
        assert!(refusal.contains("Query: ValidationException") && !refusal.contains("hunter2"));
        let missing = unread("Query", refused("ResourceNotFoundException")).to_string();
        assert!(missing.contains("there is no such table"));
        let denied = unread("Query", refused("UnrecognizedClientException"));
        assert!(matches!(denied, StoreError::Denied(_)));
    }
}
