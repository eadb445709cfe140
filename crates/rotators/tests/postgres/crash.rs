//! The crash suite on real servers: every cut, overtaking and repetition of a rotation, both strategies.

use std::time::Duration;

use rekey_rotation::testing::{Bug, Target, World, crash};
use rekey_rotation::{Overlap, SecretId, SecretValue};
use rekey_rotators::postgres::{Bounds, Postgres};
use serde_json::json;
use tokio_postgres::Client;

use crate::case::{field, rotator, value};
use crate::servers::{self, Server, connect, unique};

struct Real {
    server: Server,
    overlap: Overlap,
}

struct Users {
    server: Server,
    overlap: Overlap,
    app: String,
    master: String,
    bystander: String,
    password: String,
    root: Client,
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
            password: unique("Pw"),
        };
        let Users {
            app,
            master,
            bystander,
            password,
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
                "CREATE ROLE {master} LOGIN CREATEROLE PASSWORD '{password}';
                 CREATE ROLE {app} LOGIN PASSWORD '{password}';
                 CREATE ROLE {bystander} LOGIN PASSWORD '{password}'; {admin}"
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

/// Runs `suite` on every server with both strategies, side by side: most of the time is waiting. Each has
/// a thread with a stack for the suite's futures, which are large without optimisation.
fn on_every_world<F>(suite: impl Fn(Real) -> F + Sync)
where
    F: Future<Output = ()>,
{
    let worlds = servers::all().into_iter().flat_map(|server| {
        [Overlap::AlternatingUsers, Overlap::SingleUser].map(|overlap| Real {
            server: server.clone(),
            overlap,
        })
    });
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
    on_every_world(|world| async move {
        let report = crash::run(&world)
            .await
            .unwrap_or_else(|violation| panic!("{violation}"));
        println!("{report}");
        assert_eq!(report.cuts, 3 * report.calls.len());
    });
}

#[test]
fn every_planted_bug_is_caught() {
    on_every_world(|world| async move {
        for bug in Bug::ALL {
            let violation = crash::must_catch(bug, &world)
                .await
                .unwrap_or_else(|text| panic!("{text}"));
            println!("{bug:?}: {violation}");
        }
    });
}
