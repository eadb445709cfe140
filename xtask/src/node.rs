//! Node.js with the packages of `tests/node`, for tests that ask libraries which are not ours.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::python::Venv;
use crate::{place, run, tools};

/// Tells the tests where the program is.
pub const PROGRAM_VARIABLE: &str = "REKEY_TEST_NODE";
/// Tells the tests where its packages are: the folder `node_modules` itself.
pub const MODULES_VARIABLE: &str = "REKEY_TEST_NODE_MODULES";

/// Exact versions, with the hashes of what they were when they were chosen.
const MANIFEST: &str = "package.json";
const LOCK: &str = "package-lock.json";

/// The first whose Web Cryptography has what the JOSE library asks for.
const OLDEST: u32 = 20;

/// A program and its packages.
#[derive(Debug)]
pub struct Node {
    /// `node`.
    pub program: PathBuf,
    /// `node_modules`.
    pub modules: PathBuf,
}

impl Node {
    /// Installs what is not installed yet. No script of a package runs.
    pub fn ready(venv: &Venv) -> Result<Self> {
        let own = PathBuf::from("node");
        let program = match version(&own) {
            Some(major) if major >= OLDEST => on_path(&own).context("node is gone")?,
            _ => tools::fetched_node(venv)?,
        };
        let home = place::target().join("node");
        let source = place::root().join("tests/node");
        let lock = fs::read_to_string(source.join(LOCK)).context("tests/node")?;
        let stamp = home.join("complete");
        if !fs::read_to_string(&stamp).is_ok_and(|have| have == lock) {
            eprintln!("installing npm packages into {}", home.display());
            fs::create_dir_all(&home)?;
            for file in [MANIFEST, LOCK] {
                fs::copy(source.join(file), home.join(file)).context("tests/node")?;
            }
            run::quiet(
                run::command(tools::npm(venv)?)
                    .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                    .args(["--loglevel=error", "--prefix"])
                    .arg(&home),
            )?;
            fs::write(&stamp, lock)?;
        }
        Ok(Self {
            program,
            modules: home.join("node_modules"),
        })
    }
}

/// The major version, if there is a program.
fn version(program: &PathBuf) -> Option<u32> {
    let said = run::quiet(run::command(program).arg("--version")).ok()?;
    let number = said.trim().strip_prefix('v')?;
    number.split('.').next()?.parse().ok()
}

/// Tests may run it from another folder, or with another PATH.
fn on_path(program: &PathBuf) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}
