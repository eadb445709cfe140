#![doc = include_str!("../README.md")]

mod answer;
mod awaited;
mod config;
mod dependants;
mod handler;
mod health;
mod ledger;
mod order;
mod rehearsal;

use std::error::Error;
use std::process::ExitCode;

use rekey_function::serve;

use crate::config::{Config, ConfigError};
use crate::handler::Retire;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let config = Config::from_env();
    rekey_telemetry::start(config.as_ref().map(|c| c.log_level).unwrap_or_default());
    serve(start(config), async |retire, event| {
        retire.call(event).await
    })
    .await
}

fn start(config: Result<Config, ConfigError>) -> Result<Retire, Box<dyn Error>> {
    Ok(Retire::new(config?)?)
}
