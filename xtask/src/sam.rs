//! SAM CLI with cargo-lambda: what users build and deploy with.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Instant, SystemTime};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::python::Venv;
use crate::{place, run};

/// Tells the tests where the programs of SAM CLI are.
const PROGRAMS_VARIABLE: &str = "REKEY_TEST_SAM";
/// Tells the tests where SAM has built the functions and the templates.
const BUILT_VARIABLE: &str = "REKEY_TEST_SAM_BUILT";
/// Where SAM CLI keeps what it remembers; a name of its own.
const MEMORY_VARIABLE: &str = "__SAM_CLI_APP_DIR";

/// SAM CLI, installed.
pub struct Sam {
    venv: Venv,
    folder: PathBuf,
}

impl Sam {
    /// Installs it, once.
    pub fn ready() -> Result<Self> {
        let folder = place::target().join("sam");
        fs::create_dir_all(&folder)?;
        let sam = Self {
            venv: Venv::of_sam()?,
            folder,
        };
        // It tells nobody that it runs, and does not ask whether there is a newer one.
        let memory = json!({ "telemetryEnabled": false, "lastVersionCheck": now()? });
        fs::write(sam.folder.join("metadata.json"), memory.to_string())?;
        Ok(sam)
    }

    /// A program of this environment, which finds the others, and cargo.
    pub fn command(&self, program: &str) -> Result<Command> {
        let mut command = run::as_from_a_shell(self.venv.program(program));
        command.env("PATH", self.path()?);
        command.env("SAM_CLI_TELEMETRY", "0");
        command.env(MEMORY_VARIABLE, &self.folder);
        Ok(command)
    }

    /// `sam build --config-env local` in debug mode, which builds what the tests run and nothing else. Its
    /// folder is not `.aws-sam`: what is deployed from there is for its user to build.
    pub fn build(&self) -> Result<()> {
        let started = Instant::now();
        run::quiet(
            self.command("sam")?
                .args(["build", "--config-env", "local", "--build-dir"])
                .arg(self.built())
                .env("SAM_BUILD_MODE", "debug")
                // Without zig, which links against an older libc: the tests' programs run here.
                .env("CARGO_LAMBDA_COMPILER", "cargo"),
        )?;
        let seconds = started.elapsed().as_secs_f64();
        println!("sam build --config-env local: {seconds:.1} s");
        Ok(())
    }

    /// Tells `command` where SAM CLI is and what it has built.
    pub fn tell(&self, command: &mut Command) {
        command
            .env(PROGRAMS_VARIABLE, self.venv.programs())
            .env(BUILT_VARIABLE, self.built())
            .env(MEMORY_VARIABLE, &self.folder);
    }

    fn built(&self) -> PathBuf {
        self.folder.join("built")
    }

    fn path(&self) -> Result<OsString> {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let inherited = std::env::split_paths(&inherited);
        std::env::join_paths([self.venv.programs()].into_iter().chain(inherited))
            .context("PATH holds a folder that cannot stand in it")
    }
}

/// In seconds since 1970.
fn now() -> Result<u64> {
    Ok(SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)?
        .as_secs())
}
