//! The servers that were started for the tests, as their description says.

use std::path::PathBuf;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, FromRedisValue, IntoConnectionInfo,
    RedisResult,
};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The ACL user by which tests prepare things: it can still log in when `default` was left rotated by a run
/// that failed.
const KEEPER: &str = "keeper-of-the-tests";

#[derive(Clone, Debug)]
pub struct Server {
    pub version: String,
    pub ca: Vec<u8>,
    pub host: String,
    pub port: u16,
    pub tls_port: Option<u16>,
    pub superuser_password: String,
    pub log_file: PathBuf,
    pub config_file: Option<PathBuf>,
    pub acl_file: Option<PathBuf>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test runner says by a variable where the servers are"
)]
fn description() -> Value {
    let file = std::env::var("REKEY_TEST_REDIS").expect(
        "REKEY_TEST_REDIS is not set: these tests need real Redis servers; run `cargo xtask test`",
    );
    let text = std::fs::read_to_string(&file).expect("the description of the servers");
    serde_json::from_str(&text).expect("the description of the servers")
}

/// The server of a name: `rewritten`, `aclfile`, `bare`, `replica`.
pub fn one(name: &str) -> Server {
    let all = description();
    Server::parse(&all, &all[name])
}

/// The three masters of the cluster.
pub fn cluster() -> Vec<Server> {
    let all = description();
    let nodes = all["cluster"].as_array().expect("cluster");
    nodes.iter().map(|node| Server::parse(&all, node)).collect()
}

impl Server {
    fn parse(all: &Value, server: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let file = |name: &str| server[name].as_str().map(PathBuf::from);
        let port = |name: &str| server[name].as_u64().map(|port| port.try_into().unwrap());
        Self {
            version: text(&all["version"]),
            ca: std::fs::read(text(&all["ca_file"])).expect("the certificate authority"),
            host: text(&server["host"]),
            port: port("port").expect("port"),
            tls_port: port("tls_port"),
            superuser_password: text(&server["superuser_password"]),
            log_file: file("log_file").expect("log_file"),
            config_file: file("config_file"),
            acl_file: file("acl_file"),
        }
    }

    /// `Redis 7.0`.
    pub fn major_and_minor(&self) -> String {
        let parts: Vec<&str> = self.version.split('.').take(2).collect();
        format!("Redis {}", parts.join("."))
    }

    /// A login by other means than the product's.
    pub async fn log_in(&self, user: &str, password: &str) -> RedisResult<MultiplexedConnection> {
        // The library gives up after half a second, which on a busy machine says nothing of the password.
        let patient = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let client = self.client();
        let connection = client.get_multiplexed_async_connection_with_config(&patient);
        let connection = connection.await?;
        let mut auth = redis::cmd("AUTH");
        auth.arg(user).arg(password);
        let mut once = connection.clone();
        auth.exec_async(&mut once).await?;
        Ok(connection)
    }

    pub fn client(&self) -> Client {
        let address = ConnectionAddr::Tcp("127.0.0.1".to_owned(), self.port);
        let quiet = redis::RedisConnectionInfo::default().set_skip_set_lib_name();
        let info = address.into_connection_info().unwrap();
        Client::open(info.set_redis_settings(quiet)).unwrap()
    }

    /// The stream of what this server is sent, as it tells it.
    pub async fn monitor(&self) -> TcpStream {
        drop(self.keeper().await);
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let request = format!("AUTH {KEEPER} {}\r\nMONITOR\r\n", self.superuser_password);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answered = [0; 10];
        stream.read_exact(&mut answered).await.unwrap();
        assert_eq!(&answered, b"+OK\r\n+OK\r\n");
        stream
    }

    /// Who may do everything, whatever becomes of `default`.
    pub async fn keeper(&self) -> Root {
        let password = &self.superuser_password;
        let connection = match self.log_in(KEEPER, password).await {
            Ok(connection) => connection,
            Err(_) => {
                let mut first = Root(self.log_in("default", password).await.unwrap());
                let rules = ["on", &format!(">{password}"), "~*", "&*", "+@all"];
                let command = words(&["ACL", "SETUSER", KEEPER]).arg(&rules).to_owned();
                first.run::<()>(&command).await;
                self.log_in(KEEPER, password).await.unwrap()
            }
        };
        Root(connection)
    }

    /// Gives `default` back what it was started with.
    pub async fn mend_default(&self) {
        let password = format!(">{}", self.superuser_password);
        let rules = ["reset", "on", &password, "~*", "&*", "+@all"];
        let mut keeper = self.keeper().await;
        keeper
            .run::<()>(&words(&["ACL", "SETUSER", "default"]).arg(&rules).to_owned())
            .await;
    }
}

/// A session of an administrator.
#[derive(Clone)]
pub struct Root(pub MultiplexedConnection);

impl Root {
    pub async fn run<T: FromRedisValue>(&mut self, command: &Cmd) -> T {
        command.query_async(&mut self.0).await.unwrap()
    }

    pub async fn ask<T: FromRedisValue>(&self, text: &[&str]) -> T {
        words(text).query_async(&mut self.0.clone()).await.unwrap()
    }

    /// The rules of a user, as the server writes them.
    pub async fn rules(&self, user: &str) -> Option<String> {
        let all: Vec<String> = self.ask(&["ACL", "LIST"]).await;
        let begins = format!("user {user} ");
        all.into_iter().find(|line| line.starts_with(&begins))
    }
}

pub fn words(words: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    for word in words {
        command.arg(word);
    }
    command
}

/// A name that no other test and no earlier run has.
pub fn unique(what: &str) -> String {
    let number = getrandom::u64().unwrap();
    format!("{what}-{number:016x}")
}
