//! `cargo xtask`: sets up what the project needs, tests it, shows it. It calls things; it decides
//! nothing about secrets.
#![allow(
    clippy::disallowed_methods,
    reason = "a tool without a runtime: it reads its environment and waits for other processes"
)]

mod asyncapi;
mod bench;
mod beside;
mod demo;
mod docker;
mod functions;
mod local_cloud;
mod mariadb;
mod node;
mod package;
mod place;
mod postgres;
mod python;
mod redis;
mod run;
mod sam;
mod server;
mod services;
mod stages;
mod tools;
mod up;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::demo::Story;
use crate::package::Arch;

/// Sets up, tests and shows Rekey on this machine. Needs Rust and Python 3; installs the rest itself:
/// Python packages into target/venv, servers and tools into a cache outside the clone
/// ($REKEY_CACHE, else $XDG_CACHE_HOME/rekey, else ~/.cache/rekey).
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every check: format, lints, licences, unit, contract, templates, tidiness, crash, local cloud
    /// and end-to-end tests, and the demo. Exits 0 only when all of them pass.
    Test {
        /// Run only these stages (repeat for more). The README's table and --list name them.
        #[arg(long, value_name = "STAGE")]
        only: Vec<String>,
        /// List the stages and stop.
        #[arg(long)]
        list: bool,
    },
    /// Rotate a real PostgreSQL credential on a native schedule, on the local cloud, while an application
    /// logs in all the time; retire the old one, roll back, heal a stuck rotation.
    Demo {
        /// Instead, rotate five kinds side by side in a live table: PostgreSQL, MariaDB, Redis, signing keys,
        /// keys of webhooks, with an application at work on each.
        #[arg(long, conflicts_with = "break_it")]
        all: bool,
        /// Do it wrongly on purpose, so that the application must show errors.
        #[arg(long = "break", value_name = "HOW", value_parser = ["single-user", "retire-early"])]
        break_it: Option<String>,
        /// Print the summary as JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Start the local cloud with the stack deployed, and real servers (PostgreSQL, MariaDB, Redis), and keep
    /// them running. `. target/up/environment` tells tests that are run by hand where they are.
    Up {
        /// Only what tests of one crate need: the servers and Node.js, without the local cloud and the stack.
        #[arg(long)]
        servers: bool,
        /// Stay in the foreground; Ctrl-C stops everything.
        #[arg(long)]
        foreground: bool,
    },
    /// Stop what `up` started.
    Down,
    /// Send one event to one function without Docker, and print its answer. Uses what `up` started.
    Invoke {
        /// The function.
        #[arg(value_parser = ["rotate", "rotate-keys", "request", "observe", "sweep", "retire", "retire-keys", "audit", "checkpoint"])]
        function: String,
        /// The file with the event, such as events/samples/invoke/doctor.json.
        event: PathBuf,
    },
    /// Build the zips that are deployed into target/package, for release, and print their sizes. Exits with 1
    /// when one needs a newer glibc than Amazon Linux 2023 has, or is larger than it may be. Not part of
    /// `test`: it is a long build.
    Package {
        /// The processor of the functions.
        #[arg(long, value_enum, default_value = "x86_64")]
        arch: Arch,
    },
    /// Measure the rotation function's release build, and exit with 1 when it misses a target of
    /// docs/bench.md. Not part of `test`: it wants a quiet machine and a long build.
    Bench {
        /// How many processes of each function.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        runs: u32,
        /// A checkout of aws-samples/aws-secrets-manager-rotation-lambdas: AWS's own function is then
        /// measured beside ours. Needs a C compiler and the headers of libpq (Debian: libpq-dev).
        #[arg(long, value_name = "DIR")]
        python: Option<PathBuf>,
        /// Print the report as JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Test { list: true, .. } => stages::list(),
        Command::Test { only, .. } => stages::test(&only),
        Command::Demo {
            all,
            break_it,
            json,
        } => {
            let story = match (all, &break_it) {
                (true, _) => Story::All,
                (false, Some(how)) => Story::Broken(how),
                (false, None) => Story::One,
            };
            demo::demo(story, json)
        }
        Command::Up {
            servers,
            foreground,
        } => up::up(servers, foreground),
        Command::Down => up::down(),
        Command::Invoke { function, event } => up::invoke(&function, &event),
        Command::Package { arch } => package::package(arch),
        Command::Bench { runs, python, json } => bench::bench(runs, python.as_deref(), json),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
