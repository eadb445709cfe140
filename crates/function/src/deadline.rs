use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::timeout;

/// What is kept of the function's time to say that the rest of it was not enough.
const RESERVE: Duration = Duration::from_secs(4);
/// The least that a piece of work gets, whatever the deadline says.
const LEAST: Duration = Duration::from_secs(1);

/// Work that came to no end of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unended {
    /// The function's time is nearly over.
    #[error(
        "the work did not end within {seconds} s; the target or AWS answers too slowly: look at both, and at the function's network; it is repeated later"
    )]
    OutOfTime {
        /// What it had, in whole seconds.
        seconds: u64,
    },
    /// A panic. Its text may hold anything, so it is nowhere repeated; the log has its place.
    #[error("the function has a bug; its log says where, please report it")]
    Bug,
}

/// How long a piece of work may take: up to a little before the function's `deadline`. Both are since 1970.
pub fn budget(deadline: Duration, now: Duration) -> Duration {
    deadline
        .saturating_sub(now)
        .saturating_sub(RESERVE)
        .max(LEAST)
}

/// Whether so little of the function's time is left that no work should be begun. Both are since 1970.
pub fn is_late(deadline: Duration, now: Duration) -> bool {
    deadline.saturating_sub(now) < RESERVE.saturating_add(LEAST)
}

/// Does the work within a time. What is cut off there is dropped: a transaction at the target goes back.
///
/// # Errors
/// [`Unended`] when it did not end by itself; what it says itself is in the `Ok`.
pub async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Result<T, Unended> {
    let unwound = AssertUnwindSafe(timeout(time, work)).catch_unwind().await;
    match unwound {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(_elapsed)) => Err(Unended::OutOfTime {
            seconds: time.as_secs(),
        }),
        Err(panic) => {
            forget(panic);
            Err(Unended::Bug)
        }
    }
}

/// A panic's text is dropped unread.
fn forget(_: Box<dyn Any + Send>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_does_not_end_is_cut_off() {
        let never = std::future::pending::<()>();
        let cut = within(Duration::from_millis(5), never).await;
        assert_eq!(cut, Err(Unended::OutOfTime { seconds: 0 }));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_its_text_is_gone() {
        let panics = async {
            if true {
                panic!("canary-4711");
            }
        };
        let error = within(Duration::from_secs(5), panics).await.unwrap_err();
        assert_eq!(error, Unended::Bug);
        assert!(!error.to_string().contains("canary"));
    }

    #[test]
    fn work_ends_before_the_function_does() {
        let seconds = Duration::from_secs;
        assert_eq!(budget(seconds(1_030), seconds(1_000)), seconds(26));
        assert_eq!(budget(seconds(1_003), seconds(1_000)), LEAST);
        assert_eq!(budget(seconds(0), seconds(1_000)), LEAST);
    }

    #[test]
    fn no_work_is_begun_that_could_not_end_before_the_function_does() {
        let seconds = Duration::from_secs;
        assert!(!is_late(seconds(1_005), seconds(1_000)));
        assert!(is_late(seconds(1_004), seconds(1_000)));
        assert!(is_late(seconds(0), seconds(1_000)));
    }
}
