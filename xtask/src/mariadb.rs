//! Real MariaDB servers for tests and demos, without root, Docker or a package manager's service.
//!
//! The binaries are those of Debian's package `mariadb-server-core`. There are three: one with TLS, its replica,
//! and a twin without TLS. They listen on 127.0.0.1 and 127.0.0.2 (the certificate is for `localhost` and
//! 127.0.0.1, so 127.0.0.2 is a name it is not for), and write every statement to a log.

mod install;
mod server;

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

pub use self::install::Installation;
use self::server::{Passwords, ROOT, Role, Server};
use crate::server::files::copy;
use crate::server::folder::Folder;
use crate::server::{certificate, random_hex};

/// Carries the path of the servers' description to the tests: a JSON array with one object.
pub const VARIABLE: &str = "REKEY_TEST_MARIADB";

/// Servers that run.
#[derive(Debug)]
pub struct Servers {
    // Ended before their folder goes: fields go in this order.
    _running: [Server; 3],
    folder: Folder,
}

impl Installation {
    /// Starts the three.
    pub fn start(&self) -> Result<Servers> {
        let owner = self.owner;
        let folder = Folder::new("mariadb", owner)?;
        let home = folder.path();
        let passwords = Passwords {
            root: random_hex(16)?,
            replication: random_hex(16)?,
        };
        certificate::make(home, "MariaDB", owner)?;
        let [main, replica, plain] = ["main", "replica", "plain"].map(|name| home.join(name));
        server::initialise(self, &main, &passwords)?;
        // Copied while no server runs, and before there is a binary log to follow.
        copy(&main, &replica, owner)?;
        copy(&main, &plain, owner)?;
        let main = server::launch(self, &main, Role::Primary)?;
        let following = Role::Replica {
            of: main.port,
            password: &passwords.replication,
        };
        let replica = server::launch(self, &replica, following)?;
        let plain = server::launch(self, &plain, Role::WithoutTls)?;
        folder.describe(&json!([{
            "version": self.version,
            "host": "localhost",
            "port": main.port,
            "replica_port": replica.port,
            "plain_port": plain.port,
            "ca_file": home.join("ca.pem"),
            "superuser": ROOT,
            "superuser_password": passwords.root,
            "data_dir": main.data,
            "log_file": main.statements(),
            "replica_log_file": replica.statements(),
            "plain_log_file": plain.statements(),
            "error_log_file": main.errors(),
        }]))?;
        Ok(Servers {
            _running: [replica, plain, main],
            folder,
        })
    }
}

impl Servers {
    /// The file for [`VARIABLE`].
    pub fn description(&self) -> PathBuf {
        self.folder.description()
    }
}
