//! One private virtual environment for all Python tools, in `target/venv`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::{place, run};

/// What is installed: exact pins, each beside what needs it.
const REQUIREMENTS: [&str; 2] = [
    "tests/local_cloud/requirements.txt",
    "infra/requirements.txt",
];

/// The virtual environment, installed.
pub struct Venv {
    dir: PathBuf,
}

impl Venv {
    /// Installs what is not installed yet. A changed pin makes the environment anew.
    pub fn ready() -> Result<Self> {
        let venv = Self {
            dir: place::target().join("venv"),
        };
        let stamp = venv.dir.join("rekey-requirements");
        let wanted = REQUIREMENTS
            .iter()
            .map(|file| fs::read_to_string(place::root().join(file)).context(*file))
            .collect::<Result<Vec<_>>>()?
            .concat();
        if fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
            return Ok(venv);
        }
        eprintln!("installing Python packages into {}", venv.dir.display());
        if venv.dir.exists() {
            fs::remove_dir_all(&venv.dir)?;
        }
        make(&venv.dir)?;
        let mut pip = run::command(venv.python());
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        for file in REQUIREMENTS {
            pip.args(["-r", file]);
        }
        run::quiet(&mut pip)?;
        fs::write(&stamp, wanted)?;
        Ok(venv)
    }

    /// Its interpreter.
    pub fn python(&self) -> PathBuf {
        self.dir.join("bin/python")
    }

    /// One of its programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join("bin").join(name)
    }
}

/// Debian splits `venv` from Python: it is installed when we may, and asked for when we may not.
fn make(dir: &Path) -> Result<()> {
    let venv = || run::quiet(run::command("python3").args(["-m", "venv"]).arg(dir));
    let Err(error) = venv() else { return Ok(()) };
    if !Path::new("/usr/bin/apt-get").exists() || !is_root() {
        bail!(
            "{error:#}\nPython cannot make a virtual environment. On Debian: apt-get install python3-venv"
        );
    }
    eprintln!("installing python3-venv with apt-get");
    run::quiet(run::command("apt-get").arg("update"))?;
    run::quiet(run::command("apt-get").args([
        "install",
        "-y",
        "--no-install-recommends",
        "python3-venv",
    ]))?;
    venv().map(|_| ())
}

/// Whether this process may install packages.
pub fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status
            .lines()
            .find_map(|line| line.strip_prefix("Uid:"))
            .and_then(|ids| ids.split_whitespace().nth(1))
            == Some("0")
    })
}
