//! One test's own database, roles and secrets on one server.

use std::time::Duration;

use getrandom::SysRng;
use rekey_rotation::{Credentials, Occasion, Rotator, SecretValue, TargetError};
use rekey_rotators::PasswordPolicy;
use rekey_rotators::postgres::{Bounds, Config, Hold, Postgres, Strategy, Trust};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::servers::{Server, connect, unique};
use crate::world::roles;

pub struct Case {
    pub server: Server,
    pub dbname: String,
    /// The user that is rotated.
    pub app: String,
    /// An administrator as RDS has one: no superuser, CREATEROLE, and it made `app` itself.
    pub master: String,
    master_password: String,
    /// AWSCURRENT.
    pub current: SecretValue,
    superuser_session: Client,
}

impl Case {
    pub async fn on(server: &Server) -> Self {
        Self::named(server, &unique("app")).await
    }

    pub async fn named(server: &Server, app: &str) -> Self {
        let (dbname, master) = (unique("db"), unique("master"));
        let (password, master_password) = (unique("Pw"), unique("Pw"));
        let root = server.superuser(server.port, "postgres").await;
        root.batch_execute(&format!(
            "CREATE ROLE {master} LOGIN CREATEROLE PASSWORD '{master_password}'"
        ))
        .await
        .unwrap();
        let session = connect(server.port, "postgres", &master, &master_password)
            .await
            .unwrap();
        let role = quoted(app);
        session
            .batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'"))
            .await
            .unwrap();
        root.batch_execute(&format!("CREATE DATABASE {dbname} OWNER {role}"))
            .await
            .unwrap();
        Self {
            superuser_session: server.superuser(server.port, &dbname).await,
            current: value(&json!({
                "engine": "postgres",
                "host": server.host,
                "port": server.port,
                "username": app,
                "password": password,
                "dbname": dbname,
            })),
            server: server.clone(),
            dbname,
            app: app.to_owned(),
            master,
            master_password,
        }
    }

    /// The same with alternating users.
    pub async fn alternating_on(server: &Server) -> Self {
        Self::on(server).await.alternating()
    }

    pub fn alternating(mut self) -> Self {
        self.current = changed(&self.current, "masterarn", "the-superuser-secret".into());
        self
    }

    pub fn clone_name(&self) -> String {
        format!("{}_clone", self.app)
    }

    pub fn superuser_secret(&self) -> SecretValue {
        value(&json!({
            "engine": "postgres",
            "host": self.server.host,
            "port": self.server.port,
            "username": self.master,
            "password": self.master_password,
        }))
    }

    pub fn rotator(&self) -> Postgres {
        rotator(&self.server.ca, bounds())
    }

    /// Runs statements as the server's superuser in the case's database.
    pub async fn sql(&self, statements: &str) {
        self.superuser_session
            .batch_execute(statements)
            .await
            .unwrap();
    }

    /// What a query gives in its only row and column, as text.
    pub async fn ask(&self, query: &str) -> Option<String> {
        ask(&self.superuser_session, query).await
    }

    pub fn next(&self) -> SecretValue {
        self.rotator()
            .next(&self.current, Occasion::default(), &mut SysRng)
            .unwrap()
    }

    pub async fn lock(&self, pending: &SecretValue) -> Result<Hold, TargetError> {
        let superuser = self.superuser_secret();
        self.rotator()
            .lock(self.credentials(pending, &superuser))
            .await
    }

    pub fn credentials<'a>(
        &'a self,
        pending: &'a SecretValue,
        superuser: &'a SecretValue,
    ) -> Credentials<'a> {
        Credentials {
            current: &self.current,
            pending,
            previous: None,
            superuser: Some(superuser),
            now: 0,
        }
    }

    /// `lock` and `set`.
    pub async fn set(&self, pending: &SecretValue) -> Result<(), TargetError> {
        self.set_with(&self.rotator(), pending, &self.superuser_secret())
            .await
    }

    pub async fn set_with(
        &self,
        rotator: &Postgres,
        pending: &SecretValue,
        superuser: &SecretValue,
    ) -> Result<(), TargetError> {
        let credentials = self.credentials(pending, superuser);
        let hold = rotator.lock(credentials).await?;
        rotator.set(hold, credentials).await
    }

    /// A whole rotation; gives the old value back.
    pub async fn rotate(&mut self) -> SecretValue {
        let rotator = self.rotator();
        let pending = self.next();
        self.set_with(&rotator, &pending, &self.superuser_secret())
            .await
            .unwrap();
        rotator.test(&pending).await.unwrap();
        std::mem::replace(&mut self.current, pending)
    }

    pub async fn session(&self, value: &SecretValue) -> Client {
        self.try_session(value).await.unwrap()
    }

    pub async fn try_session(&self, value: &SecretValue) -> Result<Client, tokio_postgres::Error> {
        let port = field(value, "port").parse().unwrap();
        let (user, password) = (field(value, "username"), field(value, "password"));
        connect(port, &self.dbname, &user, &password).await
    }

    pub async fn logs_in(&self, value: &SecretValue) -> bool {
        self.try_session(value).await.is_ok()
    }

    /// Everything the server knows of the two users.
    pub async fn roles(&self) -> Option<String> {
        roles(&self.superuser_session, &self.app).await
    }
}

pub async fn ask(session: &Client, query: &str) -> Option<String> {
    let row = session.query_one(query, &[]).await.unwrap();
    row.get(0)
}

/// Bounds that keep a failing test short.
pub fn bounds() -> Bounds {
    Bounds {
        lock: Duration::from_millis(500),
        replica_lag: Duration::from_secs(10),
        ..Bounds::default()
    }
}

pub fn rotator(ca: &[u8], bounds: Bounds) -> Postgres {
    Postgres::new(Config {
        strategy: Strategy::Auto,
        trust: Trust::from_pem(ca).unwrap(),
        passwords: PasswordPolicy::default(),
        bounds,
    })
}

pub fn value(json: &Value) -> SecretValue {
    SecretValue::new(json.to_string()).unwrap()
}

// Exposed, here and below, to take the JSON apart: a test plays Secrets Manager's editor.
pub fn changed(of: &SecretValue, field: &str, to: Value) -> SecretValue {
    let mut json: Value = serde_json::from_str(of.expose()).unwrap();
    json[field] = to;
    value(&json)
}

/// A field's text.
pub fn field(of: &SecretValue, name: &str) -> String {
    // Exposed to log in with by other means than the product's.
    let json: Value = serde_json::from_str(of.expose()).unwrap();
    match &json[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The class of an error, and its text.
pub fn failure<T>(result: Result<T, TargetError>) -> (&'static str, String) {
    match result {
        Ok(_) => panic!("nothing failed"),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains("SCRAM-SHA-256$"), "a verifier in {text}");
            (error.class().as_str(), text)
        }
    }
}
