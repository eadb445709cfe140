//! Private virtual environments for Python tools, below the build folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::{place, run};

/// What is installed: exact pins, each beside what needs it.
const TOOLS: [&str; 3] = [
    "tests/local_cloud/requirements.txt",
    "tests/jose/requirements.txt",
    "infra/requirements.txt",
];

/// SAM CLI pins other versions of what the local cloud runs on, so it has an environment of its own.
const SAM: [&str; 1] = ["xtask/sam-requirements.txt"];

/// A virtual environment, installed.
pub struct Venv {
    dir: PathBuf,
}

impl Venv {
    /// The one with the local cloud, a JOSE library and the linter of templates.
    pub fn ready() -> Result<Self> {
        Self::with("venv", &TOOLS)
    }

    /// The one with SAM CLI, cargo-lambda and zig.
    pub fn of_sam() -> Result<Self> {
        Self::with("sam-venv", &SAM)
    }

    /// Installs what is not installed yet. A changed pin makes the environment anew.
    fn with(name: &str, requirements: &[&'static str]) -> Result<Self> {
        let venv = Self {
            dir: place::target().join(name),
        };
        let stamp = venv.dir.join("rekey-requirements");
        let wanted = requirements
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
        for file in requirements {
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

    /// The folder of its programs.
    pub fn programs(&self) -> PathBuf {
        self.dir.join("bin")
    }

    /// One of its programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs().join(name)
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
