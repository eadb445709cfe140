use rekey_aws::EventBus;
use rekey_events::{Announcement, DetailType, Outcome, Source};
use rekey_registry::{PublishError, Publisher};
use rekey_telemetry::EndMetric;

use crate::clock::{milliseconds, now};

/// The inner bus, with a metric record of the rotations whose end was told there. A rotation counts when its
/// end leaves the outbox: once, however often it was published by then.
#[derive(Clone, Debug)]
pub struct CountedBus {
    bus: EventBus,
    function: String,
    stage: String,
}

impl CountedBus {
    /// Over a bus. `function` and `stage` are the dimensions of the metric.
    pub fn new(bus: EventBus, function: String, stage: String) -> Self {
        Self {
            bus,
            function,
            stage,
        }
    }
}

impl Publisher for CountedBus {
    fn source(&self) -> Source {
        self.bus.source()
    }

    async fn publish(&self, announcements: &[Announcement]) -> Result<(), PublishError> {
        Publisher::publish(&self.bus, announcements).await
    }

    fn told(&self, announcements: &[Announcement]) {
        let (succeeded, failed) = ends(announcements);
        if succeeded + failed > 0 {
            let metric = EndMetric {
                function: &self.function,
                stage: &self.stage,
                succeeded,
                failed,
                at: milliseconds(now()),
            };
            metric.emit(&mut std::io::stdout());
        }
    }
}

/// How many rotations are told to have ended well, and how many without a new credential. One that was
/// abandoned is neither: somebody put another version in its place.
fn ends(announcements: &[Announcement]) -> (usize, usize) {
    let ends = announcements
        .iter()
        .filter(|one| one.detail_type == DetailType::RotateCompleted);
    let results = ends.filter_map(|one| one.detail.get("result")?.as_str());
    let (mut succeeded, mut failed) = (0, 0);
    for result in results {
        if result == Outcome::Success.as_str() {
            succeeded += 1;
        } else if result != Outcome::Abandoned.as_str() {
            failed += 1;
        }
    }
    (succeeded, failed)
}

#[cfg(test)]
mod tests {
    use rekey_events::EventId;
    use serde_json::json;

    use super::*;

    fn told(detail_type: DetailType, result: &str) -> Announcement {
        Announcement {
            event_id: EventId::derive("a", result),
            detail_type,
            resource: "prod/db/app".to_owned(),
            detail: json!({ "result": result }),
        }
    }

    #[test]
    fn a_rotation_counts_by_how_it_ended_and_nothing_else_counts() {
        let completed = DetailType::RotateCompleted;
        for (result, expected) in [
            ("success", (1, 0)),
            ("failed", (0, 1)),
            ("rolled_back", (0, 1)),
            ("abandoned", (0, 0)),
        ] {
            assert_eq!(ends(&[told(completed, result)]), expected, "{result}");
        }
        let batch = [
            told(completed, "success"),
            told(completed, "success"),
            told(completed, "failed"),
            told(DetailType::MissingDetected, "failed"),
        ];
        assert_eq!(ends(&batch), (2, 1));
    }
}
