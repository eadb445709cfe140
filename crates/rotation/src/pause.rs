use std::future::Future;
use std::time::Duration;

/// Waiting, as a port: a function sleeps, a test counts.
pub trait Pause: Sync {
    /// Returns after `time`, or at once in a test.
    fn pause(&self, time: Duration) -> impl Future<Output = ()> + Send;
}
