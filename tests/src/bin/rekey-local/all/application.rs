//! Two instances of an application that use a secret all the time. One reads it every two seconds, the other every
//! five: for a while after a switch each has another credential.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rekey_tests::secrets::{Secrets, Version};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::service::{Done, Service};

/// How often each instance reads the secret.
const READS: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(5)];
const START: Duration = Duration::from_secs(10);

/// What an application has seen.
#[derive(Clone, Default)]
pub struct Seen {
    pub operations: u64,
    /// Operations whose connection the server had ended.
    pub reconnected: u64,
    /// What went wrong, in its own words.
    pub errors: Vec<String>,
    /// Every version it was given.
    pub versions: Vec<Version>,
    /// The longest time without an operation.
    pub longest_gap: Duration,
    last: Option<Instant>,
}

pub struct Application {
    seen: Arc<Mutex<Seen>>,
    tasks: Vec<JoinHandle<()>>,
    started: Instant,
}

/// What the instances have read last.
type Read = Arc<[Mutex<Option<Version>>; 2]>;

impl Application {
    pub fn start<S: Service>(service: &Arc<S>, secrets: &Secrets, secret: &str) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let read: Read = Arc::default();
        let mut tasks = Vec::new();
        for (instance, every) in READS.into_iter().enumerate() {
            let (secrets, secret) = (secrets.clone(), secret.to_owned());
            let (kept, noted) = (Arc::clone(&read), Arc::clone(&seen));
            tasks.push(tokio::spawn(async move {
                let mut tick = interval(every);
                loop {
                    tick.tick().await;
                    let current = secrets.current(&secret).await;
                    note(current, &kept[instance], &noted);
                }
            }));
            let work = work(
                instance,
                Arc::clone(service),
                Arc::clone(&read),
                seen.clone(),
            );
            tasks.push(tokio::spawn(work));
        }
        Self {
            seen,
            tasks,
            started: Instant::now(),
        }
    }

    /// Waits until both instances are at work.
    pub async fn is_at_work(&self) -> Result<()> {
        while self.seen.lock().unwrap().operations < 4 {
            if self.started.elapsed() > START {
                let errors = self.seen().errors;
                bail!("the application does not begin: {:?}", errors.first());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// What it has seen so far.
    pub fn seen(&self) -> Seen {
        let mut seen = self.seen.lock().unwrap().clone();
        // One that has stopped working shows no error.
        let idle = seen.last.map_or(Duration::ZERO, |last| last.elapsed());
        seen.longest_gap = seen.longest_gap.max(idle);
        seen
    }

    /// Operations and errors so far.
    pub fn counts(&self) -> (u64, usize) {
        let seen = self.seen.lock().unwrap();
        (seen.operations, seen.errors.len())
    }

    /// Stops it: what it has seen, and for how long it ran.
    pub fn stop(&self) -> (Seen, Duration) {
        let seen = self.seen();
        for task in &self.tasks {
            task.abort();
        }
        (seen, self.started.elapsed())
    }
}

fn note(current: Result<Version>, kept: &Mutex<Option<Version>>, seen: &Mutex<Seen>) {
    let mut seen = seen.lock().unwrap();
    match current {
        Ok(version) => {
            if seen.versions.iter().all(|known| known.id != version.id) {
                seen.versions.push(version.clone());
            }
            *kept.lock().unwrap() = Some(version);
        }
        Err(error) => seen.errors.push(format!("reading the secret: {error:#}")),
    }
}

async fn work<S: Service>(instance: usize, service: Arc<S>, read: Read, seen: Arc<Mutex<Seen>>) {
    let mut tick = interval(S::EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut kept = S::Kept::default();
    loop {
        tick.tick().await;
        let [own, others] = [&read[instance], &read[1 - instance]].map(|it| {
            let held = it.lock().unwrap();
            held.clone()
        });
        let (Some(own), Some(others)) = (own, others) else {
            continue;
        };
        let done = service.operate(&mut kept, &own, &others).await;
        let mut seen = seen.lock().unwrap();
        match done {
            Ok(done) => {
                if let Some(last) = seen.last.replace(Instant::now()) {
                    seen.longest_gap = seen.longest_gap.max(last.elapsed());
                }
                seen.operations += 1;
                seen.reconnected += u64::from(done == Done::Reconnected);
            }
            Err(error) => seen.errors.push(format!("{error:#}")),
        }
    }
}
