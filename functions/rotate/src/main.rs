#![doc = include_str!("../README.md")]

mod config;
mod database;
mod family;
mod fingerprint;
mod hook;
mod outcome;
mod wire;

use std::error::Error;
use std::process::ExitCode;

use rekey_function::serve;

use crate::config::{Config, ConfigError};
use crate::hook::Hook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let config = Config::from_env();
    rekey_telemetry::start(config.as_ref().map(|c| c.log_level).unwrap_or_default());
    serve(start(config).await, async |hook, event| {
        hook.step(event).await
    })
    .await
}

async fn start(config: Result<Config, ConfigError>) -> Result<Hook, Box<dyn Error>> {
    Ok(Hook::new(config?).await?)
}
