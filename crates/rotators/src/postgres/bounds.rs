use std::time::Duration;

/// How long the database may take. None of them waits without an end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// Name, TCP, TLS and login together: 5 s.
    pub connect: Duration,
    /// Waiting for another rotation or for a lock on a role or table: 5 s.
    pub lock: Duration,
    /// One statement: 10 s.
    pub statement: Duration,
    /// The lock may be held without a word for 30 s: after that the server takes it from a function that
    /// was frozen or killed.
    pub idle: Duration,
    /// A read replica may be behind by 20 s.
    pub replica_lag: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            lock: Duration::from_secs(5),
            statement: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            replica_lag: Duration::from_secs(20),
        }
    }
}
