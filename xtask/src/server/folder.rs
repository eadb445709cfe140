//! The folder that servers of one kind have their files in, for as long as they run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::files;
use super::owner::Owner;

const PREFIX: &str = "rekey-";
const KINDS: [&str; 3] = ["postgres", "mariadb", "redis"];

/// A folder outside the clone, which may be below a home that other users may not enter. It goes with this
/// value; what a process that was killed has left goes when the next folder is made.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// An empty one, with the kind and the id of this process in its name.
    pub fn new(kind: &str, owner: Owner) -> Result<Self> {
        remove_stale();
        let name = format!("{PREFIX}{kind}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        if path.exists() {
            fs::remove_dir_all(&path)
                .with_context(|| format!("cannot empty {}", path.display()))?;
        }
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        let folder = Self(path.canonicalize().context("cannot resolve the folder")?);
        if !owner.reaches(&folder.0) {
            bail!(
                "{} is closed to others, and servers do not run as root: set TMPDIR to an open folder",
                folder.0.display()
            );
        }
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where [`Self::describe`] has written to.
    pub fn description(&self) -> PathBuf {
        self.0.join("servers.json")
    }

    /// Keeps what tests need to know of the servers, readable by us only: it holds passwords.
    pub fn describe(&self, servers: &Value) -> Result<()> {
        files::write_secret(&self.description(), &servers.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// Removes the folders of processes that are gone; their servers have ended with them.
pub fn remove_stale() {
    for entry in fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        if entry.file_name().to_str().is_some_and(is_stale) {
            // Somebody else's folder stays, and is no reason to stop.
            let _kept = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether the name is a folder's whose process is gone.
fn is_stale(name: &str) -> bool {
    let parts = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once('-'));
    let Some((kind, process)) = parts else {
        return false;
    };
    let gone = |process: u32| !PathBuf::from(format!("/proc/{process}")).exists();
    KINDS.contains(&kind) && process.parse().is_ok_and(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_folder_of_servers_whose_process_is_gone_is_stale() {
        // Linux gives no process an id of this size.
        assert!(is_stale("rekey-mariadb-4294967295"));
        assert!(!is_stale(&format!("rekey-mariadb-{}", std::process::id())));
        assert!(!is_stale("rekey-docker-4294967295"));
        assert!(!is_stale("rekey-redis-notes"));
    }
}
