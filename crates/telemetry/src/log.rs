use std::str::FromStr;

use tracing::level_filters::LevelFilter;

/// How much is logged, as in the function's `LoggingConfig.ApplicationLogLevel`.
///
/// Source: [Lambda, log-level filtering](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Level(LevelFilter);

impl Default for Level {
    fn default() -> Self {
        Self(LevelFilter::INFO)
    }
}

impl FromStr for Level {
    type Err = std::convert::Infallible;

    /// An unknown word means `INFO`: a function does not stay down over its log level. `TRACE` is taken
    /// as `DEBUG`, because libraries write whole payloads there. A release build holds no record below
    /// `INFO` (`release_max_level_info` in the root manifest), so there `DEBUG` says no more than `INFO`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(match text {
            "TRACE" | "DEBUG" => LevelFilter::DEBUG,
            "WARN" => LevelFilter::WARN,
            "ERROR" | "FATAL" => LevelFilter::ERROR,
            _ => LevelFilter::INFO,
        }))
    }
}

/// Starts logging as JSON lines to standard output. A second call changes nothing.
///
/// Only our own records pass below `WARN`: what a driver or the SDK says at `DEBUG` may hold a payload.
/// The runtime's record of a failed step is left out: ours says the same in fields. A panic is recorded by
/// its place alone, because its text may hold anything.
pub fn start(level: Level) {
    use tracing_subscriber::filter::Targets;
    use tracing_subscriber::layer::SubscriberExt as _;

    let ours = Targets::new()
        .with_default(LevelFilter::WARN.min(level.0))
        .with_target("rekey", level.0)
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false);
    let subscriber = tracing_subscriber::registry().with(ours).with(lines);
    // Fails only when another subscriber is there, as in a test that starts twice.
    let _started = tracing::subscriber::set_global_default(subscriber);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(class = "internal", place, "panic");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_is_never_on() {
        let level: Level = "TRACE".parse().unwrap();
        assert_eq!(level, Level(LevelFilter::DEBUG));
    }

    #[test]
    fn an_unknown_level_is_info() {
        let level: Level = "chatty".parse().unwrap();
        assert_eq!(level, Level::default());
    }
}
