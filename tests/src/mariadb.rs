//! A real MariaDB database with the users that a rotation works on.

use anyhow::{Context as _, Result};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, OptsBuilder, SslOpts};
use serde_json::{Value, json};

use crate::database::random_password;
use crate::given::MariadbServer;

/// What the server says to a password that is wrong (ER_ACCESS_DENIED_ERROR).
const REFUSED: u16 = 1045;

/// A database of its own on a server, with a user of an application and one that manages it.
#[derive(Clone, Debug)]
pub struct Mariadb {
    pub server: MariadbServer,
    name: String,
    app: String,
    app_password: String,
    admin: String,
    pub admin_password: String,
}

impl Mariadb {
    /// Makes the database and its users, named after `name` (lower case, digits, `_`).
    pub async fn make(server: MariadbServer, name: &str) -> Result<Self> {
        let made = Self {
            name: name.to_owned(),
            app: format!("{name}_app"),
            app_password: random_password()?,
            admin: format!("{name}_admin"),
            admin_password: random_password()?,
            server,
        };
        let mut root = root(&made.server).await?;
        // The server writes every statement down as it was sent, and the demo searches that log.
        root.query_drop("SET SESSION sql_log_off = 1").await?;
        let mut hashes = Vec::new();
        for password in [&made.app_password, &made.admin_password] {
            let hash: Option<String> = root.exec_first("SELECT PASSWORD(?)", (password,)).await?;
            hashes.push(hash.context("no hash")?);
        }
        let Self { app, admin, .. } = &made;
        let (of_app, of_admin) = (&hashes[0], &hashes[1]);
        for statement in [
            format!("CREATE DATABASE {name}"),
            format!(
                "CREATE TABLE {name}.orders (id BIGINT AUTO_INCREMENT PRIMARY KEY, note TEXT NOT NULL)"
            ),
            format!("CREATE USER {app}@'%' IDENTIFIED BY PASSWORD '{of_app}'"),
            format!("GRANT SELECT, INSERT ON {name}.* TO {app}@'%'"),
            format!("CREATE USER {admin}@'%' IDENTIFIED BY PASSWORD '{of_admin}' REQUIRE SSL"),
            // As docs/rotators.md has it.
            format!("GRANT CREATE USER, PROCESS, CONNECTION ADMIN ON *.* TO {admin}@'%'"),
            format!("GRANT SELECT, UPDATE ON mysql.* TO {admin}@'%'"),
            format!("GRANT SELECT, INSERT ON {name}.* TO {admin}@'%' WITH GRANT OPTION"),
        ] {
            root.query_drop(statement).await?;
        }
        root.disconnect().await?;
        Ok(made)
    }

    /// The application's secret, in AWS's format.
    pub fn secret(&self, superuser_secret: &str) -> Value {
        let mut secret = self.login(&self.app, &self.app_password);
        secret["dbname"] = json!(self.name);
        secret["masterarn"] = json!(superuser_secret);
        secret
    }

    /// The superuser secret, in AWS's format.
    pub fn superuser_secret(&self) -> Value {
        self.login(&self.admin, &self.admin_password)
    }

    fn login(&self, username: &str, password: &str) -> Value {
        json!({
            "engine": "mariadb",
            "host": self.server.host,
            "port": self.server.port,
            "username": username,
            "password": password,
        })
    }

    /// One new connection with TLS, as any client would make it.
    pub async fn connect(&self, user: &str, password: &str) -> Result<Conn, mysql_async::Error> {
        connect(&self.server, user, password, Some(&self.name)).await
    }

    /// Whether a login works; an answer other than a refused password is an error.
    pub async fn logs_in(&self, user: &str, password: &str) -> Result<bool> {
        match self.connect(user, password).await {
            Ok(connection) => {
                connection.disconnect().await?;
                Ok(true)
            }
            Err(mysql_async::Error::Server(error)) if error.code == REFUSED => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Has a server write a text into its log.
pub async fn write_down(server: &MariadbServer, text: &str) -> Result<()> {
    let mut root = root(server).await?;
    root.query_drop(format!("SELECT '{text}'")).await?;
    Ok(root.disconnect().await?)
}

async fn root(server: &MariadbServer) -> Result<Conn, mysql_async::Error> {
    connect(server, &server.superuser, &server.superuser_password, None).await
}

async fn connect(
    server: &MariadbServer,
    user: &str,
    password: &str,
    database: Option<&str>,
) -> Result<Conn, mysql_async::Error> {
    let tls = SslOpts::default()
        .with_disable_built_in_roots(true)
        .with_root_certs(vec![server.ca_file.clone().into()]);
    let options = OptsBuilder::default()
        .ip_or_hostname(&server.host)
        .tcp_port(server.port)
        .user(Some(user))
        .pass(Some(password))
        .db_name(database)
        .prefer_socket(false)
        .ssl_opts(tls);
    Conn::new(options).await
}
