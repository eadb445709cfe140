use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

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
        let mut line = self.record().to_string();
        line.push('\n');
        let _lost = out.write_all(line.as_bytes());
    }

    fn record(&self) -> Value {
        json!({
            "_aws": {
                "Timestamp": self.at,
                "CloudWatchMetrics": [{
                    "Namespace": "Rekey",
                    "Dimensions": [["Function", "Kind", "Step"], ["Function"]],
                    "Metrics": [
                        { "Name": "StepDuration", "Unit": "Milliseconds" },
                        { "Name": "StepFailed", "Unit": "Count" },
                    ],
                }],
            },
            "Function": self.function,
            "Kind": self.kind,
            "Step": self.step,
            "StepDuration": self.duration.as_secs_f64() * 1e3,
            "StepFailed": u8::from(self.failed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_and_dimension_that_is_named_has_a_value() {
        let mut out = Vec::new();
        StepMetric {
            function: "rekey-rotate-database",
            kind: "postgres",
            step: "setSecret",
            duration: Duration::from_micros(12_500),
            failed: true,
            at: 1_700_000_000_000,
        }
        .emit(&mut out);
        let record: Value = serde_json::from_slice(&out).unwrap();
        let block = &record["_aws"]["CloudWatchMetrics"][0];
        for metric in block["Metrics"].as_array().unwrap() {
            assert!(record[metric["Name"].as_str().unwrap()].is_number());
        }
        for set in block["Dimensions"].as_array().unwrap() {
            for name in set.as_array().unwrap() {
                assert!(record[name.as_str().unwrap()].is_string());
            }
        }
        assert_eq!(record["StepDuration"], 12.5);
        assert_eq!(record["StepFailed"], 1);
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
    }
}
