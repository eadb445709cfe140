//! A local cloud for tests that need no more than AWS.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::python::Venv;
use crate::{place, run};

/// One that runs; stopped when this is dropped, or with this process.
pub struct LocalCloud {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
}

impl LocalCloud {
    /// Starts one on a free port. What it says goes to a file below the build folder.
    pub fn start(venv: &Venv) -> Result<Self> {
        let folder = place::target().join("local");
        std::fs::create_dir_all(&folder)?;
        let log = std::fs::File::create(folder.join("adapters-cloud.log"))?;
        let mut child = run::command(venv.python())
            .arg("tests/local_cloud")
            .args(["--port", "0", "--parent", &std::process::id().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cannot start the local cloud")?;
        let output = child.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let Some(endpoint) = line.trim().strip_prefix("endpoint ") else {
            bail!(
                "the local cloud did not start; see {}",
                folder.join("adapters-cloud.log").display()
            );
        };
        Ok(Self {
            child,
            endpoint: endpoint.to_owned(),
        })
    }
}

impl Drop for LocalCloud {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}
