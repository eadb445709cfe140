#![doc = include_str!("../README.md")]
// Futures within futures: an order, its operation, a call of AWS, and what the SDK does for it.
#![recursion_limit = "256"]

mod answer;
mod awaited;
mod config;
mod dependants;
mod handler;
mod health;
mod ledger;
mod order;
mod rehearsal;
mod told;

use std::error::Error;
use std::process::ExitCode;

use rekey_families::Family;
use rekey_function::serve;

use crate::config::{Config, ConfigError};
use crate::handler::Retire;

/// The function for one family of kinds, until the runtime ends.
pub async fn run<F: Family>() -> ExitCode
where
    F::Kinds: Send + 'static,
{
    let config = Config::<F>::from_env();
    rekey_telemetry::start(config.as_ref().map(|c| c.log_level).unwrap_or_default());
    serve(start(config), async |retire, event| {
        retire.call(event).await
    })
    .await
}

fn start<F: Family>(config: Result<Config<F>, ConfigError>) -> Result<Retire<F>, Box<dyn Error>> {
    Ok(Retire::new(config?)?)
}
