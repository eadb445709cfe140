use lambda_runtime::Diagnostic;
use rekey_function::Unended;
use rekey_rotation::{ErrorClass, RotationError};

use crate::wire::EventError;

/// A step that was not done.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The event is not a step.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The step failed.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// The step came to no end.
    #[error(transparent)]
    Unended(#[from] Unended),
}

impl StepError {
    /// The stable name of what went wrong.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Event(_) => ErrorClass::InvalidRequest,
            Self::Rotation(error) => error.class(),
            Self::Unended(Unended::OutOfTime { .. }) => ErrorClass::TargetUnreachable,
            Self::Unended(Unended::Bug) => ErrorClass::Internal,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_was_cut_off_may_succeed_later_and_a_bug_may_not() {
        let cut = StepError::from(Unended::OutOfTime { seconds: 26 });
        assert_eq!(cut.class(), ErrorClass::TargetUnreachable);
        assert!(cut.class().retryable());
        let bug = Diagnostic::from(StepError::from(Unended::Bug));
        assert_eq!(bug.error_type, "internal");
    }
}
