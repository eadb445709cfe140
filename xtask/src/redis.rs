//! Real Redis servers for tests and demos, without root, Docker or a package manager's service.
//!
//! The binaries are those of Debian's package `redis-server`, built with TLS. There is one for each way in which a
//! server keeps its users (`CONFIG REWRITE`, an ACL file, not at all), a replica, and a cluster of three. They
//! listen on 127.0.0.1 and 127.0.0.2 (the certificate is for `localhost` and 127.0.0.1, so 127.0.0.2 is a name
//! it is not for).

mod cluster;
mod install;
mod server;

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

pub use self::install::Installation;
use self::server::{Home, Keeping, Plan, Server};
use crate::server::folder::Folder;
use crate::server::random_hex;

/// Carries the path of the servers' description to the tests: a JSON object.
pub const VARIABLE: &str = "REKEY_TEST_REDIS";

/// Whom the replica logs in as: not as the default user, whose password the tests change.
const REPLICATION: &str = "replication";

/// Servers that run.
#[derive(Debug)]
pub struct Servers {
    // Ended before their folder goes: fields go in this order.
    _running: Vec<Server>,
    folder: Folder,
}

impl Installation {
    /// Starts the seven.
    pub fn start(&self) -> Result<Servers> {
        let folder = Folder::new("redis", self.owner)?;
        let home = Home::make(self, folder.path())?;
        // The cluster takes two seconds to call itself one; the others start meanwhile.
        let mut cluster = cluster::start(&home)?;
        let password = random_hex(16)?;
        let rewritten = home.start(&Plan {
            more: format!("user {REPLICATION} on >{password} +psync +replconf +ping\n"),
            ..Plan::new("rewritten")?
        })?;
        let following = format!(
            "replicaof 127.0.0.1 {}\nmasteruser {REPLICATION}\nmasterauth {password}\n",
            rewritten.port
        );
        let mut replica = home.start(&Plan {
            more: following,
            ..Plan::new("replica")?
        })?;
        let aclfile = home.start(&Plan {
            keeping: Keeping::AclFile,
            ..Plan::new("aclfile")?
        })?;
        let bare = home.start(&Plan {
            keeping: Keeping::Nothing,
            ..Plan::new("bare")?
        })?;
        replica.wait_for(server::FOLLOWS)?;
        for node in &mut cluster {
            node.wait_for(cluster::READY)?;
        }
        folder.describe(&json!({
            "version": self.version,
            "ca_file": home.authority(),
            "rewritten": rewritten.describe(),
            "aclfile": aclfile.describe(),
            "bare": bare.describe(),
            "replica": replica.describe(),
            "cluster": cluster.iter().map(Server::describe).collect::<Vec<_>>(),
        }))?;
        let mut running = vec![replica, rewritten, aclfile, bare];
        running.extend(cluster);
        Ok(Servers {
            _running: running,
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
