//! Who the servers run as: whoever we are, or `nobody` when we are root, for whom most of them refuse to run.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::place;

/// Where binaries go when root's own cache is closed to the user that the servers run as.
const OPEN_CACHE: &str = "/var/cache/rekey";

/// A user that is not us, or nobody in particular: then files and processes stay ours.
#[derive(Clone, Copy, Debug)]
pub struct Owner(Option<Ids>);

#[derive(Clone, Copy, Debug)]
struct Ids {
    user: u32,
    group: u32,
}

impl Owner {
    /// The one for this machine.
    pub fn of_servers() -> Result<Self> {
        if !running_as_root()? {
            return Ok(Self(None));
        }
        let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        let nobody = users.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some("nobody")).then_some(())?;
            let user = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            Some(Ids { user, group })
        });
        let nobody = nobody.context("there is no user `nobody` to run servers as")?;
        Ok(Self(Some(nobody)))
    }

    /// A command that this user runs.
    pub fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env("LC_ALL", "C");
        if let Some(Ids { user, group }) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }

    /// Makes a file or a folder this user's.
    pub fn give(self, path: &Path) -> Result<()> {
        match self.0 {
            Some(Ids { user, group }) => chown(path, Some(user), Some(group))
                .with_context(|| format!("cannot give {} away", path.display())),
            None => Ok(()),
        }
    }

    /// Whether this user may walk down to `path`, as far as it exists.
    pub fn reaches(self, path: &Path) -> bool {
        self.0.is_none() || open_to_everybody(path)
    }

    /// Where binaries are kept that this user runs.
    pub fn cache(self) -> Result<PathBuf> {
        let cache = place::cache()?;
        if self.reaches(&cache) {
            Ok(cache)
        } else {
            Ok(OPEN_CACHE.into())
        }
    }
}

fn running_as_root() -> Result<bool> {
    let own = fs::metadata("/proc/self").context("cannot look at /proc/self")?;
    Ok(own.uid() == 0)
}

fn open_to_everybody(path: &Path) -> bool {
    path.ancestors()
        .filter_map(|part| fs::metadata(part).ok())
        .all(|part| part.permissions().mode() & 0o001 != 0)
}
