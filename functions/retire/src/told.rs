//! What is written down of an order that was done, or was not: one log line and one metric record.

use std::io::Write;
use std::time::Duration;

use rekey_events::{ErrorClass, Kind, OrderOutcome, RetireAnswer};
use rekey_telemetry::OrderMetric;

use crate::order::Order;

/// An order, its answer, and how it went.
pub struct Told<'a> {
    /// The name of the function.
    pub function: &'a str,
    /// What was asked for.
    pub order: &'a Order,
    /// The kind of target as it is recorded, if that was read: whatever somebody has written into the tag.
    pub kind: Option<&'a str>,
    /// What came of it.
    pub answer: &'a RetireAnswer,
    /// When it was begun, since 1970.
    pub begun: Duration,
    /// How long it took.
    pub took: Duration,
}

impl Told<'_> {
    /// Writes both.
    pub fn tell(&self, metrics: &mut impl Write) {
        self.log();
        self.measure(metrics);
    }

    /// A check that fails is what a rehearsal is for: it found what it looked for.
    fn failed(&self) -> bool {
        self.answer.outcome == OrderOutcome::Failed && self.answer.checks.is_none()
    }

    fn log(&self) {
        let Self { order, answer, .. } = self;
        let (operation, outcome) = (order.wire.operation.as_str(), answer.outcome.as_str());
        let (secret, version) = (order.name.as_str(), order.wire.version_id.as_str());
        let class = answer.class.as_ref().map(ErrorClass::as_str);
        let message = answer.message.as_str();
        if self.failed() {
            tracing::error!(
                operation,
                secret,
                version,
                outcome,
                class,
                error = message,
                "order failed"
            );
        } else {
            tracing::info!(
                operation,
                secret,
                version,
                outcome,
                class,
                why = message,
                "order done"
            );
        }
    }

    fn measure(&self, metrics: &mut impl Write) {
        OrderMetric {
            function: self.function,
            kind: self.kind.map_or(Kind::UNKNOWN, Kind::dimension),
            operation: self.order.wire.operation.as_str(),
            duration: self.took,
            failed: self.failed(),
            held: self.answer.outcome == OrderOutcome::Held,
            at: i64::try_from(self.begun.as_millis()).unwrap_or(i64::MAX),
        }
        .emit(metrics);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rekey_events::RetireOrder;
    use serde_json::{Value, json};

    fn measured(kind: Option<&str>) -> Value {
        let wire = json!({
            "operation": "retire", "secret": "prod/db/app",
            "version_id": "5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10",
        });
        let order = Order::parse(RetireOrder::try_from(wire).unwrap(), "delivery").unwrap();
        let mut metrics = Vec::new();
        Told {
            function: "rekey-dev-retire",
            order: &order,
            kind,
            answer: &order.not_due(),
            begun: Duration::from_secs(1_795_312_800),
            took: Duration::from_millis(12),
        }
        .measure(&mut metrics);
        serde_json::from_slice(&metrics).unwrap()
    }

    #[test]
    fn the_text_of_a_tag_makes_no_metric_of_its_own() {
        for kind in Kind::WORDS {
            assert_eq!(measured(Some(kind))["Kind"], *kind);
        }
        for kind in ["unknown", "of-a-tag", "Postgres", "hunter2", ""] {
            assert_eq!(measured(Some(kind))["Kind"], "unknown", "{kind}");
        }
        assert_eq!(measured(None)["Kind"], "unknown");
    }
}
