use std::future::Future;
use std::time::{Duration, SystemTime};

/// Time, for what waits and what tells how long ago something was.
pub trait Clock: Sync {
    /// Seconds since 1970.
    fn now(&self) -> i64;

    /// Ends after this long.
    fn pause(&self, time: Duration) -> impl Future<Output = ()> + Send;
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl SystemClock {
    /// The time, for a signature.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the clock is read"
    )]
    pub fn time(self) -> SystemTime {
        SystemTime::now()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        let since = self.time().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |time| time.as_secs().try_into().unwrap_or(i64::MAX))
    }

    fn pause(&self, time: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(time)
    }
}
