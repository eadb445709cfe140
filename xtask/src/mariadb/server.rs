use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};

use super::install::Installation;
use crate::server::files::{make_closed, write_closed};
use crate::server::port;
use crate::server::process::{self, Process};

/// The administrator: over loopback, which resolves to `localhost`.
pub const ROOT: &str = "root";
/// Whom the replica logs in as.
const REPLICATION: &str = "replication";

/// Small and fast: nothing here survives a power cut, and nothing needs to. The list of sessions with their
/// programs is the performance schema's.
const SETTINGS: &str = "\
bind-address = 127.0.0.1,127.0.0.2
max-connections = 200
table-open-cache = 400
table-definition-cache = 400
thread-cache-size = 16
key-buffer-size = 1M
aria-pagecache-buffer-size = 8M
innodb-buffer-pool-size = 16M
innodb-log-buffer-size = 2M
innodb-flush-log-at-trx-commit = 0
innodb-doublewrite = OFF
sync-binlog = 0
performance-schema = ON
performance-schema-max-statement-classes = 0
performance-schema-events-statements-history-long-size = 0
performance-schema-digests-size = 0
character-set-server = utf8mb4
require-secure-transport = OFF
general-log = ON
";

/// Below the data directory, like the socket: where the server may make files.
const STATEMENTS: &str = "statements.log";

/// For the start and for the making of the system tables: the size of a log is kept in it.
const STORAGE: [&str; 3] = [
    "--innodb-log-file-size=8M",
    "--innodb-flush-method=nosync",
    // Where containers forbid io_uring, the server would say so and do without.
    "--innodb-use-native-aio=OFF",
];

/// What the error log says when connections are taken, and when the replica is connected.
const READY: &str = "ready for connections";
const FOLLOWS: &str = "connected to master";

/// Both random.
pub struct Passwords {
    pub root: String,
    pub replication: String,
}

/// What a server is for.
#[derive(Clone, Copy)]
pub enum Role<'a> {
    /// TLS is offered, and not asked for.
    Primary,
    /// Follows the server at this port by GTID, and is read-only to all but administrators.
    Replica { of: u16, password: &'a str },
    /// With TLS switched off.
    WithoutTls,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    pub port: u16,
    pub data: PathBuf,
    _process: Process,
}

impl Server {
    /// Every statement, as it was sent.
    pub fn statements(&self) -> PathBuf {
        self.data.join(STATEMENTS)
    }

    /// What the server itself says.
    pub fn errors(&self) -> PathBuf {
        self.data.with_extension("err")
    }
}

/// Makes the system tables and the two users.
pub fn initialise(installation: &Installation, data: &Path, passwords: &Passwords) -> Result<()> {
    let Installation { package, owner, .. } = installation;
    make_closed(data, *owner)?;
    let log = data.with_extension("bootstrap");
    let said = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut bootstrap = owner.command(&package.program());
    package.tell(&mut bootstrap);
    let mut bootstrap = bootstrap
        .args(["--no-defaults", "--bootstrap", "--skip-log-bin"])
        .args(STORAGE)
        .arg(option("--basedir", &installation.base()))
        .arg(option("--datadir", data))
        .stdin(Stdio::piped())
        .stdout(said.try_clone().context("cannot share the log")?)
        .stderr(said)
        .spawn()
        .context("cannot run mariadbd --bootstrap")?;
    let mut script =
        String::from("CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n");
    for path in installation.system_tables() {
        script += &fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        script.push('\n');
    }
    script += &users(passwords);
    let mut input = bootstrap.stdin.take().context("no input")?;
    let written = input.write_all(script.as_bytes());
    drop(input);
    let status = bootstrap.wait().context("mariadbd --bootstrap")?;
    let said = fs::read_to_string(&log).unwrap_or_default();
    // A statement that fails does not always fail the process.
    let wrong: Vec<&str> = said.lines().filter(|line| line.contains("ERROR")).collect();
    if written.is_err() || !status.success() || !wrong.is_empty() {
        bail!(
            "mariadbd --bootstrap failed ({status}): {}",
            wrong.join(" | ")
        );
    }
    Ok(())
}

/// Nobody may log in but these two. A line is a statement.
fn users(passwords: &Passwords) -> String {
    let Passwords { root, replication } = passwords;
    format!(
        "DELETE FROM mysql.global_priv WHERE User = '' OR (User = '{ROOT}' AND Host <> 'localhost');\n\
         DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';\n\
         FLUSH PRIVILEGES;\n\
         ALTER USER '{ROOT}'@'localhost' IDENTIFIED BY '{root}';\n\
         CREATE USER '{REPLICATION}'@'localhost' IDENTIFIED BY '{replication}';\n\
         GRANT REPLICATION SLAVE ON *.* TO '{REPLICATION}'@'localhost';\n"
    )
}

/// Starts a server on a data directory, and waits until it is what it should be.
pub fn launch(installation: &Installation, data: &Path, role: Role<'_>) -> Result<Server> {
    let &Installation {
        ref package, owner, ..
    } = installation;
    let port = port::free()?;
    let settings = data.with_extension("cnf");
    write_closed(&settings, &role.settings(data, port)?, owner)?;
    let first_statements = data.with_extension("sql");
    write_closed(&first_statements, &role.first_statements(), owner)?;
    let mut command = process::command(&package.program(), "KILL", owner);
    package.tell(&mut command);
    command
        .arg(option("--defaults-file", &settings))
        .args(STORAGE)
        .arg(option("--basedir", &installation.base()))
        .arg(option("--init-file", &first_statements));
    let mut process = Process::start(command, &data.with_extension("err"))?;
    process.wait_for(READY)?;
    if let Role::Replica { .. } = role {
        process.wait_for(FOLLOWS)?;
    }
    // It may hold a password.
    fs::remove_file(&first_statements).context("cannot remove the first statements")?;
    Ok(Server {
        port,
        data: data.to_owned(),
        _process: process,
    })
}

impl Role<'_> {
    fn settings(&self, data: &Path, port: u16) -> Result<String> {
        let home = data.parent().context("a data directory without a home")?;
        let data = data.display();
        let mut text = format!(
            "[mariadbd]\nport = {port}\nserver-id = {port}\n\
             datadir = {data}\nsocket = {data}/socket\npid-file = {data}/pid\n\
             general-log-file = {data}/{STATEMENTS}\n{SETTINGS}"
        );
        if let Self::WithoutTls = self {
            text += "skip-ssl\nskip-log-bin\n";
            return Ok(text);
        }
        for (option, file) in [
            ("ca", "ca.pem"),
            ("cert", "server.pem"),
            ("key", "server.key"),
        ] {
            text += &format!("ssl-{option} = {}\n", home.join(file).display());
        }
        text += "log-bin = binlog\nbinlog-format = ROW\n";
        if let Self::Replica { .. } = self {
            text += "read-only = ON\n";
        }
        Ok(text)
    }

    /// Run before connections are taken.
    fn first_statements(&self) -> String {
        match self {
            Self::Primary | Self::WithoutTls => String::new(),
            Self::Replica { of, password } => format!(
                "SET SESSION sql_log_off = 1;\n\
                 CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {of}, MASTER_USER = '{REPLICATION}', MASTER_PASSWORD = '{password}', MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1;\n\
                 START SLAVE;\n"
            ),
        }
    }
}

/// `--name=path` as one word.
fn option(name: &str, path: &Path) -> std::ffi::OsString {
    let mut option = std::ffi::OsString::from(format!("{name}="));
    option.push(path);
    option
}
