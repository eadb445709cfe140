use std::time::Duration;

/// How long a server may take. None of them waits without an end; with several nodes each is asked in turn,
/// and the function ends a step as a whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// Name, TCP, TLS and login together: 5 s. A name's addresses share it.
    pub connect: Duration,
    /// Waiting for another rotation of the same user: 5 s, at all nodes together.
    pub lock: Duration,
    /// One answer: 5 s.
    pub answer: Duration,
    /// The lock may be held without a word for 30 s: after that whoever wants it ends the connection that
    /// has it. A step is over sooner.
    pub idle: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            lock: Duration::from_secs(5),
            answer: Duration::from_secs(5),
            idle: Duration::from_secs(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `infra/rotation.yaml` gives the function.
    const FUNCTION: Duration = Duration::from_secs(30);

    #[test]
    fn a_wait_for_the_lock_leaves_time_for_the_change_and_none_outlasts_a_holders_silence() {
        let bounds = Bounds::default();
        let lock = bounds.connect + bounds.connect + bounds.lock;
        assert!(lock + bounds.answer + Duration::from_secs(5) <= FUNCTION);
        assert!(
            bounds.idle >= FUNCTION,
            "a step that still runs is not silent for so long"
        );
    }
}
