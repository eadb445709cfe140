//! The crash suite on real servers: every cut, overtaking and repetition of a rotation, both strategies.

use std::sync::LazyLock;
use std::time::Duration;

use postgres_protocol::password::scram_sha_256;
use rekey_rotation::testing::{Bug, Target, World, crash};
use rekey_rotation::{Overlap, SecretId, SecretValue};
use rekey_rotators::postgres::{Bounds, Postgres};
use serde_json::json;
use tokio_postgres::Client;

use crate::case::{field, rotator, value};
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
}

impl World for Real {
    type Target = Users;

    fn name(&self) -> String {
        format!("postgres {} {}", self.server.major, self.overlap.as_str())
    }

    fn overlap(&self) -> Overlap {
        self.overlap
    }

    async fn fresh(&self) -> Users {
        let server = self.server.clone();
        let users = Users {
            root: server.superuser(server.port, "postgres").await,
            server,
            overlap: self.overlap,
            app: unique("app"),
            master: unique("master"),
            bystander: unique("other"),
            password: PASSWORD.0.clone(),
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
        users
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
        let bounds = Bounds {
            lock: Duration::from_millis(50),
            replica_lag: Duration::ZERO,
            ..Bounds::default()
        };
        rotator(&self.server.ca, bounds)
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

/// Every server with both strategies.
fn every_world() -> impl Iterator<Item = Real> {
    servers::all().into_iter().flat_map(|server| {
        [Overlap::AlternatingUsers, Overlap::SingleUser].map(|overlap| Real {
            server: server.clone(),
            overlap,
        })
    })
}

/// Runs `suite` on worlds side by side: most of the time is waiting. Each has a thread with a stack for the
/// suite's futures, which are large without optimisation.
pub fn on_worlds<F>(worlds: impl Iterator<Item = Real>, suite: impl Fn(Real) -> F + Sync)
where
    F: Future<Output = ()>,
{
    std::thread::scope(|scope| {
        for world in worlds {
            let suite = &suite;
            std::thread::Builder::new()
                .name(world.name())
                .stack_size(64 << 20)
                .spawn_scoped(scope, move || {
                    tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .unwrap()
                        .block_on(suite(world));
                })
                .unwrap();
        }
    });
}

#[test]
fn every_promise_holds_whatever_cuts_a_rotation() {
    on_worlds(every_world(), |world| async move {
        let report = crash::run(&world)
            .await
            .unwrap_or_else(|violation| panic!("{violation}"));
        println!("{report}");
        assert_eq!(report.cuts, 3 * report.calls.len());
    });
}

#[test]
fn every_planted_bug_is_caught() {
    on_worlds(every_world(), |world| async move {
        for bug in Bug::ALL {
            let violation = crash::must_catch(bug, &world)
                .await
                .unwrap_or_else(|text| panic!("{text}"));
            println!("{bug:?}: {violation}");
        }
    });
}
