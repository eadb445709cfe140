use std::io::Write;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// What is measured of one rotation step.
#[derive(Clone, Copy, Debug)]
pub struct StepMetric<'a> {
    /// The name of the function.
    pub function: &'a str,
    /// The kind of target.
    pub kind: &'a str,
    /// The step.
    pub step: &'a str,
    /// How long it took.
    pub duration: Duration,
    /// Whether it failed.
    pub failed: bool,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

impl StepMetric<'_> {
    /// Writes the record as one line. A writer that fails loses the record and nothing else.
    pub fn emit(&self, out: &mut impl Write) {
        let values = [
            ("StepDuration", "Milliseconds", milliseconds(self.duration)),
            ("StepFailed", "Count", count(self.failed)),
        ];
        let dimensions = [("Kind", self.kind), ("Step", self.step)];
        write(out, self.at, self.function, &dimensions, &values);
    }
}

/// What is measured of one order to retire, to roll back or to clear.
#[derive(Clone, Copy, Debug)]
pub struct OrderMetric<'a> {
    /// The name of the function.
    pub function: &'a str,
    /// The kind of target.
    pub kind: &'a str,
    /// The operation.
    pub operation: &'a str,
    /// How long it took.
    pub duration: Duration,
    /// Whether it failed. One that waits, or that was refused, did not.
    pub failed: bool,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

impl OrderMetric<'_> {
    /// Writes the record as one line.
    pub fn emit(&self, out: &mut impl Write) {
        let values = [
            ("StepDuration", "Milliseconds", milliseconds(self.duration)),
            ("RetireFailed", "Count", count(self.failed)),
        ];
        let dimensions = [("Kind", self.kind), ("Step", self.operation)];
        write(out, self.at, self.function, &dimensions, &values);
    }
}

/// What is measured of one round of the sweep or of the doctor, or of one request.
#[derive(Clone, Copy, Debug)]
pub enum RoundMetric {
    /// How late the latest deadline was that had come due, in seconds.
    DueLag(i64),
    /// How many open rotations are older than they should be.
    StuckPending(usize),
    /// How long a request that may be done has waited for a call of RotateSecret, in seconds.
    RequestLag(i64),
}

impl RoundMetric {
    /// Writes the record as one line. `at` is in milliseconds since 1970.
    pub fn emit(self, function: &str, at: i64, out: &mut impl Write) {
        let value = match self {
            Self::DueLag(seconds) => ("DueLag", "Seconds", json!(seconds)),
            Self::StuckPending(secrets) => ("StuckPending", "Count", json!(secrets)),
            Self::RequestLag(seconds) => ("RequestLag", "Seconds", json!(seconds)),
        };
        write(out, at, function, &[], &[value]);
    }
}

fn milliseconds(duration: Duration) -> Value {
    json!(duration.as_secs_f64() * 1e3)
}

fn count(yes: bool) -> Value {
    json!(u8::from(yes))
}

/// One line in CloudWatch's embedded metric format: the values under all dimensions, and under the function
/// alone.
fn write(
    out: &mut impl Write,
    at: i64,
    function: &str,
    dimensions: &[(&str, &str)],
    values: &[(&str, &str, Value)],
) {
    let mut all = vec!["Function"];
    all.extend(dimensions.iter().map(|(name, _)| *name));
    let mut sets = vec![all];
    if !dimensions.is_empty() {
        sets.push(vec!["Function"]);
    }
    let metrics: Vec<Value> = values
        .iter()
        .map(|(name, unit, _)| json!({ "Name": name, "Unit": unit }))
        .collect();
    let mut record = Map::new();
    record.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": at,
            "CloudWatchMetrics": [{ "Namespace": "Rekey", "Dimensions": sets, "Metrics": metrics }],
        }),
    );
    record.insert("Function".to_owned(), json!(function));
    for (name, text) in dimensions {
        record.insert((*name).to_owned(), json!(text));
    }
    for (name, _, value) in values {
        record.insert((*name).to_owned(), value.clone());
    }
    let mut line = Value::Object(record).to_string();
    line.push('\n');
    let _lost = out.write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: i64 = 1_700_000_000_000;

    fn record(out: &[u8]) -> Value {
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
        let record: Value = serde_json::from_slice(out).unwrap();
        let block = &record["_aws"]["CloudWatchMetrics"][0];
        for metric in block["Metrics"].as_array().unwrap() {
            assert!(record[metric["Name"].as_str().unwrap()].is_number());
        }
        for set in block["Dimensions"].as_array().unwrap() {
            for name in set.as_array().unwrap() {
                assert!(record[name.as_str().unwrap()].is_string());
            }
        }
        record
    }

    #[test]
    fn every_metric_and_dimension_of_a_step_has_a_value() {
        let mut out = Vec::new();
        let step = StepMetric {
            function: "rekey-rotate-database",
            kind: "postgres",
            step: "setSecret",
            duration: Duration::from_micros(12_500),
            failed: true,
            at: AT,
        };
        step.emit(&mut out);
        let record = record(&out);
        assert_eq!(record["StepDuration"], 12.5);
        assert_eq!(record["StepFailed"], 1);
        assert_eq!(record["Step"], "setSecret");
    }

    #[test]
    fn every_metric_and_dimension_of_an_order_and_of_a_round_has_a_value() {
        let mut out = Vec::new();
        let order = OrderMetric {
            function: "rekey-retire",
            kind: "postgres",
            operation: "roll_back",
            duration: Duration::from_millis(7),
            failed: true,
            at: AT,
        };
        order.emit(&mut out);
        assert_eq!(record(&out)["RetireFailed"], 1);
        for (round, name) in [
            (RoundMetric::DueLag(3), "DueLag"),
            (RoundMetric::StuckPending(3), "StuckPending"),
            (RoundMetric::RequestLag(3), "RequestLag"),
        ] {
            let mut out = Vec::new();
            round.emit("rekey-sweep", AT, &mut out);
            assert_eq!(record(&out)[name], 3);
        }
    }
}
