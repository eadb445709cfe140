//! A real Redis user, and one that manages it.

use std::sync::Arc;

use anyhow::Result;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, RedisError, RedisResult};
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use crate::database::{random_password, tls};
use crate::given::RedisServers;

/// The rights that docs/redis.md gives the superuser.
const RIGHTS: [&str; 17] = [
    "resetkeys",
    "resetchannels",
    "-@all",
    "+acl|getuser",
    "+acl|setuser",
    "+acl|save",
    "+client|id",
    "+client|list",
    "+client|setname",
    "+client|kill",
    "+cluster|info",
    "+config|get",
    "+config|rewrite",
    "+info",
    "+multi",
    "+exec",
    "+discard",
];

/// A user of an application and one that manages it, on a server that keeps its users in an aclfile.
#[derive(Clone, Debug)]
pub struct Redis {
    pub servers: RedisServers,
    app: String,
    app_password: String,
    admin: String,
    pub admin_password: String,
}

/// A connection with the task that drives it.
pub struct Session {
    connection: MultiplexedConnection,
    driver: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Redis {
    /// Makes the users, named after `name`.
    pub async fn make(servers: RedisServers, name: &str) -> Result<Self> {
        let made = Self {
            app: format!("{name}-app"),
            app_password: random_password()?,
            admin: format!("{name}-admin"),
            admin_password: random_password()?,
            servers,
        };
        let server = &made.servers.aclfile;
        let root = made
            .open(&server.superuser, &server.superuser_password)
            .await?;
        let keys = format!("~{name}:*");
        let of_app = [keys.as_str(), "+@read", "+@write"];
        let users = [
            (&made.app, &made.app_password, &of_app[..]),
            (&made.admin, &made.admin_password, &RIGHTS[..]),
        ];
        for (user, password, rules) in users {
            let mut set = redis::cmd("ACL");
            set.arg("SETUSER").arg(user).arg("reset").arg("on");
            set.arg(format!(">{password}")).arg(rules);
            set.exec_async(&mut root.connection.clone()).await?;
        }
        let mut save = redis::cmd("ACL");
        save.arg("SAVE")
            .exec_async(&mut root.connection.clone())
            .await?;
        Ok(made)
    }

    /// The application's secret.
    pub fn secret(&self, superuser_secret: &str) -> Value {
        let mut secret = self.login(&self.app, &self.app_password);
        secret["masterarn"] = json!(superuser_secret);
        secret
    }

    /// The superuser secret.
    pub fn superuser_secret(&self) -> Value {
        self.login(&self.admin, &self.admin_password)
    }

    fn login(&self, username: &str, password: &str) -> Value {
        let server = &self.servers.aclfile;
        json!({
            "engine": "redis",
            "host": server.host,
            "port": server.tls_port,
            "username": username,
            "password": password,
        })
    }

    /// One new connection with TLS, logged in.
    pub async fn open(&self, user: &str, password: &str) -> Result<Session> {
        let server = &self.servers.aclfile;
        let stream = TcpStream::connect((server.host.as_str(), server.tls_port)).await?;
        let connector = TlsConnector::from(Arc::new(tls(&self.servers.ca_file)?));
        let name = ServerName::try_from(server.host.clone())?;
        let stream = connector.connect(name, stream).await?;
        let info = RedisConnectionInfo::default().set_skip_set_lib_name();
        let config = AsyncConnectionConfig::new();
        let (connection, driver) =
            MultiplexedConnection::new_with_config(&info, stream, config).await?;
        let session = Session {
            connection,
            driver: tokio::spawn(driver),
        };
        let mut auth = redis::cmd("AUTH");
        auth.arg(user).arg(password);
        auth.exec_async(&mut session.connection.clone()).await?;
        Ok(session)
    }

    /// Whether a login works; an answer other than a refused password is an error.
    pub async fn logs_in(&self, user: &str, password: &str) -> Result<bool> {
        match self.open(user, password).await {
            Ok(_) => Ok(true),
            Err(error) => {
                let said = error.downcast_ref::<RedisError>();
                match said.and_then(RedisError::code) {
                    Some("WRONGPASS") => Ok(false),
                    _ => Err(error),
                }
            }
        }
    }

    /// A value written and read back.
    pub async fn use_it(&self, session: &Session) -> RedisResult<String> {
        let key = format!("{}:order", self.app.trim_end_matches("-app"));
        let mut connection = session.connection.clone();
        let mut set = redis::cmd("SET");
        set.arg(&key).arg("order");
        set.exec_async(&mut connection).await?;
        let mut get = redis::cmd("GET");
        get.arg(&key).query_async(&mut connection).await
    }
}
