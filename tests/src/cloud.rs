//! The local cloud as a child process.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::given;

/// How a local cloud behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// How much faster rotation schedules run.
    pub clock_scale: f64,
    /// How much faster the sweep's and the doctor's schedules run.
    pub schedule_scale: f64,
    /// How much sooner a message that a function did not take comes again.
    pub redelivery_scale: f64,
    /// How much shorter the periods of alarms are.
    pub alarm_scale: f64,
    /// How often a failing rotation is run.
    pub attempts: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock_scale: 1.0,
            schedule_scale: 1.0,
            redelivery_scale: 180.0,
            alarm_scale: 1.0,
            attempts: 3,
        }
    }
}

/// A call that came to the local cloud and is over.
#[derive(Clone, Debug, Deserialize)]
pub struct Call {
    /// When it came, in seconds since 1970.
    pub at: f64,
    /// How long it took, in milliseconds.
    pub ms: f64,
    pub service: String,
    pub action: String,
    /// The ARN of the caller.
    pub caller: String,
    /// The port it came from: one for each connection.
    pub connection: u16,
    /// None if no answer was begun, because whoever called went away first.
    pub status: Option<u16>,
}

/// A local cloud with IAM enforced. Stopped when this is dropped.
pub struct Cloud {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// Its folder: the server's log, and what is dumped from it.
    pub dir: PathBuf,
}

/// The Region of the local cloud.
pub const REGION: &str = "eu-west-1";

impl Cloud {
    /// Starts one on a free port.
    pub fn start(options: &Options) -> Result<Self> {
        let dir = given::scratch("cloud")?;
        let log = File::create(dir.join("server.log"))?;
        let mut child = Command::new(given::python()?)
            .arg(given::root().join("tests/local_cloud"))
            .args(["--port", "0", "--iam", "--region", REGION])
            .args(["--parent", &std::process::id().to_string()])
            .args(["--clock-scale", &options.clock_scale.to_string()])
            .args(["--schedule-scale", &options.schedule_scale.to_string()])
            .args(["--redelivery-scale", &options.redelivery_scale.to_string()])
            .args(["--alarm-scale", &options.alarm_scale.to_string()])
            .args(["--rotation-attempts", &options.attempts.to_string()])
            .args(["--rotation-pause", "0.5"])
            .arg("--journal")
            .arg(dir.join("journal.jsonl"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cannot start the local cloud")?;
        let output = child.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let Some(endpoint) = line.trim().strip_prefix("endpoint ") else {
            let log = std::fs::read_to_string(dir.join("server.log")).unwrap_or_default();
            bail!("the local cloud did not start:\n{log}");
        };
        Ok(Self {
            child,
            endpoint: endpoint.to_owned(),
            dir,
        })
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far: among other things, where each rotation begins and is over.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("server.log")).unwrap_or_default()
    }

    /// The calls that are over.
    pub fn calls(&self) -> Result<Vec<Call>> {
        calls(&std::fs::read_to_string(self.dir.join("journal.jsonl"))?)
    }

    /// A program of this cloud's own: a build that is made meanwhile does not change what is deployed.
    pub fn program(&self, name: &str) -> Result<PathBuf> {
        let programs = self.programs();
        std::fs::create_dir_all(&programs)?;
        let (built, own) = (given::program(name)?, programs.join(name));
        if !own.exists() && std::fs::hard_link(&built, &own).is_err() {
            // On another file system.
            std::fs::copy(&built, &own).with_context(|| built.display().to_string())?;
        }
        Ok(own)
    }

    /// Beside its folder, in which values are searched for.
    fn programs(&self) -> PathBuf {
        self.dir.with_extension("programs")
    }

    /// A Python script of the local cloud, told where it is.
    pub fn script(&self, name: &str) -> Result<Command> {
        let mut command = Command::new(given::python()?);
        command
            .arg(given::root().join("tests/local_cloud").join(name))
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env_remove("AWS_CA_BUNDLE")
            .current_dir(given::root());
        Ok(command)
    }
}

/// The calls in a journal. A line that is being written has no end yet.
fn calls(journal: &str) -> Result<Vec<Call>> {
    journal
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .map(|line| serde_json::from_str(line).with_context(|| line.to_owned()))
        .collect()
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.stop();
        let _gone = std::fs::remove_dir_all(self.programs());
    }
}

impl Cloud {
    fn stop(&mut self) {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        let deadline = Instant::now() + Duration::from_secs(5);
        while asked.is_ok() && Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function that is stopped in the middle of a call leaves such a line.
    #[test]
    fn a_call_whose_caller_went_away_is_read_like_any_other() -> Result<()> {
        let line = |status: &str| {
            format!(
                r#"{{"at": 1.5, "ms": 3.25, "service": "secretsmanager", "action": "GetSecretValue", "caller": "arn:aws:iam::000000000000:root", "connection": 40000, "status": {status}}}"#
            )
        };
        let journal = format!("{}\n{}\n{{\"at\": 2", line("200"), line("null"));
        let read = calls(&journal)?;
        let statuses: Vec<_> = read.iter().map(|call| call.status).collect();
        assert_eq!(statuses, [Some(200), None]);
        Ok(())
    }
}
