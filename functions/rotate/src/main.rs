#![doc = include_str!("../README.md")]

mod config;
mod fingerprint;
mod hook;
mod outcome;
mod wire;

use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use crate::config::Config;
use crate::hook::Hook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let config = Config::from_env();
    rekey_telemetry::start(config.as_ref().map(|c| c.log_level).unwrap_or_default());
    let hook = match start(config).await {
        Ok(hook) => hook,
        Err(error) => {
            tracing::error!(class = "init", %error, "the function cannot start");
            return ExitCode::FAILURE;
        }
    };
    let steps = service_fn(|event: LambdaEvent<Value>| hook.step(event));
    match lambda_runtime::run(steps).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(class = "runtime", %error, "the Lambda runtime ended");
            ExitCode::FAILURE
        }
    }
}

async fn start(
    config: Result<Config, config::ConfigError>,
) -> Result<Hook, Box<dyn std::error::Error>> {
    Ok(Hook::new(config?).await?)
}
