//! An application that uses a credential the way applications do: reads the secret now and then, keeps
//! what it has read, and opens new connections all the time. It never retries.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::database::Database;
use crate::secrets::{Secrets, Version};

/// How often it opens a new connection.
const CONNECT: Duration = Duration::from_millis(100);
/// How often it reads the secret.
const READ: Duration = Duration::from_millis(400);

/// What an application has seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Connections opened and used.
    pub logins: u64,
    /// What went wrong, in its own words.
    pub errors: Vec<String>,
    /// Logins per version of the secret.
    pub by_version: BTreeMap<String, u64>,
    /// Every password it was given.
    pub passwords: Vec<String>,
    /// The longest time between two connections.
    pub longest_gap: Duration,
}

/// A running application.
pub struct Application {
    seen: Arc<Mutex<Seen>>,
    started: Instant,
    tasks: [JoinHandle<()>; 2],
}

struct Held {
    version: Version,
    /// When a newer one was read.
    superseded: Option<Instant>,
}

impl Application {
    /// Starts it. Each credential is used until `grace` after a newer one was read.
    pub fn start(secrets: Secrets, secret: String, database: Database, grace: Duration) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let held = Arc::new(Mutex::new(Vec::<Held>::new()));
        let reader = tokio::spawn(read(secrets, secret, Arc::clone(&held), Arc::clone(&seen)));
        let user = tokio::spawn(login(database, grace, held, Arc::clone(&seen)));
        Self {
            seen,
            started: Instant::now(),
            tasks: [reader, user],
        }
    }

    /// What it has seen so far.
    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    /// Stops it: what it has seen, and for how long it ran.
    pub fn stop(self) -> (Seen, Duration) {
        for task in &self.tasks {
            task.abort();
        }
        let seen = self.seen();
        (seen, self.started.elapsed())
    }
}

async fn read(
    secrets: Secrets,
    secret: String,
    held: Arc<Mutex<Vec<Held>>>,
    seen: Arc<Mutex<Seen>>,
) {
    let mut tick = interval(READ);
    loop {
        tick.tick().await;
        match secrets.current(&secret).await {
            Ok(version) => {
                let mut held = held.lock().unwrap();
                let mut is_known = false;
                for one in held.iter_mut() {
                    if one.version.id == version.id {
                        // Again, after a rollback.
                        is_known = true;
                        one.superseded = None;
                    } else {
                        one.superseded.get_or_insert_with(Instant::now);
                    }
                }
                if is_known {
                    continue;
                }
                let password = version.field("password").to_owned();
                let passwords = &mut seen.lock().unwrap().passwords;
                if !passwords.contains(&password) {
                    passwords.push(password);
                }
                held.push(Held {
                    version,
                    superseded: None,
                });
            }
            Err(error) => seen
                .lock()
                .unwrap()
                .errors
                .push(format!("reading the secret: {error:#}")),
        }
    }
}

async fn login(
    database: Database,
    grace: Duration,
    held: Arc<Mutex<Vec<Held>>>,
    seen: Arc<Mutex<Seen>>,
) {
    let mut tick = interval(CONNECT);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut turn = 0_usize;
    let mut last: Option<Instant> = None;
    loop {
        tick.tick().await;
        let version = {
            let mut held = held.lock().unwrap();
            held.retain(|one| one.superseded.is_none_or(|at| at.elapsed() < grace));
            if held.is_empty() {
                continue;
            }
            turn += 1;
            held[turn % held.len()].version.clone()
        };
        if let Some(last) = last {
            let mut seen = seen.lock().unwrap();
            seen.longest_gap = seen.longest_gap.max(last.elapsed());
        }
        last = Some(Instant::now());
        let result = use_database(&database, &version).await;
        let mut seen = seen.lock().unwrap();
        match result {
            Ok(()) => {
                seen.logins += 1;
                *seen.by_version.entry(version.id.clone()).or_default() += 1;
            }
            Err(error) => {
                let user = version.field("username");
                seen.errors.push(format!("login as {user}: {error:#}"));
            }
        }
    }
}

/// One new connection, one row written and read back.
async fn use_database(database: &Database, version: &Version) -> anyhow::Result<()> {
    let client = database
        .connect(version.field("username"), version.field("password"))
        .await?;
    client
        .query_one(
            "INSERT INTO orders (note) VALUES ('order') RETURNING id",
            &[],
        )
        .await?;
    Ok(())
}
