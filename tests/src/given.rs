//! What `cargo xtask` has started, as it says in the environment.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A PostgreSQL server that runs on this machine.
#[derive(Clone, Debug, Deserialize)]
pub struct Server {
    pub major: u32,
    pub host: String,
    pub port: u16,
    #[serde(default)]
    pub replica_port: Option<u16>,
    pub ca_file: PathBuf,
    pub superuser: String,
    pub superuser_password: String,
    /// Holds `server.pem` and `server.key` too.
    pub data_dir: PathBuf,
    pub log_file: PathBuf,
}

/// The servers, the newest first.
pub fn servers() -> Result<Vec<Server>> {
    let mut servers: Vec<Server> = described("REKEY_TEST_POSTGRES")?;
    servers.sort_by_key(|server| std::cmp::Reverse(server.major));
    Ok(servers)
}

/// The newest server.
pub fn newest_server() -> Result<Server> {
    servers()?
        .into_iter()
        .next()
        .context("no PostgreSQL server runs")
}

/// A MariaDB server that runs on this machine.
#[derive(Clone, Debug, Deserialize)]
pub struct MariadbServer {
    pub version: String,
    pub host: String,
    pub port: u16,
    pub ca_file: PathBuf,
    pub superuser: String,
    pub superuser_password: String,
    /// Every statement, as it was sent.
    pub log_file: PathBuf,
    /// The same, of the server that follows this one.
    pub replica_log_file: PathBuf,
}

/// The MariaDB server.
pub fn mariadb_server() -> Result<MariadbServer> {
    let servers: Vec<MariadbServer> = described("REKEY_TEST_MARIADB")?;
    servers.into_iter().next().context("no MariaDB server runs")
}

/// Redis servers that run on this machine, with TLS.
#[derive(Clone, Debug, Deserialize)]
pub struct RedisServers {
    pub version: String,
    pub ca_file: PathBuf,
    /// The one that keeps its users in an aclfile.
    pub aclfile: RedisServer,
}

/// One of them.
#[derive(Clone, Debug, Deserialize)]
pub struct RedisServer {
    pub host: String,
    pub tls_port: u16,
    pub superuser: String,
    pub superuser_password: String,
    pub log_file: PathBuf,
}

/// The Redis servers.
pub fn redis_servers() -> Result<RedisServers> {
    described("REKEY_TEST_REDIS")
}

/// The interpreter with the local cloud's packages.
pub fn python() -> Result<PathBuf> {
    var("REKEY_TEST_PYTHON").map(PathBuf::from)
}

/// The functions' binaries, by the names that the templates give them.
pub const FUNCTIONS: [&str; 9] = [
    "rekey-rotate",
    "rekey-rotate-keys",
    "rekey-request",
    "rekey-observe",
    "rekey-sweep",
    "rekey-retire",
    "rekey-retire-keys",
    "rekey-audit-writer",
    "rekey-checkpoint",
];

/// A program that was built: a function, or the command line.
pub fn program(name: &str) -> Result<PathBuf> {
    Ok(PathBuf::from(var("REKEY_TEST_PROGRAMS")?).join(name))
}

/// The root of the checkout.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A new folder below the build folder, for logs and the like.
pub fn scratch(name: &str) -> Result<PathBuf> {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = target.join(format!("local/{name}-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// What stands in the file that a variable names.
fn described<T: DeserializeOwned>(variable: &str) -> Result<T> {
    let path = var(variable)?;
    let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    serde_json::from_str(&text).with_context(|| path)
}

fn var(name: &str) -> Result<String> {
    std::env::var(name)
        .with_context(|| format!("{name} is not set: run this through `cargo xtask test`"))
}
