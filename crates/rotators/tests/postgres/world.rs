//! Servers as the conformance suite wants them: users of a scenario, and what can be done to them.

use std::sync::LazyLock;
use std::time::Duration;

use postgres_protocol::password::scram_sha_256;
use rekey_rotation::testing::conformance::ConformingTarget;
use rekey_rotation::testing::{RevocableTarget, SecretsManager, Target, World};
use rekey_rotation::{Overlap, SecretId, SecretValue};
use rekey_rotators::postgres::{Bounds, Postgres};
use serde_json::json;
use tokio_postgres::Client;

use crate::case::{ask, changed, field, rotator, value};
use crate::revoking;
use crate::servers::{self, Server, connect, unique};

/// The first password of every user, and its verifier: hashing it for each would take as long as a login.
static PASSWORD: LazyLock<(String, String)> = LazyLock::new(|| {
    let password = unique("Pw");
    let verifier = scram_sha_256(password.as_bytes());
    (password, verifier)
});

pub struct Real {
    pub server: Server,
    pub overlap: Overlap,
}

pub struct Users {
    pub server: Server,
    overlap: Overlap,
    app: String,
    master: String,
    bystander: String,
    password: String,
    pub root: Client,
    /// How long the server's log was when the scenario began.
    log_length: usize,
}

impl World for Real {
    type Target = Users;

    fn name(&self) -> String {
        format!("postgres {} {}", self.server.major, self.overlap.as_str())
    }

    fn overlap(&self) -> Overlap {
        self.overlap
    }

    async fn fresh(&self, _store: &SecretsManager) -> Users {
        let server = self.server.clone();
        let users = Users {
            root: server.superuser(server.port, "postgres").await,
            server,
            overlap: self.overlap,
            app: unique("app"),
            master: unique("master"),
            bystander: unique("other"),
            password: PASSWORD.0.clone(),
            log_length: 0,
        };
        let verifier = &PASSWORD.1;
        let Users {
            app,
            master,
            bystander,
            ..
        } = &users;
        let admin = if users.server.major >= 16 {
            format!("GRANT {app} TO {master} WITH ADMIN OPTION;")
        } else {
            String::new()
        };
        users
            .root
            .batch_execute(&format!(
                "CREATE ROLE {master} LOGIN CREATEROLE PASSWORD '{verifier}';
                 CREATE ROLE {app} LOGIN PASSWORD '{verifier}';
                 CREATE ROLE {bystander} LOGIN PASSWORD '{verifier}'; {admin}"
            ))
            .await
            .unwrap();
        let log_length = users.log().len();
        Users {
            log_length,
            ..users
        }
    }
}

impl Users {
    fn secret_of(&self, user: &str) -> SecretValue {
        let superuser = self.overlap.both_work().then_some(self.master.as_str());
        value(&json!({
            "engine": "postgres",
            "host": self.server.host,
            "port": self.server.port,
            "username": user,
            "password": self.password,
            "masterarn": superuser,
            // A handshake for each of ten thousand logins says nothing of a cut.
            "ssl": false,
        }))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.server.log_file).unwrap()
    }

    fn rotator_that_trusts(&self, ca: &[u8]) -> Postgres {
        let bounds = Bounds {
            lock: Duration::from_millis(50),
            replica_lag: Duration::ZERO,
            ..Bounds::default()
        };
        rotator(ca, bounds)
    }
}

impl Target for Users {
    type Rotator = Postgres;

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

    fn rotator(&self) -> Postgres {
        self.rotator_that_trusts(&self.server.ca)
    }

    async fn logs_in(&self, value: &SecretValue) -> bool {
        let (user, password) = (field(value, "username"), field(value, "password"));
        connect(self.server.port, "postgres", &user, &password)
            .await
            .is_ok()
    }

    async fn users(&self) -> Vec<String> {
        let rows = self
            .root
            .query(
                "SELECT rolname::text FROM pg_roles
                 WHERE rolcanlogin AND rolname::text IN ($1::text, $1::text || '_clone')",
                &[&self.app],
            )
            .await
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn free_locks(&self) {
        self.root
            .execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                 WHERE application_name = 'rekey' AND usename::text IN ($1::text, $1::text || '_clone', $2::text)",
                &[&self.app, &self.master],
            )
            .await
            .unwrap();
    }
}

impl RevocableTarget for Users {
    type Session = Client;

    async fn open_session(&self, value: &SecretValue) -> Client {
        let (user, password) = (field(value, "username"), field(value, "password"));
        connect(self.server.port, "postgres", &user, &password)
            .await
            .unwrap()
    }

    async fn is_open(&self, session: &Client) -> bool {
        revoking::is_open(session).await
    }

    async fn spoil(&self, value: &SecretValue) {
        let user = field(value, "username");
        self.root
            .batch_execute(&format!(
                "ALTER ROLE {user} PASSWORD '{}'",
                unique("By-hand")
            ))
            .await
            .unwrap();
    }
}

impl ConformingTarget for Users {
    fn version(&self) -> String {
        format!("PostgreSQL {}", self.server.major)
    }

    async fn snapshot(&self) -> String {
        roles(&self.root, &self.app).await.unwrap_or_default()
    }

    async fn written_down(&self) -> String {
        self.log().split_off(self.log_length)
    }

    async fn plant(&self, text: &str) {
        let statement = format!("SELECT $it${text}$it$");
        self.root.batch_execute(&statement).await.unwrap();
    }

    fn elsewhere(&self, of: &SecretValue) -> Option<SecretValue> {
        Some(changed(of, "host", "elsewhere.invalid".into()))
    }

    fn unreachable(&self) -> Option<SecretValue> {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        Some(changed(&self.first(), "port", port.into()))
    }

    fn over_tls(&self) -> Option<SecretValue> {
        Some(changed(&self.first(), "ssl", true.into()))
    }

    fn distrustful(&self) -> Option<Postgres> {
        let servers = servers::all();
        let other = servers.iter().find(|one| one.major != self.server.major);
        Some(self.rotator_that_trusts(&other.unwrap().ca))
    }

    async fn forbid(&self) -> bool {
        if self.overlap.both_work() {
            let statement = format!("ALTER ROLE {} NOCREATEROLE", self.master);
            self.root.batch_execute(&statement).await.unwrap();
        }
        self.overlap.both_work()
    }
}

/// Everything the server knows of a user and its clone, but for the salt of a verifier that did not change.
pub async fn roles(root: &Client, app: &str) -> Option<String> {
    let app = app.replace('\'', "''");
    ask(
        root,
        &format!(
            "SELECT jsonb_build_object(
                 'roles', (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.oid) FROM pg_authid a
                           WHERE rolname IN ('{app}', '{app}_clone')),
                 'settings', (SELECT jsonb_agg(to_jsonb(s) ORDER BY s::text) FROM pg_db_role_setting s
                              JOIN pg_authid a ON a.oid = s.setrole
                              WHERE rolname IN ('{app}', '{app}_clone')),
                 'members', (SELECT jsonb_agg(to_jsonb(m) ORDER BY m::text) FROM pg_auth_members m
                             JOIN pg_authid a ON a.oid IN (m.member, m.roleid)
                             WHERE rolname IN ('{app}', '{app}_clone')))::text"
        ),
    )
    .await
}

/// Every server with both strategies.
pub fn every_world() -> impl Iterator<Item = Real> {
    servers::all().into_iter().flat_map(|server| {
        [Overlap::AlternatingUsers, Overlap::SingleUser].map(|overlap| Real {
            server: server.clone(),
            overlap,
        })
    })
}
