//! `cargo xtask demo`: starts what it needs, then runs the story (tests/src/bin).

use anyhow::Result;

use crate::services::{NEWEST, Services};
use crate::{functions, run};

/// Sets everything up and shows the main job.
pub fn demo(break_it: Option<&str>, json: bool) -> Result<()> {
    eprintln!(
        "building the functions, the command line and the demo (a few minutes the first time)"
    );
    let services = Services::start(&[NEWEST])?.with_programs()?;
    with(&services, break_it, json)
}

/// The same on services that run already.
pub fn with(services: &Services, break_it: Option<&str>, json: bool) -> Result<()> {
    let mut story = run::command(functions::stage("rekey-local")?);
    story.arg("demo");
    if let Some(how) = break_it {
        story.args(["--break", how]);
    }
    if json {
        story.arg("--json");
    }
    services.tell(&mut story);
    run::shown(&mut story)
}
