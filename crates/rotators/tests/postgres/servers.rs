//! The servers that were started for the tests, as their description says.

use std::path::PathBuf;

use serde_json::Value;
use tokio_postgres::{Client, NoTls};

#[derive(Clone, Debug)]
pub struct Server {
    pub major: u64,
    pub host: String,
    pub port: u16,
    pub replica_port: Option<u16>,
    pub plain_port: Option<u16>,
    pub ca: Vec<u8>,
    pub superuser: String,
    pub superuser_password: String,
    pub log_file: PathBuf,
    pub directory: PathBuf,
}

/// Every server, oldest first.
#[expect(
    clippy::disallowed_methods,
    reason = "the test runner says by a variable where the servers are"
)]
pub fn all() -> Vec<Server> {
    let file = std::env::var("REKEY_TEST_POSTGRES").expect(
        "REKEY_TEST_POSTGRES is not set: these tests need real PostgreSQL servers; run `cargo xtask test`",
    );
    let text = std::fs::read_to_string(&file).expect("the description of the servers");
    let list: Vec<Value> = serde_json::from_str(&text).expect("the description of the servers");
    let servers: Vec<Server> = list.iter().map(Server::parse).collect();
    let majors: Vec<u64> = servers.iter().map(|server| server.major).collect();
    assert!(
        majors.contains(&15) && majors.iter().any(|major| *major >= 16),
        "15 and a later major are needed, for the ADMIN option came with 16; there are {majors:?}"
    );
    servers
}

/// The server that has a replica, and the replica's port.
pub fn with_replica() -> (Server, u16) {
    let server = all()
        .into_iter()
        .find(|server| server.replica_port.is_some());
    let server = server.expect("a server with a replica");
    let port = server.replica_port.unwrap();
    (server, port)
}

/// The server beside which one without TLS runs, and that one's port.
pub fn with_plain() -> (Server, u16) {
    let server = all().into_iter().find(|server| server.plain_port.is_some());
    let server = server.expect("a server beside which one without TLS runs");
    let port = server.plain_port.unwrap();
    (server, port)
}

impl Server {
    fn parse(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().expect(name).to_owned();
        let port = |name: &str| value[name].as_u64().map(|port| port.try_into().unwrap());
        let log_file = PathBuf::from(text("log_file"));
        Self {
            major: value["major"].as_u64().expect("major"),
            host: text("host"),
            port: port("port").expect("port"),
            replica_port: port("replica_port"),
            plain_port: port("plain_port"),
            ca: std::fs::read(text("ca_file")).expect("the certificate authority"),
            superuser: text("superuser"),
            superuser_password: text("superuser_password"),
            directory: log_file.parent().unwrap().to_owned(),
            log_file,
        }
    }

    /// A session of the server's superuser.
    pub async fn superuser(&self, port: u16, dbname: &str) -> Client {
        let password = &self.superuser_password;
        connect(port, dbname, &self.superuser, password)
            .await
            .unwrap()
    }

    /// How many logins of `role` the server has written down.
    pub fn logins(&self, role: &str) -> usize {
        let log = std::fs::read_to_string(&self.log_file).unwrap();
        let needle = format!("connection authorized: user={role} ");
        log.lines().filter(|line| line.contains(&needle)).count()
    }
}

/// A login by other means than the product's.
pub async fn connect(
    port: u16,
    dbname: &str,
    user: &str,
    password: &str,
) -> Result<Client, tokio_postgres::Error> {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(port).dbname(dbname);
    config.user(user).password(password);
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// A name that no other test and no earlier run has.
pub fn unique(what: &str) -> String {
    let number = getrandom::u64().unwrap();
    format!("{what}_{number:016x}")
}
