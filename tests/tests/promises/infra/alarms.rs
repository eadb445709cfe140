//! An alarm watches a metric that somebody really writes, and a missing one does not ring, but for the one
//! whose fault is silence.

use serde_json::{Value, json};

use super::template::{Template, list};
use crate::tidy::rust_source::RustSource;
use crate::tidy::{holds, tree};

/// AWS's own metrics that our alarms may use, with the one dimension that names their resource.
/// Sources: the pages "Metrics for Lambda functions" and "CloudWatch metrics for SQS" of their guides.
const OF_AWS: [(&str, &str, &[&str]); 2] = [
    (
        "AWS/Lambda",
        "FunctionName",
        &[
            "Errors",
            "Invocations",
            "Throttles",
            "Duration",
            "DeadLetterErrors",
            "AsyncEventsDropped",
        ],
    ),
    (
        "AWS/SQS",
        "QueueName",
        &[
            "ApproximateNumberOfMessagesVisible",
            "ApproximateAgeOfOldestMessage",
            "NumberOfMessagesSent",
        ],
    ),
];

/// Alarms that ring when there is nothing to measure, and why.
const SILENCE_IS_THE_FAULT: [(&str, &str); 1] = [(
    "SweepNotRunning",
    "a function that nobody starts writes no metric, and old credentials stay alive",
)];

/// The names of our own metrics: capitalised words in the source that writes them.
fn of_ours() -> Vec<String> {
    let source = RustSource::production(&tree::read("crates/telemetry/src/metric.rs"));
    source.literals.into_iter().map(|(_, text)| text).collect()
}

fn unreal(template: &Template) -> Vec<String> {
    let ours = of_ours();
    let mut unreal = Vec::new();
    let names: Vec<_> = template
        .resources("AWS::CloudWatch::Alarm")
        .map(|(name, _)| name)
        .collect();
    for name in names {
        let alarm = template.properties(name);
        let metric = alarm["MetricName"].as_str().unwrap_or_default();
        let namespace = alarm["Namespace"].as_str().unwrap_or_default();
        let known = OF_AWS.iter().find(|(space, ..)| *space == namespace);
        let (dimension, written) = match known {
            Some((_, dimension, metrics)) => (*dimension, metrics.contains(&metric)),
            // Each of ours is also written under the function alone.
            None => (
                "Function",
                namespace == "Rekey" && ours.iter().any(|one| one == metric),
            ),
        };
        let real = written && names_a_resource(template, &alarm["Dimensions"], dimension);
        if !real {
            unreal.push(format!(
                "{name}: nobody writes {namespace} {metric} with these dimensions"
            ));
        }
        let silence = SILENCE_IS_THE_FAULT.iter().any(|(alarm, _)| *alarm == name);
        let missing = if silence { "breaching" } else { "notBreaching" };
        if alarm["TreatMissingData"] != missing {
            unreal.push(format!("{name}: missing data is not {missing}"));
        }
        // It asks for too little of something, the others for too much.
        let comparison = if silence {
            "LessThanThreshold"
        } else {
            "GreaterThanThreshold"
        };
        if alarm["ComparisonOperator"] != comparison {
            unreal.push(format!("{name}: rings at the wrong side of its threshold"));
        }
        if alarm["AlarmActions"] != json!([{ "Ref": "AlarmTopicArn" }]) {
            unreal.push(format!("{name}: tells nobody"));
        }
    }
    unreal
}

fn names_a_resource(template: &Template, dimensions: &Value, expected: &str) -> bool {
    let dimensions = list(dimensions);
    let [dimension] = dimensions.as_slice() else {
        return false;
    };
    let value = &dimension["Value"];
    let resource = value["Ref"]
        .as_str()
        .or_else(|| value["Fn::GetAtt"][0].as_str());
    let known = |name: &str| template.body["Resources"].get(name).is_some();
    dimension["Name"] == expected && resource.is_some_and(known)
}

#[test]
fn every_alarm_watches_a_metric_that_is_written_and_tells_someone() {
    let all = Template::all();
    assert!(
        all.iter()
            .map(|one| one.resources("AWS::CloudWatch::Alarm").count())
            .sum::<usize>()
            > 0
    );
    holds(&all.iter().flat_map(unreal).collect::<Vec<_>>());
}

#[test]
fn an_alarm_that_can_never_ring_is_found() {
    for (from, to) in [
        ("MetricName: Errors", "MetricName: Error"),
        (
            "ComparisonOperator: GreaterThanThreshold",
            "ComparisonOperator: LessThanThreshold",
        ),
        ("Namespace: AWS/Lambda", "Namespace: Rekey"),
        (
            "Dimensions: [{Name: FunctionName, Value: !Ref DatabaseFunction}]",
            "Dimensions: []",
        ),
        ("Value: !Ref DatabaseFunction}", "Value: !Ref Gone}"),
        (
            "TreatMissingData: notBreaching",
            "TreatMissingData: breaching",
        ),
        (
            "AlarmActions: !If [WithAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]",
            "AlarmActions: []",
        ),
    ] {
        assert_eq!(
            unreal(&Template::bent("rotation", from, to)).len(),
            1,
            "{to}"
        );
    }
}

#[test]
fn an_alarm_on_a_metric_of_ours_that_nobody_writes_so_is_found() {
    for (from, to) in [
        ("MetricName: RetireFailed", "MetricName: RetirementFailed"),
        ("Name: Function,", "Name: FunctionName,"),
        ("Namespace: Rekey", "Namespace: rekey"),
    ] {
        assert_eq!(unreal(&Template::bent("retire", from, to)).len(), 1, "{to}");
    }
}

#[test]
fn a_sweep_that_nobody_starts_rings() {
    let alarms = Template::of("sweep").properties("SweepNotRunning");
    assert_eq!(alarms["MetricName"], "Invocations");
    assert_eq!(alarms["Threshold"], 1);
    for (from, to) in [
        (
            "TreatMissingData: breaching",
            "TreatMissingData: notBreaching",
        ),
        (
            "ComparisonOperator: LessThanThreshold",
            "ComparisonOperator: GreaterThanThreshold",
        ),
    ] {
        assert_eq!(unreal(&Template::bent("sweep", from, to)).len(), 1, "{to}");
    }
}

#[test]
fn our_own_metrics_are_known_by_their_names() {
    let ours = of_ours();
    let written = [
        "StepDuration",
        "StepFailed",
        "RetireFailed",
        "DueLag",
        "StuckPending",
        "RequestLag",
    ];
    for name in written {
        assert!(ours.iter().any(|one| one == name), "{name}");
    }
}
