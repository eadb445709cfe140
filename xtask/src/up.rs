//! `cargo xtask up`, `down` and `invoke`: a stack to play with.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::python::Venv;
use crate::server::folder;
use crate::services::{NEWEST, Need, Services};
use crate::{functions, place, postgres, run};

/// What runs, with the stack and without it.
const BESIDE_THE_STACK: [Need; 5] = [
    Need::Postgres(&[NEWEST]),
    Need::Mariadb,
    Need::Redis,
    Need::Node,
    Need::Programs,
];
const SERVERS: [Need; 4] = [
    Need::Postgres(&postgres::MAJORS),
    Need::Mariadb,
    Need::Redis,
    Need::Node,
];

/// How long a start may take: a cold build is in it.
const START: Duration = Duration::from_secs(1_800);
const STOP: Duration = Duration::from_secs(20);

struct Files {
    dir: PathBuf,
}

impl Files {
    fn new() -> Result<Self> {
        let dir = place::target().join("up");
        fs::create_dir_all(&dir)?;
        Ok(Self { dir })
    }

    fn pid(&self) -> PathBuf {
        self.dir.join("pid")
    }

    /// Written when everything runs: what to try.
    fn ready(&self) -> PathBuf {
        self.dir.join("ready.txt")
    }

    /// The endpoint and the functions, for `invoke`.
    fn stack(&self) -> PathBuf {
        self.dir.join("stack.json")
    }

    /// Written when the servers run: where they are, for a shell to read.
    fn environment(&self) -> PathBuf {
        self.dir.join("environment")
    }

    fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// The process of a running `up`, if there is one.
    fn running(&self) -> Option<u32> {
        let pid = fs::read_to_string(self.pid()).ok()?.trim().parse().ok()?;
        Path::new(&format!("/proc/{pid}")).exists().then_some(pid)
    }
}

/// Starts everything, or the servers only; returns when it runs, or stays with it.
pub fn up(servers: bool, foreground: bool) -> Result<()> {
    let files = Files::new()?;
    if let Some(pid) = files.running() {
        if foreground && pid == std::process::id() {
            return stay(&files, servers);
        }
        bail!("it runs already (process {pid}); stop it with `cargo xtask down`");
    }
    for stale in [
        files.ready(),
        files.stack(),
        files.environment(),
        files.pid(),
    ] {
        match fs::remove_file(stale) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    if foreground {
        fs::write(files.pid(), std::process::id().to_string())?;
        return stay(&files, servers);
    }
    println!(
        "starting (a few minutes the first time); log: {}",
        files.log().display()
    );
    let log = File::create(files.log())?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["up", "--foreground"])
        .args(servers.then_some("--servers"))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0) // one group, so that `down` reaches all of it
        .spawn()
        .context("cannot start in the background")?;
    let started = Instant::now();
    while started.elapsed() < START {
        if let Ok(text) = fs::read_to_string(files.ready()) {
            print!("{text}");
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            let log = fs::read_to_string(files.log()).unwrap_or_default();
            bail!("it did not start ({status}):\n{log}");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    bail!(
        "it has not started after {} s; see {}",
        START.as_secs(),
        files.log().display()
    )
}

fn stay(files: &Files, servers: bool) -> Result<()> {
    let mut services = Services::ready()?;
    services.start(if servers { &SERVERS } else { &BESIDE_THE_STACK })?;
    for need in [Need::Mariadb, Need::Redis] {
        if let Some(absent) = services.absent(need) {
            println!("without {need:?}: {}", absent.why);
        }
    }
    fs::write(files.environment(), exports(&services))?;
    let by_hand = format!(
        "tests by hand: . {} && cargo test --workspace --test <name>\n",
        files.environment().display()
    );
    print!("{by_hand}");
    if servers {
        fs::write(files.ready(), by_hand)?;
        loop {
            std::thread::park();
        }
    }
    let mut local = run::command(functions::stage("rekey-local")?);
    local
        .arg("up")
        .arg("--ready")
        .arg(files.ready())
        .arg("--stack")
        .arg(files.stack());
    services.tell(&mut local);
    run::shown(&mut local)
}

/// What [`Services::tell`] tells, as a shell reads it.
fn exports(services: &Services) -> String {
    services
        .variables()
        .iter()
        .map(|(name, path)| {
            let path = path.display().to_string().replace('\'', r"'\''");
            format!("export {name}='{path}'\n")
        })
        .collect()
}

/// Stops what `up` started, by its process group.
pub fn down() -> Result<()> {
    let files = Files::new()?;
    let Some(pid) = files.running() else {
        println!("nothing runs");
        return Ok(());
    };
    run::quiet(run::command("kill").args(["-INT", "--", &format!("-{pid}")]))?;
    let asked = Instant::now();
    while files.running().is_some() {
        if asked.elapsed() > STOP {
            bail!("process {pid} has not stopped after {} s", STOP.as_secs());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    for file in [
        files.pid(),
        files.ready(),
        files.stack(),
        files.environment(),
    ] {
        let _gone = fs::remove_file(file);
    }
    folder::remove_stale();
    println!("stopped");
    Ok(())
}

/// Sends one event to one function of the running stack.
pub fn invoke(function: &str, event: &Path) -> Result<()> {
    let files = Files::new()?;
    if files.running().is_none() || !files.stack().exists() {
        bail!("nothing runs: start it with `cargo xtask up`");
    }
    let event =
        fs::canonicalize(event).with_context(|| format!("cannot read {}", event.display()))?;
    let venv = Venv::ready()?;
    run::shown(
        run::command(venv.python())
            .arg("tests/local_cloud/invoke.py")
            .arg("--stack")
            .arg(files.stack())
            .args(["--function", function])
            .arg("--event")
            .arg(event),
    )
}
