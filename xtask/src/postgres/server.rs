use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use super::install::Installation;
use crate::server::files::{append, copy, make_closed, write_closed};
use crate::server::owner::Owner;
use crate::server::process::{self, Process};
use crate::server::{certificate, port, random_hex};

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
    main: Running,
    replica: Option<Running>,
    without_tls: Option<Running>,
}

#[derive(Debug)]
struct Running {
    port: u16,
    _process: Process,
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

/// Starts a server with its files in `directory`, which is made.
pub fn start(
    installation: &Installation,
    directory: &Path,
    shape: Shape,
    owner: Owner,
) -> Result<Server> {
    fs::create_dir(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    certificate::make(directory, &format!("{}", installation.major), owner)?;
    let password = random_hex(16)?;
    initialise(installation, directory, &password, owner)?;

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
        write_closed(&replica.join("standby.signal"), "", owner)?;
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
        directory: directory.to_owned(),
        password,
        main,
        replica,
        without_tls,
    })
}

fn initialise(
    installation: &Installation,
    directory: &Path,
    password: &str,
    owner: Owner,
) -> Result<()> {
    let data = directory.join("main");
    make_closed(&data, owner)?;
    let password_file = directory.join("password");
    write_closed(&password_file, password, owner)?;
    let output = owner
        .command(&installation.bin.join("initdb"))
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
        .context("cannot run initdb")?;
    fs::remove_file(&password_file).context("cannot remove the password file")?;
    if !output.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    for name in ["server.pem", "server.key"] {
        fs::rename(directory.join(name), data.join(name)).context("cannot move the certificate")?;
    }
    append(&data.join("postgresql.conf"), SETTINGS)?;
    append(
        &data.join("postgresql.conf"),
        "ssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'\n",
    )?;
    fs::write(data.join("pg_hba.conf"), ACCESS).context("cannot write pg_hba.conf")
}

fn launch(installation: &Installation, data: &Path, owner: Owner) -> Result<Running> {
    let port = port::free()?;
    let mut command = process::command(&installation.bin.join("postgres"), "QUIT", owner);
    command.arg("-D").arg(data).arg("-p").arg(port.to_string());
    let mut process = Process::start(command, &data.with_extension("log"))?;
    process.wait_until(|| is_ready(data))?;
    Ok(Running {
        port,
        _process: process,
    })
}

/// The eighth line of `postmaster.pid` says whether connections are taken.
fn is_ready(data: &Path) -> bool {
    let state = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    state.lines().nth(7).map(str::trim) == Some("ready")
}
