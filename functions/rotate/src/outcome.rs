use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use lambda_runtime::Diagnostic;
use rekey_rotation::{ErrorClass, RotationError};
use tokio::time::timeout;

use crate::wire::EventError;

/// What is kept of the function's time to say that the rest of it was not enough.
const RESERVE: Duration = Duration::from_secs(4);
/// The least that a step gets, whatever the deadline says.
const LEAST: Duration = Duration::from_secs(1);

/// A step that was not done.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The event is not a step.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The step failed.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// The function's time is nearly over.
    #[error(
        "the step did not end within {seconds} s; the target or AWS answers too slowly: look at both, and at the function's network; the step is repeated later"
    )]
    OutOfTime {
        /// What it had, in whole seconds.
        seconds: u64,
    },
    /// A panic. Its text may hold anything, so it is nowhere repeated; the log has its place.
    #[error("the function has a bug; its log says where, please report it")]
    Bug,
}

impl StepError {
    /// The stable name of what went wrong.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Event(_) => ErrorClass::InvalidRequest,
            Self::Rotation(error) => error.class(),
            Self::OutOfTime { .. } => ErrorClass::TargetUnreachable,
            Self::Bug => ErrorClass::Internal,
        }
    }
}

impl From<StepError> for Diagnostic {
    fn from(error: StepError) -> Self {
        Self {
            error_type: error.class().as_str().to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// How long a step may take: up to a little before the function's `deadline`. Both are since 1970.
pub fn budget(deadline: Duration, now: Duration) -> Duration {
    deadline
        .saturating_sub(now)
        .saturating_sub(RESERVE)
        .max(LEAST)
}

/// Does the work within a time. What is cut off there is dropped: a transaction at the target goes back.
pub async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, RotationError>>,
) -> Result<T, StepError> {
    let unwound = AssertUnwindSafe(timeout(time, work)).catch_unwind().await;
    match unwound {
        Ok(Ok(result)) => Ok(result?),
        Ok(Err(_elapsed)) => Err(StepError::OutOfTime {
            seconds: time.as_secs(),
        }),
        Err(panic) => {
            forget(panic);
            Err(StepError::Bug)
        }
    }
}

/// A panic's text is dropped unread.
fn forget(_: Box<dyn Any + Send>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_step_that_does_not_end_is_cut_off_and_classified() {
        let never = std::future::pending::<Result<(), RotationError>>();
        let error = within(Duration::from_millis(5), never).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::TargetUnreachable);
        assert!(error.class().retryable());
    }

    #[tokio::test]
    async fn a_panic_is_a_classified_failure_and_its_text_is_gone() {
        let panics = async {
            if true {
                panic!("canary-4711");
            }
            Ok(())
        };
        let error = within(Duration::from_secs(5), panics).await.unwrap_err();
        let diagnostic = Diagnostic::from(error);
        assert_eq!(diagnostic.error_type, "internal");
        assert!(!diagnostic.error_message.contains("canary"));
    }

    #[test]
    fn a_step_ends_before_the_function_does() {
        let seconds = Duration::from_secs;
        assert_eq!(budget(seconds(1_030), seconds(1_000)), seconds(26));
        assert_eq!(budget(seconds(1_003), seconds(1_000)), LEAST);
        assert_eq!(budget(seconds(0), seconds(1_000)), LEAST);
    }
}
