//! The local stack, shown (`demo`) or kept (`up`). Started by `cargo xtask`.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "it speaks to a person, and stops when something is wrong"
)]

mod after_the_switch;
mod all;
mod asked;
mod audited;
mod demo;
mod events;
mod journal;
mod play;
mod report;
mod rotations;
mod search;
mod up;

use std::os::unix::process::parent_id;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tell the story of a credential through five rotations, live.
    Demo {
        /// Five kinds side by side instead.
        #[arg(long, conflicts_with = "break_it")]
        all: bool,
        /// Do it wrongly on purpose.
        #[arg(long = "break", value_enum)]
        break_it: Option<demo::Break>,
        /// Print the summary as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Keep a stack running.
    Up {
        /// Where to write what to try, once everything runs.
        #[arg(long)]
        ready: PathBuf,
        /// Where to write the endpoint and the names of the functions.
        #[arg(long)]
        stack: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = tokio::select! {
        result = run(Arguments::parse().command) => result,
        () = orphaned() => Err(anyhow::anyhow!("the process that started this one is gone")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Demo {
            all: true, json, ..
        } => all::all(json).await,
        Command::Demo { break_it, json, .. } => demo::demo(break_it, json).await,
        Command::Up { ready, stack } => up::up(&ready, &stack).await,
    }
}

/// Comes back when the parent has ended, however: the servers end with it, and nothing is to be left.
async fn orphaned() {
    let parent = parent_id();
    while parent_id() == parent {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
