use std::fs::{self, File};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::install::{Installation, open_to_everybody, running_as_root};
use super::{Error, While, certificate};

const SUPERUSER: &str = "postgres";

/// Two groups that tests make: the server takes members of `tls_only` over TLS only, as RDS does with
/// `rds.force_ssl=1`, and members of `shut_out` not at all.
const ACCESS: &str = "\
local     all         all                    scram-sha-256
hostnossl all         +tls_only 127.0.0.0/8  reject
host      all         +shut_out 127.0.0.0/8  reject
host      all         all       127.0.0.0/8  scram-sha-256
host      replication all       127.0.0.0/8  scram-sha-256
";

/// Small and fast: nothing here survives a power cut, and nothing needs to.
const SETTINGS: &str = "\
listen_addresses = '127.0.0.1,127.0.0.2'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 32MB
fsync = off
full_page_writes = off
synchronous_commit = off
log_statement = all
log_connections = on
log_line_prefix = '%m [%p] %u@%d '
password_encryption = scram-sha-256
wal_level = replica
wal_keep_size = 512MB
hot_standby = on
autovacuum_naptime = 10min
";

/// How long a server may take to come up: 60 s in steps of 20 ms.
const PATIENCE: u32 = 3_000;

/// Under this shell a server ends with whoever holds the other end of its input: normally, by a kill or
/// by a crash.
const WITH_PARENT: &str =
    r#""$0" "$@" & server=$!; read -r _; kill -QUIT "$server"; wait "$server""#;

/// What stands beside the server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shape {
    /// A streaming replica.
    pub replica: bool,
    /// A second server, with the same first users, that has TLS switched off.
    pub without_tls: bool,
}

/// A running server, with what stands beside it.
#[derive(Debug)]
pub struct Server {
    major: u16,
    bin: PathBuf,
    directory: PathBuf,
    password: String,
    main: Process,
    replica: Option<Process>,
    without_tls: Option<Process>,
}

#[derive(Debug)]
struct Process {
    port: u16,
    child: Child,
}

impl Server {
    pub(super) fn describe(&self) -> serde_json::Value {
        json!({
            "major": self.major,
            "host": "localhost",
            "port": self.main.port,
            "replica_port": self.replica.as_ref().map(|replica| replica.port),
            "plain_port": self.without_tls.as_ref().map(|plain| plain.port),
            "ca_file": self.directory.join("ca.pem"),
            "superuser": SUPERUSER,
            "superuser_password": self.password,
            "data_dir": self.directory.join("main"),
            "log_file": self.directory.join("main.log"),
            "bin_dir": self.bin,
        })
    }
}

/// Starts a server with its files in `directory`, which is emptied first.
pub fn start(installation: &Installation, directory: &Path, shape: Shape) -> Result<Server, Error> {
    let owner = owner()?;
    if directory.exists() {
        stop(directory)?;
        fs::remove_dir_all(directory)
            .or_say(format_args!("cannot empty {}", directory.display()))?;
    }
    fs::create_dir_all(directory).or_say(format_args!("cannot make {}", directory.display()))?;
    if owner.is_some() && !open_to_everybody(directory) {
        return Err(Error::new(format!(
            "{} is closed to others, and PostgreSQL does not run as root: give a directory under /tmp",
            directory.display()
        )));
    }
    let directory = directory
        .canonicalize()
        .or_say("cannot resolve the directory")?;
    certificate::make(&directory, &format!("{}", installation.major))?;
    let password = random_password()?;
    initialise(installation, &directory, &password, owner)?;

    let main = directory.join("main");
    let replica = directory.join("replica");
    let plain = directory.join("plain");
    // Copied while no server runs: a copy of a cleanly closed cluster is a base backup.
    if shape.replica {
        copy(&main, &replica, owner)?;
    }
    if shape.without_tls {
        copy(&main, &plain, owner)?;
        append(&plain.join("postgresql.conf"), "ssl = off\n")?;
    }
    let main = launch(installation, &main, owner)?;
    let replica = if shape.replica {
        let upstream = format!(
            "primary_conninfo = 'host=127.0.0.1 port={} user={SUPERUSER} password={password} sslmode=prefer'\n",
            main.port
        );
        append(&replica.join("postgresql.conf"), &upstream)?;
        write_as(&replica.join("standby.signal"), "", owner)?;
        Some(launch(installation, &replica, owner)?)
    } else {
        None
    };
    let without_tls = if shape.without_tls {
        Some(launch(installation, &plain, owner)?)
    } else {
        None
    };
    Ok(Server {
        major: installation.major,
        bin: installation.bin.clone(),
        directory,
        password,
        main,
        replica,
        without_tls,
    })
}

/// Stops every server that a killed run may have left in `directory`; one that is gone is no error.
fn stop(directory: &Path) -> Result<(), Error> {
    for name in ["replica", "plain", "main"] {
        let data = directory.join(name);
        let Ok(options) = fs::read_to_string(data.join("postmaster.opts")) else {
            continue;
        };
        if !data.join("postmaster.pid").exists() {
            continue;
        }
        // The first word is the path of the `postgres` that runs there; `pg_ctl` is beside it.
        let binary = options.split_whitespace().next().unwrap_or_default();
        let pg_ctl = Path::new(binary).with_file_name("pg_ctl");
        let mut command = as_user(&pg_ctl, owner()?);
        // A pid file left by a dead server is not an error worth stopping for.
        let _stopped = command
            .args(["stop", "-s", "-m", "immediate", "-D"])
            .arg(&data)
            .stderr(Stdio::null())
            .status()
            .or_say(format_args!("cannot run {}", pg_ctl.display()))?;
    }
    Ok(())
}

fn initialise(
    installation: &Installation,
    directory: &Path,
    password: &str,
    owner: Option<Owner>,
) -> Result<(), Error> {
    let data = directory.join("main");
    fs::create_dir(&data).or_say("cannot make the data directory")?;
    give(&data, owner)?;
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700))
        .or_say("cannot close the data directory")?;
    let password_file = directory.join("password");
    write_as(&password_file, password, owner)?;
    let output = as_user(&installation.bin.join("initdb"), owner)
        .args(["--auth=scram-sha-256", "--username", SUPERUSER])
        .args([
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ])
        .arg("--pwfile")
        .arg(&password_file)
        .arg("-D")
        .arg(&data)
        .output()
        .or_say("cannot run initdb")?;
    fs::remove_file(&password_file).or_say("cannot remove the password file")?;
    if !output.status.success() {
        return Err(Error::new(format!(
            "initdb failed: {}",
            String::from_utf8_lossy(&output.stderr)
        )));
    }
    for name in ["server.pem", "server.key"] {
        let inside = data.join(name);
        fs::rename(directory.join(name), &inside).or_say("cannot move the certificate")?;
        fs::set_permissions(&inside, fs::Permissions::from_mode(0o600))
            .or_say("cannot close the certificate's key")?;
        give(&inside, owner)?;
    }
    append(&data.join("postgresql.conf"), SETTINGS)?;
    append(
        &data.join("postgresql.conf"),
        "ssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'\n",
    )?;
    fs::write(data.join("pg_hba.conf"), ACCESS).or_say("cannot write pg_hba.conf")
}

fn launch(
    installation: &Installation,
    data: &Path,
    owner: Option<Owner>,
) -> Result<Process, Error> {
    let port = free_port()?;
    let log = data.with_extension("log");
    let log = File::create(&log).or_say(format_args!("cannot write {}", log.display()))?;
    let errors = log.try_clone().or_say("cannot share the log")?;
    let binary = installation.bin.join("postgres");
    let mut command = as_user(Path::new("/bin/sh"), owner);
    let child = command
        .args(["-c", WITH_PARENT])
        .arg(&binary)
        .arg("-D")
        .arg(data)
        .arg("-p")
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(log)
        .stderr(errors)
        // Ctrl-C at the terminal is for the parent, which ends the server its own way.
        .process_group(0)
        .spawn()
        .or_say("cannot start postgres")?;
    let mut process = Process { port, child };
    wait_until_ready(&mut process, data)?;
    Ok(process)
}

/// The eighth line of `postmaster.pid` says whether connections are taken.
fn wait_until_ready(process: &mut Process, data: &Path) -> Result<(), Error> {
    for _ in 0..PATIENCE {
        let state = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
        if state.lines().nth(7).map(str::trim) == Some("ready") {
            return Ok(());
        }
        if process.child.try_wait().is_ok_and(|ended| ended.is_some()) {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let log = fs::read_to_string(data.with_extension("log")).unwrap_or_default();
    let tail: Vec<&str> = log.lines().rev().take(5).collect();
    Err(Error::new(format!(
        "PostgreSQL did not come up; the end of its log, newest first: {}",
        tail.join(" | ")
    )))
}

impl Drop for Process {
    fn drop(&mut self) {
        // Closing its input is what the shell waits for.
        drop(self.child.stdin.take());
        let _ended = self.child.wait();
    }
}

#[derive(Clone, Copy, Debug)]
struct Owner {
    uid: u32,
    gid: u32,
}

/// Who the servers run as: whoever we are, or `nobody` when we are root.
fn owner() -> Result<Option<Owner>, Error> {
    if !running_as_root()? {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").or_say("cannot read /etc/passwd")?;
    let nobody = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some("nobody")).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Owner { uid, gid })
    });
    nobody
        .map(Some)
        .ok_or_else(|| Error::new("there is no user `nobody` to run PostgreSQL as"))
}

fn as_user(program: &Path, owner: Option<Owner>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").env("LC_ALL", "C");
    if let Some(Owner { uid, gid }) = owner {
        command.uid(uid).gid(gid);
    }
    command
}

fn give(path: &Path, owner: Option<Owner>) -> Result<(), Error> {
    match owner {
        Some(Owner { uid, gid }) => chown(path, Some(uid), Some(gid))
            .or_say(format_args!("cannot give {} away", path.display())),
        None => Ok(()),
    }
}

fn write_as(path: &Path, text: &str, owner: Option<Owner>) -> Result<(), Error> {
    fs::write(path, text).or_say(format_args!("cannot write {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .or_say(format_args!("cannot close {}", path.display()))?;
    give(path, owner)
}

fn append(path: &Path, text: &str) -> Result<(), Error> {
    let old = fs::read_to_string(path).or_say(format_args!("cannot read {}", path.display()))?;
    fs::write(path, old + text).or_say(format_args!("cannot write {}", path.display()))
}

fn copy(from: &Path, to: &Path, owner: Option<Owner>) -> Result<(), Error> {
    let say = || format!("cannot copy {}", from.display());
    let mode = fs::metadata(from).or_say(say())?.mode();
    fs::create_dir(to).or_say(say())?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode)).or_say(say())?;
    give(to, owner)?;
    for entry in fs::read_dir(from).or_say(say())? {
        let entry = entry.or_say(say())?;
        let target = to.join(entry.file_name());
        if entry.file_type().or_say(say())?.is_dir() {
            copy(&entry.path(), &target, owner)?;
        } else {
            fs::copy(entry.path(), &target).or_say(say())?;
            give(&target, owner)?;
        }
    }
    Ok(())
}

fn free_port() -> Result<u16, Error> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .or_say("no free port")
}

fn random_password() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .or_say("no randomness")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
