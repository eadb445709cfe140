//! Measures the rotation function's release build. Started by `cargo xtask bench`; docs/bench.md says what
//! the figures mean.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "it speaks to a person, and stops when something is wrong"
)]

mod front;
mod function;
mod http;
mod measure;
mod process;
mod report;
mod runtime_api;
mod sample;
mod scene;
mod size;
mod trust;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::function::Function;

#[derive(Parser)]
struct Arguments {
    /// The rotation function's program.
    #[arg(long)]
    hook: PathBuf,
    /// The rotation function's program of the other family: signing keys and random values.
    #[arg(long)]
    keys: PathBuf,
    /// The program of a function that does nothing.
    #[arg(long)]
    bare: PathBuf,
    /// An interpreter with awslambdaric, boto3 and PyGreSQL.
    #[arg(long, requires = "python_code")]
    python: Option<PathBuf>,
    /// The folder with AWS's `lambda_function.py`.
    #[arg(long, requires = "python")]
    python_code: Option<PathBuf>,
    /// How many processes of each function.
    #[arg(long)]
    runs: usize,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match bench(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything that has a target met it.
async fn bench(arguments: Arguments) -> Result<bool> {
    let python = match (arguments.python, arguments.python_code) {
        (Some(interpreter), Some(code)) => Some(Function::Python { interpreter, code }),
        _ => None,
    };
    let functions = measure::Functions {
        hook: Function::Hook(arguments.hook),
        keys: Function::Hook(arguments.keys),
        bare: Function::Bare(arguments.bare),
        python,
    };
    let rows = measure::rows(&functions, arguments.runs).await?;
    if arguments.json {
        println!("{:#}", report::as_json(&rows));
    } else {
        print!("{}", report::table(&rows));
    }
    let missed = report::missed(&rows);
    if !missed.is_empty() {
        eprintln!("missed: {}", missed.join(", "));
    }
    Ok(missed.is_empty())
}
