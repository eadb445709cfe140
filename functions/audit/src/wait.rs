use std::time::Duration;

use rekey_audit::Wait;

/// The longest first wait, in milliseconds. It doubles with every attempt.
const FIRST: u64 = 20;
/// The longest wait of all: those of a whole chain are under three seconds together.
const LONGEST: u64 = 640;

/// Waiting for real, for a time that is drawn: of two writers who met once, one is then first.
pub struct Backoff;

impl Wait for Backoff {
    async fn wait(&self, attempt: u32) {
        // Without dice, two writers may meet again, as often as attempts there are.
        let drawn = getrandom::u64().unwrap_or(u64::MAX);
        tokio::time::sleep(time(attempt, drawn)).await;
    }
}

/// Between half of the bound of this attempt and all of it.
fn time(attempt: u32, drawn: u64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let bound = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    let half = bound / 2;
    let more = drawn.checked_rem(bound - half + 1).unwrap_or_default();
    Duration::from_millis(half + more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_grows_is_drawn_and_ends_long_before_the_function_does() {
        let longest: Duration = (1..=7)
            .map(|attempt| {
                let all = (0..2_000).map(|drawn| time(attempt, drawn));
                let (least, most) = (all.clone().min().unwrap(), all.max().unwrap());
                let bound = Duration::from_millis((10 << attempt).min(LONGEST));
                assert_eq!((least, most), (bound / 2, bound), "attempt {attempt}");
                most
            })
            .sum();
        assert!(longest < Duration::from_secs(3), "{longest:?}");
        assert_eq!(time(u32::MAX, 0), Duration::from_millis(LONGEST / 2));
        assert!(time(0, u64::MAX) <= Duration::from_millis(FIRST));
    }
}
