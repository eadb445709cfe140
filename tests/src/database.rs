//! A real PostgreSQL database with the roles that a rotation works on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::given::Server;

/// A database of its own on a server, with an application role and a role that manages it.
#[derive(Clone, Debug)]
pub struct Database {
    pub server: Server,
    pub name: String,
    /// The role that owns the application's objects.
    pub app: String,
    pub app_password: String,
    /// The role of the superuser secret. Not a superuser: it may create roles and has admin on `app`,
    /// as a managed database's master user has.
    pub admin: String,
    pub admin_password: String,
}

impl Database {
    /// Makes the database and its roles, named after `name` (lower case, digits, `_`).
    pub async fn make(server: &Server, name: &str, passwords: [String; 2]) -> Result<Self> {
        let [app_password, admin_password] = passwords;
        let made = Self {
            server: server.clone(),
            name: name.to_owned(),
            app: format!("{name}_app"),
            app_password,
            admin: format!("{name}_admin"),
            admin_password,
        };
        let root = made.superuser("postgres").await?;
        let Self { app, admin, .. } = &made;
        // The passwords go to the server as verifiers only, so that its log can be searched for them.
        root.batch_execute(&format!(
            "CREATE ROLE {admin} LOGIN CREATEROLE PASSWORD '{}'",
            verifier(&made.admin_password)
        ))
        .await?;
        root.batch_execute(&format!(
            "CREATE ROLE {app} LOGIN PASSWORD '{}'",
            verifier(&made.app_password)
        ))
        .await?;
        root.batch_execute(&format!("GRANT {app} TO {admin} WITH ADMIN OPTION"))
            .await?;
        root.batch_execute(&format!("CREATE DATABASE {name} OWNER {app}"))
            .await?;
        let inside = made.connect(&made.app, &made.app_password).await?;
        inside
            .batch_execute("CREATE TABLE orders (id bigserial PRIMARY KEY, note text)")
            .await?;
        Ok(made)
    }

    /// The application's secret, in AWS's format.
    pub fn secret(&self, superuser_secret: Option<&str>) -> Value {
        let mut secret = json!({
            "engine": "postgres",
            "host": self.server.host,
            "port": self.server.port,
            "dbname": self.name,
            "username": self.app,
            "password": self.app_password,
        });
        if let Some(arn) = superuser_secret {
            secret["masterarn"] = json!(arn);
        }
        secret
    }

    /// The superuser secret, in AWS's format.
    pub fn superuser_secret(&self) -> Value {
        json!({
            "engine": "postgres",
            "host": self.server.host,
            "port": self.server.port,
            "username": self.admin,
            "password": self.admin_password,
        })
    }

    /// One new connection with TLS, as any client would make it.
    pub async fn connect(&self, user: &str, password: &str) -> Result<Client> {
        connect(&self.server, &self.name, user, password).await
    }

    /// Whether a login works; an answer other than a refused password is an error.
    pub async fn logs_in(&self, user: &str, password: &str) -> Result<bool> {
        match self.connect(user, password).await {
            Ok(_) => Ok(true),
            Err(error) => {
                let refused = error
                    .downcast_ref::<tokio_postgres::Error>()
                    .and_then(|error| error.code())
                    .is_some_and(|code| code.code().starts_with("28"));
                if refused { Ok(false) } else { Err(error) }
            }
        }
    }

    /// A connection of the server's superuser.
    pub async fn superuser(&self, database: &str) -> Result<Client> {
        let server = &self.server;
        connect(
            server,
            database,
            &server.superuser,
            &server.superuser_password,
        )
        .await
    }
}

/// A new connection over TLS with the server's certificate verified.
pub async fn connect(
    server: &Server,
    database: &str,
    user: &str,
    password: &str,
) -> Result<Client> {
    let tls = tls(&server.ca_file)?;
    let mut config = Config::new();
    config
        .host(&server.host)
        .port(server.port)
        .dbname(database)
        .user(user)
        .password(password)
        .application_name("application")
        .ssl_mode(tokio_postgres::config::SslMode::Require)
        .connect_timeout(Duration::from_secs(5));
    let (client, connection) = config.connect(MakeRustlsConnect::new(tls)).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// TLS that believes the authorities of a file and no others.
pub fn tls(ca_file: &Path) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca_file)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// The SCRAM-SHA-256 verifier of a password.
pub fn verifier(password: &str) -> String {
    postgres_protocol::password::scram_sha_256(password.as_bytes())
}

/// A password that no dictionary has, for a first credential.
pub fn random_password() -> Result<String> {
    let bytes: [u8; 18] = random_bytes()?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("First-{hex}+"))
}

/// Bytes that nobody knows, for a first key.
pub fn random_bytes<const LENGTH: usize>() -> Result<[u8; LENGTH]> {
    use std::io::Read as _;
    let mut bytes = [0; LENGTH];
    std::fs::File::open("/dev/urandom")?
        .read_exact(&mut bytes)
        .context("no randomness")?;
    Ok(bytes)
}
