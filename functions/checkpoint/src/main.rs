#![doc = include_str!("../README.md")]

mod config;
mod notary;
mod start;
#[cfg(test)]
mod testing;

use std::process::ExitCode;

use rekey_function::serve;

use crate::config::Config;
use crate::start::start;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let config = Config::from_env();
    rekey_telemetry::start(config.as_ref().map(|c| c.log_level).unwrap_or_default());
    serve(start(config).await, async |notary, event| {
        notary.call(event).await
    })
    .await
}
