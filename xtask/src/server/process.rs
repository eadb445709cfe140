//! A server's process.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::owner::Owner;

/// How long a server may take to come up.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Under this shell a server ends with whoever holds the other end of its input: normally, by a kill or
/// by a crash.
const WITH_PARENT: &str =
    r#"signal=$0; "$@" & server=$!; read -r _; kill "-$signal" "$server"; wait "$server""#;

/// One that runs. It ends with this value, and with this process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

/// A command to which the server's own arguments are added. `signal` ends it.
pub fn command(program: &Path, signal: &str, owner: Owner) -> Command {
    let mut command = owner.command(Path::new("/bin/sh"));
    command.args(["-c", WITH_PARENT, signal]).arg(program);
    command
}

impl Process {
    /// Starts what [`command`] began. What it prints goes to `log`.
    pub fn start(mut command: Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let errors = file.try_clone().context("cannot share the log")?;
        let child = command
            .stdin(Stdio::piped())
            .stdout(file)
            .stderr(errors)
            // Ctrl-C at the terminal is for the parent, which ends the server its own way.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start the server of {}", log.display()))?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    /// Waits until the log says `text`.
    pub fn wait_for(&mut self, text: &str) -> Result<()> {
        let log = self.log.clone();
        self.wait_until(|| says(&log, text))
    }

    /// Waits until the server is ready.
    pub fn wait_until(&mut self, ready: impl Fn() -> bool) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if ready() {
                return Ok(());
            }
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                break;
            }
            sleep(PAUSE);
        }
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let tail: Vec<&str> = log.lines().rev().take(5).collect();
        bail!(
            "the server did not come up; the end of {}, newest first: {}",
            self.log.display(),
            tail.join(" | ")
        )
    }
}

/// The file is a server's, and need not be UTF-8.
fn says(log: &Path, text: &str) -> bool {
    let said = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&said).contains(text)
}

impl Drop for Process {
    fn drop(&mut self) {
        // Closing its input is what the shell waits for.
        drop(self.child.stdin.take());
        let _ended = self.child.wait();
    }
}
