//! Commands that run beside others: what they print is kept in a file, and shown when they are asked for.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::{place, run};

/// One that runs. It is ended when nobody asks for it any more: the first failure stops everything.
pub struct Beside {
    child: Child,
    line: String,
    output: PathBuf,
    started: Instant,
}

impl Beside {
    /// Starts it. `name` is that of its file below the build folder.
    pub fn start(name: &str, command: &mut Command) -> Result<Self> {
        let folder = place::target().join("local");
        std::fs::create_dir_all(&folder)?;
        let output = folder.join(format!("{name}.log"));
        let file = File::create(&output).with_context(|| output.display().to_string())?;
        let line = run::line(command);
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start `{line}`"))?;
        Ok(Self {
            child,
            line,
            output,
            started: Instant::now(),
        })
    }

    /// Waits for its end, shows what it has printed, and fails when it has failed.
    pub fn show(mut self) -> Result<()> {
        let status = self.child.wait()?;
        let seconds = self.started.elapsed().as_secs_f64();
        let mut printed = Vec::new();
        File::open(&self.output)?.read_to_end(&mut printed)?;
        print!("{}", String::from_utf8_lossy(&printed));
        if !status.success() {
            bail!("`{}` failed ({status}) after {seconds:.1} s", self.line);
        }
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _killed = self.child.kill();
            let _reaped = self.child.wait();
        }
    }
}
