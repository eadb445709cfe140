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
    /// Whether it waits: something holds the old credential.
    pub held: bool,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

impl OrderMetric<'_> {
    /// Writes the record as one line.
    pub fn emit(&self, out: &mut impl Write) {
        let values = [
            ("StepDuration", "Milliseconds", milliseconds(self.duration)),
            ("RetireFailed", "Count", count(self.failed)),
            ("RetireHeld", "Count", count(self.held)),
        ];
        let dimensions = [("Kind", self.kind), ("Step", self.operation)];
        write(out, self.at, self.function, &dimensions, &values);
    }
}

/// What is measured of rotations that have ended, when that is told.
#[derive(Clone, Copy, Debug)]
pub struct EndMetric<'a> {
    /// The name of the function that tells it.
    pub function: &'a str,
    /// The stage: more than one function tells ends, and an alarm is over all of them.
    pub stage: &'a str,
    /// How many have ended as they should.
    pub succeeded: usize,
    /// How many were given up or rolled back.
    pub failed: usize,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

impl EndMetric<'_> {
    /// Writes the record as one line.
    pub fn emit(&self, out: &mut impl Write) {
        let values = [
            ("RotationSucceeded", "Count", json!(self.succeeded)),
            ("RotationFailed", "Count", json!(self.failed)),
        ];
        let properties = [("Function", self.function), ("Stage", self.stage)];
        let sets = [vec!["Function"], vec!["Stage"]];
        line(out, self.at, &properties, &sets, &values);
    }
}

/// What is measured of one batch of events that were to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct BatchMetric<'a> {
    /// The name of the function.
    pub function: &'a str,
    /// The age of the oldest event of the batch that could be read, in seconds; none when none could.
    pub lag: Option<i64>,
    /// How many records are new.
    pub recorded: usize,
    /// How many events went back to the queue, for whatever reason.
    pub unwritable: usize,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

impl BatchMetric<'_> {
    /// Writes the record as one line.
    pub fn emit(&self, out: &mut impl Write) {
        let lag = self.lag.map(|lag| ("AuditLag", "Seconds", json!(lag)));
        let values = lag.into_iter().chain([
            ("AuditRecorded", "Count", json!(self.recorded)),
            ("AuditUnwritable", "Count", json!(self.unwritable)),
        ]);
        let values: Vec<_> = values.collect();
        write(out, self.at, self.function, &[], &values);
    }
}

/// What is measured of one run that makes a checkpoint.
#[derive(Clone, Copy, Debug)]
pub struct CheckpointMetric<'a> {
    /// The name of the function.
    pub function: &'a str,
    /// How many chains something is wrong with.
    pub broken: usize,
    /// Whether a checkpoint was made. Where another run was faster, that one counts it.
    pub made: bool,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

impl CheckpointMetric<'_> {
    /// Writes the record as one line.
    pub fn emit(&self, out: &mut impl Write) {
        let values = [
            ("ChainBroken", "Count", json!(self.broken)),
            ("CheckpointMade", "Count", count(self.made)),
        ];
        write(out, self.at, self.function, &[], &values);
    }
}

/// What is measured of one round of the sweep or of the doctor, or of one request.
#[derive(Clone, Copy, Debug)]
pub enum RoundMetric {
    /// How late the latest deadline was that had come due, in seconds.
    DueLag(i64),
    /// How many open rotations are older than they should be.
    StuckPending(usize),
    /// How many secrets should have been rotated by now.
    RotationsOverdue(usize),
    /// How long a request that may be done has waited for a call of RotateSecret, in seconds.
    RequestLag(i64),
}

impl RoundMetric {
    /// Writes the record as one line. `at` is in milliseconds since 1970.
    pub fn emit(self, function: &str, at: i64, out: &mut impl Write) {
        let value = match self {
            Self::DueLag(seconds) => ("DueLag", "Seconds", json!(seconds)),
            Self::StuckPending(secrets) => ("StuckPending", "Count", json!(secrets)),
            Self::RotationsOverdue(secrets) => ("RotationsOverdue", "Count", json!(secrets)),
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

/// The values under all dimensions, and under the function alone.
fn write(
    out: &mut impl Write,
    at: i64,
    function: &str,
    dimensions: &[(&str, &str)],
    values: &[(&str, &str, Value)],
) {
    let mut properties = vec![("Function", function)];
    properties.extend(dimensions);
    let mut sets = vec![properties.iter().map(|(name, _)| *name).collect()];
    if !dimensions.is_empty() {
        sets.push(vec!["Function"]);
    }
    line(out, at, &properties, &sets, values);
}

/// One line in CloudWatch's embedded metric format: the values under each set of dimensions.
fn line(
    out: &mut impl Write,
    at: i64,
    properties: &[(&str, &str)],
    sets: &[Vec<&str>],
    values: &[(&str, &str, Value)],
) {
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
    for (name, text) in properties {
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
            held: false,
            at: AT,
        };
        order.emit(&mut out);
        let order = record(&out);
        assert_eq!(
            (&order["RetireFailed"], &order["RetireHeld"]),
            (&json!(1), &json!(0))
        );
        for (round, name) in [
            (RoundMetric::DueLag(3), "DueLag"),
            (RoundMetric::StuckPending(3), "StuckPending"),
            (RoundMetric::RotationsOverdue(3), "RotationsOverdue"),
            (RoundMetric::RequestLag(3), "RequestLag"),
        ] {
            let mut out = Vec::new();
            round.emit("rekey-sweep", AT, &mut out);
            assert_eq!(record(&out)[name], 3);
        }
    }

    #[test]
    fn the_end_of_a_rotation_counts_for_the_function_and_for_the_stage() {
        let mut out = Vec::new();
        let ends = EndMetric {
            function: "rekey-prod-observe",
            stage: "prod",
            succeeded: 2,
            failed: 1,
            at: AT,
        };
        ends.emit(&mut out);
        let record = record(&out);
        assert_eq!(record["RotationSucceeded"], 2);
        assert_eq!(record["RotationFailed"], 1);
        let sets = &record["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
        assert_eq!(*sets, json!([["Function"], ["Stage"]]));
    }

    #[test]
    fn a_batch_of_which_nothing_could_be_read_has_no_lag() {
        for lag in [Some(7), None] {
            let mut out = Vec::new();
            let batch = BatchMetric {
                function: "rekey-prod-audit",
                lag,
                recorded: 3,
                unwritable: 2,
                at: AT,
            };
            batch.emit(&mut out);
            let record = record(&out);
            assert_eq!(record.get("AuditLag").cloned(), lag.map(|lag| json!(lag)));
            assert_eq!(record["AuditRecorded"], 3);
            assert_eq!(record["AuditUnwritable"], 2);
        }
    }

    #[test]
    fn a_run_that_came_too_late_made_no_checkpoint_and_found_what_it_found() {
        let mut out = Vec::new();
        let run = CheckpointMetric {
            function: "rekey-prod-checkpoint",
            broken: 2,
            made: false,
            at: AT,
        };
        run.emit(&mut out);
        let record = record(&out);
        assert_eq!(record["ChainBroken"], 2);
        assert_eq!(record["CheckpointMade"], 0);
    }
}
