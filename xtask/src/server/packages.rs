//! Servers out of Debian's packages, without root and without installing anything: the packages are fetched by
//! apt, which checks their signatures, and unpacked into the cache. No script of theirs runs, so no service is
//! started and no user is made.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};

use super::owner::Owner;
use crate::run;

/// Where libraries are in a package, below its root.
const LIBRARIES: [&str; 2] = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];

/// No lock and no other user, for neither is ours to have; no index that only a second run would want.
const OPTIONS: [&str; 4] = [
    "Debug::NoLocking=1",
    "APT::Sandbox::User=root",
    "Dir::Cache::pkgcache=",
    "Dir::Cache::srcpkgcache=",
];

/// Kinds of servers start side by side, and fetch one after the other.
static FETCHING: Mutex<()> = Mutex::new(());

/// A package whose program runs here.
#[derive(Clone, Debug)]
pub struct Package {
    /// What its paths are below: `/`, or the folder that it is unpacked in.
    pub root: PathBuf,
    program: &'static str,
    unpacked: bool,
}

impl Package {
    /// The one that is installed, or else one that is unpacked in the cache, once. `program` is the path of
    /// what is wanted from it, below its root.
    pub fn ready(name: &str, program: &'static str, owner: Owner) -> Result<Self> {
        let installed = Self {
            root: "/".into(),
            program,
            unpacked: false,
        };
        if installed.program().exists() {
            return Ok(installed);
        }
        let root = unpacked(name, program, owner).with_context(|| {
            format!("no /{program} here, and none could be fetched (on Debian, as root: apt-get install {name})")
        })?;
        Ok(Self {
            root,
            program,
            unpacked: true,
        })
    }

    /// What is wanted from it.
    pub fn program(&self) -> PathBuf {
        self.root.join(self.program)
    }

    /// What the program says to these arguments, and ends.
    pub fn asked(&self, arguments: &[&str]) -> Result<String> {
        let mut ask = run::command(self.program());
        self.tell(&mut ask);
        run::quiet(ask.args(arguments))
    }

    /// Lets `command` find the libraries that came with it.
    pub fn tell(&self, command: &mut Command) {
        if self.unpacked {
            let folders = LIBRARIES.map(|folder| self.root.join(folder).into_os_string());
            command.env("LD_LIBRARY_PATH", folders.join(&OsString::from(":")));
        }
    }
}

/// Fetches it, unless an earlier run has.
fn unpacked(name: &str, program: &str, owner: Owner) -> Result<PathBuf> {
    let home = owner.cache()?.join("packages").join(system()?);
    let root = home.join(name);
    let complete = home.join(format!("{name}.complete"));
    if !complete.exists() {
        let _turn = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
        eprintln!("fetching {name} into {} (once)", root.display());
        fetch(name, &home, &root)?;
        if !root.join(program).exists() {
            bail!("what apt has fetched for {name} does not hold it");
        }
        fs::write(&complete, name)?;
    }
    Ok(root)
}

/// The name and version of the distribution: its packages fit no other.
fn system() -> Result<String> {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        line.map(|value| value.trim_matches('"').to_owned())
    };
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("there is no apt-get");
    }
    Ok(format!(
        "{}-{}",
        value("ID=").unwrap_or_default(),
        value("VERSION_ID=").unwrap_or_default()
    ))
}

/// Fetches the package and what it needs that this machine does not have.
fn fetch(name: &str, home: &Path, root: &Path) -> Result<()> {
    let archives = home.join(format!("{name}.archives"));
    for folder in [root, &archives] {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
    }
    fs::create_dir_all(archives.join("partial"))?;
    // The machine's own lists may be old, or not there: then new ones are fetched, for this only.
    let lists = home.join("lists");
    if download(name, home, &archives, None).is_err() {
        fs::create_dir_all(lists.join("partial"))?;
        run::quiet(apt(home, Some(&lists)).args(["update", "--quiet"]))?;
        download(name, home, &archives, Some(&lists))?;
    }
    for entry in fs::read_dir(&archives)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "deb") {
            run::quiet(
                run::command("dpkg-deb")
                    .arg("--extract")
                    .arg(path)
                    .arg(root),
            )?;
        }
    }
    fs::remove_dir_all(&archives)?;
    Ok(())
}

fn download(name: &str, home: &Path, archives: &Path, lists: Option<&Path>) -> Result<()> {
    let mut folder = OsString::from("Dir::Cache::Archives=");
    folder.push(archives);
    run::quiet(
        apt(home, lists)
            .args(["install", "--download-only", "--yes", "--quiet"])
            .arg("--no-install-recommends")
            .arg("--option")
            .arg(folder)
            .arg(name),
    )
    .map(|_| ())
}

/// apt with what it writes in the cache, so that it needs no right of root's.
fn apt(home: &Path, lists: Option<&Path>) -> Command {
    let mut apt = run::command("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    let mut cache = OsString::from("Dir::Cache=");
    cache.push(home);
    apt.arg("--option").arg(cache);
    if let Some(lists) = lists {
        let mut folder = OsString::from("Dir::State::Lists=");
        folder.push(lists);
        apt.arg("--option").arg(folder);
    }
    for option in OPTIONS {
        apt.args(["--option", option]);
    }
    apt
}
