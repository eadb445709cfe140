//! One test's own database, users and secrets.

use std::time::Duration;

use getrandom::SysRng;
use rekey_rotation::{
    Credentials, Moment, Occasion, Revocation, Revoker as _, Rotator, SecretValue, TargetError,
};
use rekey_rotators::PasswordPolicy;
use rekey_rotators::Trust;
use rekey_rotators::mysql::{Bounds, Config, Hold, Mysql, Strategy};
use serde_json::{Value, json};

use crate::servers::{Server, Session, connect, server, unique};

pub struct Case {
    pub server: Server,
    pub dbname: String,
    /// The user that is rotated.
    pub app: String,
    /// An administrator with what the page says, and the rights on the database.
    pub master: String,
    pub master_password: String,
    /// The ports of the read replicas that the superuser secret names.
    pub replicas: Vec<u16>,
    /// AWSCURRENT.
    pub current: SecretValue,
    pub root: Session,
}

impl Case {
    pub async fn single() -> Self {
        Self::made("").await
    }

    pub async fn alternating() -> Self {
        let mut case = Self::made("").await;
        case.current = changed(&case.current, "masterarn", "the-superuser-secret".into());
        case
    }

    /// `identified` follows the account's name; empty: by a password.
    pub async fn made(identified: &str) -> Self {
        let server = server();
        let (dbname, app, master) = (unique("db"), unique("app"), unique("master"));
        let (password, master_password) = (unique("Pw"), unique("Pw"));
        let root = server.root(server.port).await;
        let identified = if identified.is_empty() {
            format!("IDENTIFIED BY '{password}'")
        } else {
            identified.replace("PW", &password)
        };
        for statement in [
            format!("CREATE DATABASE {dbname}"),
            format!("CREATE TABLE {dbname}.orders (id INT, total INT)"),
            format!("CREATE USER {app}@'%' {identified}"),
            format!("CREATE USER {master}@'%' IDENTIFIED BY '{master_password}'"),
            format!("GRANT SELECT, INSERT ON {dbname}.* TO {app}@'%'"),
            format!("GRANT CREATE USER, PROCESS, CONNECTION ADMIN ON *.* TO {master}@'%'"),
            format!("GRANT SELECT ON mysql.* TO {master}@'%'"),
            format!("GRANT ALL PRIVILEGES ON {dbname}.* TO {master}@'%' WITH GRANT OPTION"),
        ] {
            root.run(&statement).await.unwrap();
        }
        Self {
            current: value(&json!({
                "engine": "mariadb",
                "host": server.host,
                "port": server.port,
                "username": app,
                "password": password,
                "dbname": dbname,
            })),
            server,
            dbname,
            app,
            master,
            master_password,
            replicas: Vec::new(),
            root,
        }
    }

    pub fn clone_name(&self) -> String {
        format!("{}_clone", self.app)
    }

    pub fn superuser_secret(&self) -> SecretValue {
        let host = &self.server.host;
        let replicas = self.replicas.iter().map(|port| format!("{host}:{port}"));
        value(&json!({
            "engine": "mariadb",
            "host": host,
            "port": self.server.port,
            "replicas": replicas.collect::<Vec<_>>(),
            "username": self.master,
            "password": self.master_password,
        }))
    }

    pub fn rotator(&self) -> Mysql {
        rotator(&self.server.ca, bounds())
    }

    /// Runs statements as the server's superuser. `{app}`, `{clone}`, `{db}` and `{master}` are the case's.
    pub async fn sql(&self, statement: &str) {
        let statement = self.named(statement);
        let done = self.root.run(&statement).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    pub fn named(&self, text: &str) -> String {
        text.replace("{app}", &self.app)
            .replace("{clone}", &self.clone_name())
            .replace("{db}", &self.dbname)
            .replace("{master}", &self.master)
    }

    pub fn next(&self) -> SecretValue {
        let occasion = Occasion::default();
        self.rotator()
            .next(&self.current, occasion, &mut SysRng)
            .unwrap()
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

    pub async fn lock(&self, pending: &SecretValue) -> Result<Hold, TargetError> {
        let superuser = self.superuser_secret();
        let rotator = self.rotator();
        rotator.lock(self.credentials(pending, &superuser)).await
    }

    /// `lock` and `set`.
    pub async fn set(&self, pending: &SecretValue) -> Result<(), TargetError> {
        let superuser = self.superuser_secret();
        self.set_with(&self.rotator(), pending, &superuser).await
    }

    pub async fn set_with(
        &self,
        rotator: &Mysql,
        pending: &SecretValue,
        superuser: &SecretValue,
    ) -> Result<(), TargetError> {
        let credentials = self.credentials(pending, superuser);
        let hold = rotator.lock(credentials).await?;
        rotator.set(hold, credentials).await
    }

    /// A whole rotation; gives the old value back.
    pub async fn rotate(&mut self) -> SecretValue {
        let rotated = self.try_rotate().await;
        rotated.unwrap_or_else(|error| panic!("{error}"))
    }

    pub async fn try_rotate(&mut self) -> Result<SecretValue, TargetError> {
        let rotator = self.rotator();
        let pending = self.next();
        let superuser = self.superuser_secret();
        self.set_with(&rotator, &pending, &superuser).await?;
        rotator.test(&pending).await?;
        Ok(std::mem::replace(&mut self.current, pending))
    }

    pub async fn probe(&self) -> Result<(), TargetError> {
        let superuser = self.superuser_secret();
        let rotator = self.rotator();
        rotator.probe(&self.current, Some(&superuser)).await
    }

    pub fn revocation<'a>(
        &'a self,
        old: &'a SecretValue,
        superuser: &'a SecretValue,
    ) -> Revocation<'a> {
        Revocation {
            old,
            current: &self.current,
            superuser: Some(superuser),
            switched_at: None,
            now: 0,
        }
    }

    /// Takes `old` out of use; gives how many sessions were ended.
    pub async fn retire(&self, old: &SecretValue) -> Result<u32, TargetError> {
        self.retire_with(&self.rotator(), old, &self.superuser_secret())
            .await
    }

    pub async fn retire_with(
        &self,
        rotator: &Mysql,
        old: &SecretValue,
        superuser: &SecretValue,
    ) -> Result<u32, TargetError> {
        let revocation = self.revocation(old, superuser);
        let mut seized = rotator.seize(revocation).await?;
        rotator.revoke(&mut seized, revocation).await
    }

    /// Brings `old` back.
    pub async fn restore(&self, old: &SecretValue) -> Result<(), TargetError> {
        let (rotator, superuser) = (self.rotator(), self.superuser_secret());
        let revocation = self.revocation(old, &superuser);
        let mut seized = rotator.seize(revocation).await?;
        rotator.restore(&mut seized, revocation).await
    }

    /// Whether a login with `value` is let in, as the product sees it.
    pub async fn login(&self, value: &SecretValue) -> Result<rekey_rotation::Login, TargetError> {
        let moment = Moment {
            current: value,
            now: 0,
        };
        self.rotator().try_login(value, moment).await
    }

    pub async fn session(&self, value: &SecretValue) -> Session {
        let (user, password) = (field(value, "username"), field(value, "password"));
        let port = field(value, "port").parse().unwrap();
        connect(port, &user, &password).await.unwrap()
    }

    pub async fn logs_in(&self, value: &SecretValue) -> bool {
        let (user, password) = (field(value, "username"), field(value, "password"));
        let port = field(value, "port").parse().unwrap();
        connect(port, &user, &password).await.is_ok()
    }

    /// What a user may do, and how its account was made but for the password, without its name.
    pub async fn shape(&self, user: &str, host: &str) -> Vec<String> {
        let account = format!("`{user}`@`{host}`");
        let mut lines = self.root.texts(&format!("SHOW GRANTS FOR {account}")).await;
        lines.extend(
            self.root
                .texts(&format!("SHOW CREATE USER {account}"))
                .await,
        );
        let plain = |line: String| {
            let line = line.replace(&account, "ACCOUNT");
            match line.split_once("PASSWORD '*") {
                Some((before, after)) => format!("{before}{}", &after[41..]),
                None => line,
            }
        };
        let mut lines: Vec<String> = lines.into_iter().map(plain).collect();
        lines.sort();
        lines
    }

    /// Everything the server keeps of the two users.
    pub async fn kept(&self) -> Vec<String> {
        kept(&self.root, &self.app).await
    }
}

/// Everything a server keeps of the two users of one name.
pub async fn kept(root: &Session, app: &str) -> Vec<String> {
    let mut kept = root
        .texts(&format!(
            "SELECT CONCAT(User, '@', Host, ' ', Priv) FROM mysql.global_priv
             WHERE User IN ('{app}', '{app}_clone') ORDER BY User, Host"
        ))
        .await;
    let accounts = root
        .texts(&format!(
            "SELECT CONCAT('`', User, '`@`', Host, '`') FROM mysql.global_priv
             WHERE User IN ('{app}', '{app}_clone') ORDER BY User, Host"
        ))
        .await;
    for account in accounts {
        kept.extend(root.texts(&format!("SHOW GRANTS FOR {account}")).await);
    }
    kept
}

/// Bounds that keep a failing test short.
pub fn bounds() -> Bounds {
    Bounds {
        lock: Duration::from_millis(500),
        replica_lag: Duration::from_secs(10),
        ..Bounds::default()
    }
}

pub fn rotator(ca: &[u8], bounds: Bounds) -> Mysql {
    Mysql::mariadb(Config {
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
    let json: Value = serde_json::from_str(of.expose()).unwrap();
    match &json[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The class of an error, and its text.
pub fn failure<T>(result: Result<T, TargetError>) -> (&'static str, String) {
    match result {
        Ok(_) => panic!("nothing failed"),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains("Pw_"), "a password in {text}");
            (error.class().as_str(), text)
        }
    }
}
