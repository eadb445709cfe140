use std::future::Future;

use serde_json::Value;

/// Calling a function of the stack and waiting for its answer.
pub trait Functions: Sync {
    /// Lambda's Invoke, RequestResponse.
    ///
    /// # Errors
    /// [`InvokeError`].
    fn invoke(
        &self,
        function: &str,
        payload: &Value,
    ) -> impl Future<Output = Result<Value, InvokeError>> + Send;
}

/// Why a function gave no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvokeError {
    /// `AccessDeniedException`.
    #[error("not allowed: {0}")]
    Denied(String),
    /// There is no such function.
    #[error("there is no such function")]
    NotFound,
    /// The function's own failure: its `errorType` and `errorMessage`.
    #[error("{class}: {message}")]
    Failed {
        /// The error class.
        class: String,
        /// What happened.
        message: String,
    },
    /// No usable answer. The function may have done its work.
    #[error("{0}")]
    Unavailable(String),
}
