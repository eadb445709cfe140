use std::time::Duration;

/// How long the database may take. None of them waits without an end.
///
/// Each ends one wait. A step that meets several of them at their worst is ended as a whole by the
/// function, which gives all of it 30 s.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// Name, TCP, TLS and login together: 5 s. A name's addresses share it.
    pub connect: Duration,
    /// Waiting for another rotation, or for a lock of the server's own: 5 s.
    pub lock: Duration,
    /// One statement: 5 s.
    pub statement: Duration,
    /// The lock may be held without a word for 30 s: after that the server ends the session of a function
    /// that was frozen or killed, and the lock with it. Whole seconds, one at least.
    pub idle: Duration,
    /// Sessions that were told to end may take 5 s to be gone.
    pub ending: Duration,
    /// After the last session was seen it is looked again in 100 ms: a login that was on its way when the
    /// password went shows only when it is through.
    pub second_look: Duration,
    /// A read replica may be behind by 12 s: the last login is tried then.
    pub replica_lag: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            lock: Duration::from_secs(5),
            statement: Duration::from_secs(5),
            idle: Duration::from_secs(30),
            ending: Duration::from_secs(5),
            second_look: Duration::from_millis(100),
            replica_lag: Duration::from_secs(12),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `infra/rotation.yaml` gives the function.
    const FUNCTION: Duration = Duration::from_secs(30);

    #[test]
    fn the_longest_wait_leaves_time_for_the_last_try_and_for_the_calls_around_it() {
        let bounds = Bounds::default();
        let test = bounds.replica_lag + bounds.connect + bounds.statement;
        assert!(test + Duration::from_secs(5) <= FUNCTION);
        let lock = bounds.connect + bounds.connect + bounds.lock;
        assert!(lock + bounds.statement + Duration::from_secs(5) <= FUNCTION);
    }
}
