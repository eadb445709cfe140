//! Set-ups for the conformance suite: two users in turn, and one user.

use std::sync::Mutex;
use std::time::Duration;

use rekey_rotation::testing::conformance::ConformingTarget;
use rekey_rotation::testing::{RevocableTarget, SecretsManager, Target, World};
use rekey_rotation::{Overlap, SecretId, SecretValue};
use rekey_rotators::mysql::{Bounds, Mysql};
use serde_json::json;
use tokio::time::sleep;

use crate::case::{changed, field, kept, rotator, value};
use crate::servers::{Server, Session, connect, server, unique};

const ANOTHER_AUTHORITY: &[u8] = include_bytes!("another_authority.pem");

/// A port at which nobody listens.
const NOBODY: u16 = 1;

/// Users of scenarios that are over. The server looks through all of them at each change of one.
static OVER: Mutex<Vec<String>> = Mutex::new(Vec::new());

pub struct Real {
    pub server: Server,
    pub overlap: Overlap,
}

impl Real {
    pub fn all() -> [Self; 2] {
        [Overlap::AlternatingUsers, Overlap::SingleUser].map(|overlap| Self {
            server: server(),
            overlap,
        })
    }
}

pub struct Users {
    server: Server,
    overlap: Overlap,
    app: String,
    master: String,
    bystander: String,
    password: String,
    root: Session,
}

impl World for Real {
    type Target = Users;

    fn name(&self) -> String {
        format!("mariadb {}", self.overlap.as_str())
    }

    fn overlap(&self) -> Overlap {
        self.overlap
    }

    async fn fresh(&self, _store: &SecretsManager) -> Users {
        let users = Users {
            root: self.server.root(self.server.port).await,
            server: self.server.clone(),
            overlap: self.overlap,
            app: unique("app"),
            master: unique("master"),
            bystander: unique("other"),
            password: unique("Pw"),
        };
        let over = std::mem::take(&mut *OVER.lock().unwrap());
        if !over.is_empty() {
            users
                .sql(&format!("DROP USER IF EXISTS {}", over.join(", ")))
                .await;
        }
        let password = &users.password;
        let account = |user: &str| format!("{user}@'%' IDENTIFIED BY '{password}'");
        let each = [&users.app, &users.master, &users.bystander].map(|user| account(user));
        users.sql(&format!("CREATE USER {}", each.join(", "))).await;
        let (app, master) = (&users.app, &users.master);
        if self.overlap == Overlap::AlternatingUsers {
            for statement in [
                format!("GRANT SELECT, INSERT ON conformance.* TO {app}@'%'"),
                format!("GRANT CREATE USER, PROCESS, CONNECTION ADMIN ON *.* TO {master}@'%'"),
                format!("GRANT SELECT ON mysql.* TO {master}@'%'"),
                format!("GRANT SELECT, INSERT ON conformance.* TO {master}@'%' WITH GRANT OPTION"),
            ] {
                users.sql(&statement).await;
            }
        }
        users
    }
}

impl Drop for Users {
    fn drop(&mut self) {
        let clone = format!("{}_clone", self.app);
        let names = [&self.app, &clone, &self.master, &self.bystander];
        let accounts = names.map(|name| format!("{name}@'%'"));
        OVER.lock().unwrap().extend(accounts);
    }
}

impl Users {
    async fn sql(&self, statement: &str) {
        let done = self.root.run(statement).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    fn secret_of(&self, user: &str) -> SecretValue {
        let superuser = self.overlap.both_work().then_some(self.master.as_str());
        value(&json!({
            "engine": "mariadb",
            "host": "127.0.0.1",
            "port": self.server.port,
            "username": user,
            "password": self.password,
            "masterarn": superuser,
            // A handshake for each of ten thousand logins says nothing of a cut.
            "ssl": false,
        }))
    }

    fn rotator_trusting(&self, authorities: &[u8]) -> Mysql {
        let bounds = Bounds {
            lock: Duration::from_millis(50),
            // Nobody logs in beside these retirements, of which there are hundreds.
            second_look: Duration::from_millis(5),
            replica_lag: Duration::ZERO,
            ..Bounds::default()
        };
        rotator(authorities, bounds)
    }
}

impl Target for Users {
    type Rotator = Mysql;

    fn first(&self) -> SecretValue {
        self.secret_of(&self.app)
    }

    fn superuser(&self) -> Option<(SecretId, SecretValue)> {
        let id = SecretId::parse(&self.master).unwrap();
        let both = self.overlap.both_work();
        both.then(|| (id, self.secret_of(&self.master)))
    }

    fn bystander(&self) -> SecretValue {
        self.secret_of(&self.bystander)
    }

    fn rotator(&self) -> Mysql {
        self.rotator_trusting(&self.server.ca)
    }

    async fn logs_in(&self, value: &SecretValue) -> bool {
        let (user, password) = (field(value, "username"), field(value, "password"));
        connect(self.server.port, &user, &password).await.is_ok()
    }

    async fn users(&self) -> Vec<String> {
        self.root
            .texts(&format!(
                "SELECT User FROM mysql.user WHERE User IN ('{0}', '{0}_clone') ORDER BY User",
                self.app
            ))
            .await
    }

    async fn free_locks(&self) {
        let lock = format!("'rekey:{}'", self.app);
        let holder = format!("SELECT IS_USED_LOCK({lock})");
        for _ in 0..1000 {
            match self.root.texts(&holder).await.first().map(String::as_str) {
                None | Some("NULL") => return,
                // It may have ended by itself.
                Some(id) => drop(self.root.run(&format!("KILL {id}")).await),
            }
            sleep(Duration::from_millis(2)).await;
        }
        panic!("the lock is still held");
    }
}

impl RevocableTarget for Users {
    type Session = Session;

    async fn open_session(&self, value: &SecretValue) -> Session {
        let (user, password) = (field(value, "username"), field(value, "password"));
        connect(self.server.port, &user, &password).await.unwrap()
    }

    async fn is_open(&self, session: &Session) -> bool {
        session.is_open().await
    }

    async fn spoil(&self, value: &SecretValue) {
        let user = field(value, "username");
        let password = unique("By-hand");
        self.sql(&format!("ALTER USER {user}@'%' IDENTIFIED BY '{password}'"))
            .await;
    }
}

impl ConformingTarget for Users {
    fn version(&self) -> String {
        let parts: Vec<&str> = self.server.version.split('.').take(2).collect();
        format!("MariaDB {}", parts.join("."))
    }

    async fn snapshot(&self) -> String {
        kept(&self.root, &self.app).await.join("\n")
    }

    /// Every statement as it was sent, here and at the replica.
    async fn written_down(&self) -> String {
        let read = |path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        read(&self.server.log_file) + &read(&self.server.replica_log_file)
    }

    async fn plant(&self, text: &str) {
        self.sql(&format!("DO '{text}'")).await;
    }

    fn elsewhere(&self, value: &SecretValue) -> Option<SecretValue> {
        Some(changed(value, "host", "127.0.0.2".into()))
    }

    fn unreachable(&self) -> Option<SecretValue> {
        Some(changed(&self.first(), "port", NOBODY.into()))
    }

    fn over_tls(&self) -> Option<SecretValue> {
        let named = changed(&self.first(), "host", self.server.host.clone().into());
        // The superuser's secret names the server as this one does.
        let named = if self.overlap.both_work() {
            self.first()
        } else {
            named
        };
        Some(changed(&named, "ssl", true.into()))
    }

    fn distrustful(&self) -> Option<Mysql> {
        Some(self.rotator_trusting(ANOTHER_AUTHORITY))
    }

    async fn forbid(&self) -> bool {
        if !self.overlap.both_work() {
            // Nobody needs a right to change their own password.
            return false;
        }
        let master = &self.master;
        self.sql(&format!("REVOKE CREATE USER ON *.* FROM {master}@'%'"))
            .await;
        true
    }
}
