//! `cargo xtask demo`: starts what it needs, then runs the story (tests/src/bin).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::services::{NEWEST, Services};
use crate::{functions, run};

/// Sets everything up and shows the main job.
pub fn demo(break_it: Option<&str>, json: bool) -> Result<()> {
    eprintln!(
        "building the functions, the command line and the demo (a few minutes the first time)"
    );
    let services = Services::start(&[NEWEST])?.with_programs()?;
    run::shown(&mut story(&program()?, &services, break_it, json))
}

/// Builds what tells the story.
pub fn program() -> Result<PathBuf> {
    functions::stage("rekey-local")
}

/// One story, on services that run already.
pub fn story(program: &Path, services: &Services, break_it: Option<&str>, json: bool) -> Command {
    let mut story = run::command(program);
    story.arg("demo");
    if let Some(how) = break_it {
        story.args(["--break", how]);
    }
    if json {
        story.arg("--json");
    }
    services.tell(&mut story);
    story
}
