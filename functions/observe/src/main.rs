#![doc = include_str!("../README.md")]

mod config;
mod handler;
mod ours;
mod read;
mod wire;

use std::error::Error;
use std::process::ExitCode;

use rekey_function::serve;

use crate::config::Config;
use crate::handler::Observe;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let config = Config::from_env();
    rekey_telemetry::start(config.as_ref().map(|c| c.log_level).unwrap_or_default());
    let started = config
        .map_err(Box::<dyn Error>::from)
        .and_then(|config| Ok(Observe::new(config)?));
    serve(started, async |observe, event| observe.batch(event).await).await
}
