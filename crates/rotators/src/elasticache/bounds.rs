use std::time::Duration;

/// How long AWS and a cache may take. None of them waits without an end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// Name, TCP, TLS and login at the cache together: 5 s.
    pub connect: Duration,
    /// One answer of the cache: 5 s.
    pub answer: Duration,
    /// Until what is being modified is active again: 12 s. A change often takes longer; the step is then
    /// repeated, and finds what it did.
    pub active: Duration,
    /// Between one look at that and the next: 1 s.
    pub look: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(5),
            active: Duration::from_secs(12),
            look: Duration::from_secs(1),
        }
    }
}
