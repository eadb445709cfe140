//! The servers that were started for the tests, as their description says.

use std::path::{Path, PathBuf};

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, OptsBuilder};
use serde_json::Value;
use tokio::sync::Mutex;

#[derive(Clone, Debug)]
pub struct Server {
    pub version: String,
    pub host: String,
    pub port: u16,
    pub replica_port: u16,
    pub plain_port: u16,
    pub ca: Vec<u8>,
    pub superuser: String,
    pub superuser_password: String,
    pub log_file: PathBuf,
    pub replica_log_file: PathBuf,
}

/// The server.
#[expect(
    clippy::disallowed_methods,
    reason = "the test runner says by a variable where the servers are"
)]
pub fn server() -> Server {
    let file = std::env::var("REKEY_TEST_MARIADB").expect(
        "REKEY_TEST_MARIADB is not set: these tests need a real MariaDB server; run `cargo xtask test`",
    );
    let text = std::fs::read_to_string(&file).expect("the description of the servers");
    let list: Vec<Value> = serde_json::from_str(&text).expect("the description of the servers");
    let value = list.first().expect("a server");
    let text = |name: &str| value[name].as_str().expect(name).to_owned();
    let port = |name: &str| value[name].as_u64().expect(name).try_into().unwrap();
    Server {
        version: text("version"),
        host: text("host"),
        port: port("port"),
        replica_port: port("replica_port"),
        plain_port: port("plain_port"),
        ca: std::fs::read(text("ca_file")).expect("the certificate authority"),
        superuser: text("superuser"),
        superuser_password: text("superuser_password"),
        log_file: text("log_file").into(),
        replica_log_file: text("replica_log_file").into(),
    }
}

impl Server {
    /// A session of the server's superuser.
    pub async fn root(&self, port: u16) -> Session {
        connect(port, &self.superuser, &self.superuser_password)
            .await
            .unwrap()
    }

    /// How many logins of `user` the server has written down.
    pub fn logins(&self, user: &str) -> usize {
        logins(&self.log_file, user)
    }

    /// The same, at the server and at its replica.
    pub fn logins_at_both(&self, user: &str) -> [usize; 2] {
        [&self.log_file, &self.replica_log_file].map(|log| logins(log, user))
    }
}

fn logins(log: &Path, user: &str) -> usize {
    let log = String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned();
    let needle = format!("Connect\t{user}@");
    log.lines().filter(|line| line.contains(&needle)).count()
}

/// A session by other means than the product's.
pub struct Session(Mutex<Conn>);

impl Session {
    pub async fn run(&self, statement: &str) -> Result<(), mysql_async::Error> {
        self.0.lock().await.query_drop(statement).await
    }

    /// The first column of what a query gives, as text.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        let rows: Vec<mysql_async::Row> = self.0.lock().await.query(query).await.unwrap();
        let text = |row: &mysql_async::Row| match row.as_ref(0) {
            Some(mysql_async::Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            Some(mysql_async::Value::NULL) | None => "NULL".to_owned(),
            Some(other) => other.as_sql(true),
        };
        rows.iter().map(text).collect()
    }

    pub async fn is_open(&self) -> bool {
        self.0.lock().await.ping().await.is_ok()
    }
}

/// A login by other means than the product's.
pub async fn connect(port: u16, user: &str, password: &str) -> Result<Session, mysql_async::Error> {
    let options = OptsBuilder::default()
        .ip_or_hostname("127.0.0.1")
        .tcp_port(port)
        .user(Some(user))
        .pass(Some(password))
        .prefer_socket(false)
        .max_allowed_packet(Some(1 << 20))
        .wait_timeout(Some(0));
    Ok(Session(Mutex::new(Conn::new(options).await?)))
}

/// A name that no other test and no earlier run has.
pub fn unique(what: &str) -> String {
    let number = getrandom::u64().unwrap();
    format!("{what}_{number:016x}")
}
