//! Redis: values written and read over a connection that is kept for a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, RedisError, RedisResult};
use rekey_tests::database::{random_password, tls};
use rekey_tests::given::RedisServer;
use rekey_tests::secrets::Version;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::pool::Pool;
use super::service::{Done, Service};

/// The rights that docs/redis.md gives the superuser.
const RIGHTS: [&str; 16] = [
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
    "+config|get",
    "+config|rewrite",
    "+info",
    "+multi",
    "+exec",
    "+discard",
];

/// A user of an application and one that manages it, on a server that keeps its users in an aclfile.
pub struct Redis {
    pub server: RedisServer,
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
    pub async fn make(server: RedisServer, name: &str) -> Result<Self> {
        let made = Self {
            app: format!("{name}-app"),
            app_password: random_password()?,
            admin: format!("{name}-admin"),
            admin_password: random_password()?,
            server,
        };
        let root = made
            .open(&made.server.superuser, &made.server.superuser_password)
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
        json!({
            "engine": "redis",
            "host": self.server.host,
            "port": self.server.tls_port,
            "username": username,
            "password": password,
        })
    }

    /// One new connection with TLS, logged in.
    async fn open(&self, user: &str, password: &str) -> Result<Session> {
        let server = &self.server;
        let stream = TcpStream::connect((server.host.as_str(), server.tls_port)).await?;
        let connector = TlsConnector::from(Arc::new(tls(&server.ca_file)?));
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

    async fn log_in(&self, version: &Version) -> Result<Session> {
        let (user, password) = (version.field("username"), version.field("password"));
        let opened = self.open(user, password).await;
        opened.with_context(|| format!("login as {user}"))
    }

    /// A value written and read back.
    async fn use_it(&self, session: &Session) -> RedisResult<String> {
        let key = format!("{}:order", self.app.trim_end_matches("-app"));
        let mut connection = session.connection.clone();
        let mut set = redis::cmd("SET");
        set.arg(&key).arg("order");
        set.exec_async(&mut connection).await?;
        let mut get = redis::cmd("GET");
        get.arg(&key).query_async(&mut connection).await
    }
}

impl Service for Redis {
    type Kept = Pool<Session>;

    const EVERY: Duration = Duration::from_millis(100);

    /// A retirement ends every connection of the user, for Redis does not tell which password one came with
    /// (docs/redis.md): as a pool does, this one then makes another, once.
    async fn operate(&self, pool: &mut Pool<Session>, own: &Version, _: &Version) -> Result<Done> {
        let mut done = Done::AtOnce;
        let mut found = pool.take(own);
        let mut answer = None;
        if let Some((session, _)) = &found {
            match self.use_it(session).await {
                Err(error) if error.is_io_error() => {
                    done = Done::Reconnected;
                    found = None;
                }
                other => answer = Some(other?),
            }
        }
        let (session, since) = match found {
            Some(kept) => kept,
            None => (self.log_in(own).await?, Instant::now()),
        };
        let answer = match answer {
            Some(answer) => answer,
            None => self.use_it(&session).await?,
        };
        ensure!(answer == "order", "another value was read back");
        pool.keep(session, own, since);
        Ok(done)
    }

    async fn takes(&self, version: &Version) -> Result<bool> {
        match self.log_in(version).await {
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
}
