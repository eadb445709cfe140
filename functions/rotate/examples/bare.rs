//! The least that a function can be, built like the hook: the floor that `cargo xtask bench` measures against.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(nothing)).await
}

async fn nothing(_: LambdaEvent<Value>) -> Result<Value, Error> {
    Ok(Value::Null)
}
