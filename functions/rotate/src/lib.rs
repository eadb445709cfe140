#![doc = include_str!("../README.md")]

mod config;
mod fingerprint;
mod hook;
mod outcome;
mod wire;

use std::error::Error;
use std::process::ExitCode;

use rekey_families::Family;
use rekey_function::serve;

use crate::config::{Config, ConfigError};
use crate::hook::Hook;

/// The function for one family of kinds, until the runtime ends.
pub async fn run<F: Family>() -> ExitCode {
    let config = Config::<F>::from_env();
    rekey_telemetry::start(config.as_ref().map(|c| c.log_level).unwrap_or_default());
    serve(start(config).await, async |hook, event| {
        hook.step(event).await
    })
    .await
}

async fn start<F: Family>(
    config: Result<Config<F>, ConfigError>,
) -> Result<Hook<F>, Box<dyn Error>> {
    Ok(Hook::new(config?).await?)
}
