//! A Docker engine for `sam local invoke`: the one that runs, or Debian's `docker.io`, started here with
//! its files below the build folder and ended with this process.

mod base_image;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::{place, python, run};

/// Tells the tests where the engine listens; empty when it is where `docker` looks by itself.
const VARIABLE: &str = "REKEY_TEST_DOCKER";

/// Under this shell the engine ends with whoever holds the other end of its input: normally, by a kill or
/// by a crash.
const WITH_PARENT: &str =
    r#""$0" "$@" & engine=$!; read -r _; kill -TERM "$engine"; wait "$engine""#;

/// What dockerd says when it gives up.
const FAILED: &str = "failed to start daemon";

const START: Duration = Duration::from_secs(40);
const STOP: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(200);

/// An engine with an image in it that functions run in.
pub struct Engine {
    own: Option<Own>,
    /// What was put into somebody else's engine, and is taken out of it again.
    lent: Vec<&'static str>,
}

/// One that was started here.
struct Own {
    child: Child,
    /// For its sockets, whose paths may not be long.
    folder: PathBuf,
}

/// Why there is no engine.
pub struct Absent {
    /// Somebody had installed one: then it is expected to work.
    pub expected: bool,
    /// For people.
    pub why: String,
}

/// The engine that runs, or else one that is installed and started here.
pub fn engine() -> Result<Engine, Absent> {
    let mut engine = Engine {
        own: None,
        lent: Vec::new(),
    };
    if engine.answers() {
        engine.prepare(true)?;
        return Ok(engine);
    }
    let expected = is_installed();
    let absent = |error: anyhow::Error| Absent {
        expected,
        why: format!("{error:#}"),
    };
    if !expected {
        install().map_err(absent)?;
    }
    engine.own = Some(Own::start().map_err(absent)?);
    let asked = Instant::now();
    while !engine.answers() {
        let log = fs::read_to_string(log()).unwrap_or_default();
        if log.contains(FAILED) || asked.elapsed() > START {
            let start = log.lines().count().saturating_sub(5);
            let last: Vec<_> = log.lines().skip(start).collect();
            return Err(absent(anyhow::anyhow!(
                "dockerd does not come up; its last words:\n{}",
                last.join("\n")
            )));
        }
        sleep(PAUSE);
    }
    engine.prepare(expected)?;
    Ok(engine)
}

impl Engine {
    /// Tells `command` where it listens.
    pub fn tell(&self, command: &mut Command) {
        command.env(
            VARIABLE,
            self.own.as_ref().map(Own::host).unwrap_or_default(),
        );
    }

    /// The client, speaking to this engine.
    fn docker(&self) -> Command {
        let mut docker = run::command("docker");
        if let Some(own) = &self.own {
            docker.env("DOCKER_HOST", own.host());
            docker.env_remove("DOCKER_CONTEXT");
        }
        docker
    }

    fn answers(&self) -> bool {
        run::quiet(self.docker().arg("version")).is_ok()
    }

    fn prepare(&mut self, expected: bool) -> Result<(), Absent> {
        let made = base_image::ready(self).map_err(|error| Absent {
            expected,
            why: format!("{error:#}"),
        })?;
        if made && self.own.is_none() {
            self.lent
                .extend([base_image::NAME, base_image::WITH_EMULATOR]);
        }
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if !self.lent.is_empty() {
            let mut remove = self.docker();
            let _gone = run::quiet(remove.args(["image", "rm", "--force"]).args(&self.lent));
        }
    }
}

impl Own {
    fn start() -> Result<Self> {
        if !python::is_root() {
            bail!("no Docker engine runs, and only root may start one: start it, and try again");
        }
        let folder = std::env::temp_dir().join(format!("rekey-docker-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let files = place::target().join("docker");
        fs::create_dir_all(&files)?;
        let log = File::create(log())?;
        let child = run::command("sh")
            .args(["-c", WITH_PARENT, "dockerd"])
            .arg("--host")
            .arg(address(&folder))
            .arg("--data-root")
            .arg(files.join("data"))
            .arg("--exec-root")
            .arg(folder.join("run"))
            .arg("--pidfile")
            .arg(folder.join("pid"))
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start dockerd")?;
        Ok(Self { child, folder })
    }

    fn host(&self) -> String {
        address(&self.folder)
    }

    fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // The end of its input is what it waits for.
        if let Some(mut input) = self.child.stdin.take() {
            let _told = input.flush();
        }
        let told = Instant::now();
        while self.ended().is_none() && told.elapsed() < STOP {
            sleep(PAUSE);
        }
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
        let _gone = fs::remove_dir_all(&self.folder);
    }
}

fn address(folder: &Path) -> String {
    format!("unix://{}", folder.join("socket").display())
}

fn log() -> PathBuf {
    place::target().join("docker").join("log")
}

fn is_installed() -> bool {
    run::quiet(run::command("dockerd").arg("--version")).is_ok()
}

fn install() -> Result<()> {
    if !Path::new("/usr/bin/apt-get").exists() || !python::is_root() {
        bail!("there is no Docker engine. On Debian: apt-get install docker.io");
    }
    eprintln!("installing docker.io with apt-get");
    run::quiet(run::command("apt-get").args(["update", "--quiet"]))?;
    run::quiet(
        run::command("apt-get")
            .args(["install", "--yes", "--quiet", "--no-install-recommends"])
            .arg("docker.io")
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )?;
    Ok(())
}
