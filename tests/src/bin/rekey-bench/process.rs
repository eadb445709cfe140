//! A function's process, and what the kernel says about it.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::runtime_api::RuntimeApi;

/// A function that runs and waits for its first event. Killed when this is dropped.
pub struct Process {
    child: Child,
    pub api: RuntimeApi,
    /// From its start to its first request for an event.
    pub init: Duration,
}

impl Process {
    /// Starts it; what it prints goes to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let mut api = RuntimeApi::start()?;
        let output = File::create(log)?;
        command
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let started = Instant::now();
        let mut child = command.spawn().context("cannot start the function")?;
        let ready = api.ready().with_context(|| {
            let _killed = child.kill();
            fs::read_to_string(log).unwrap_or_default()
        })?;
        Ok(Self {
            child,
            api,
            init: ready - started,
        })
    }

    /// The processor time of all its threads so far.
    pub fn cpu(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let first = text.split(' ').next().unwrap_or_default();
            nanoseconds += first.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The most memory it ever had resident, in MiB.
    pub fn peak_mib(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.split_whitespace().next())
            .context("the kernel does not say how much memory a process had")?
            .parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}
