//! `cargo xtask demo`: starts what it needs, then runs the story (tests/src/bin).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::services::{NEWEST, Need, Services};
use crate::{functions, run};

/// What the stories are played on.
pub const NEEDS: [Need; 2] = [Need::Postgres(&[NEWEST]), Need::Programs];
/// What the story of five kinds needs besides.
pub const NEEDS_OF_ALL: [Need; 2] = [Need::Mariadb, Need::Redis];

/// Which story.
#[derive(Clone, Copy, Debug)]
pub enum Story<'a> {
    /// One credential, through five rotations.
    One,
    /// The same, done wrongly on purpose.
    Broken(&'a str),
    /// Five kinds, side by side.
    All,
}

/// Sets everything up and shows the main job.
pub fn demo(which: Story<'_>, json: bool) -> Result<()> {
    eprintln!(
        "building the functions, the command line and the demo (a few minutes the first time)"
    );
    let mut services = Services::ready()?;
    if matches!(which, Story::All) {
        services.start(&[NEEDS, NEEDS_OF_ALL].concat())?;
        if let Some(absent) = NEEDS_OF_ALL.iter().find_map(|need| services.absent(*need)) {
            bail!(
                "the story of five kinds needs MariaDB and Redis: {}",
                absent.why
            );
        }
    } else {
        services.start(&NEEDS)?;
    }
    run::shown(&mut story(&program()?, &services, which, json))
}

/// Builds what tells the story.
pub fn program() -> Result<PathBuf> {
    functions::stage("rekey-local")
}

/// One story, on services that run already.
pub fn story(program: &Path, services: &Services, which: Story<'_>, json: bool) -> Command {
    let mut story = run::command(program);
    story.arg("demo");
    match which {
        Story::One => {}
        Story::Broken(how) => {
            story.args(["--break", how]);
        }
        Story::All => {
            story.arg("--all");
        }
    }
    if json {
        story.arg("--json");
    }
    services.tell(&mut story);
    story
}
