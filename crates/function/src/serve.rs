use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;

/// Serves calls until Lambda ends the process: each event goes to `handle`, with what was `started`. A
/// function that could not start says why in one line of its log, and ends.
pub async fn serve<S, H, R, T, E>(started: Result<S, Box<dyn Error>>, handle: H) -> ExitCode
where
    H: Fn(Arc<S>, LambdaEvent<Value>) -> R,
    R: Future<Output = Result<T, E>>,
    T: Serialize,
    E: Into<Diagnostic> + Debug,
{
    let started = match started {
        Ok(started) => Arc::new(started),
        Err(error) => {
            tracing::error!(class = "init", %error, "the function cannot start");
            return ExitCode::FAILURE;
        }
    };
    let calls = service_fn(|event: LambdaEvent<Value>| handle(Arc::clone(&started), event));
    match lambda_runtime::run(calls).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(class = "runtime", %error, "the Lambda runtime ended");
            ExitCode::FAILURE
        }
    }
}
