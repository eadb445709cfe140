//! An alarm watches a metric that somebody really writes, tells when it rings and when it is over, and says
//! what to do. A missing metric does not ring, but for the alarms whose fault is silence.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::template::{Template, list};
use crate::tidy::rust_source::RustSource;
use crate::tidy::{holds, tree};

/// AWS's own metrics that our alarms may use, with the one dimension that names their resource.
/// Sources: the pages "Metrics for Lambda functions" and "CloudWatch metrics for SQS" of their guides.
pub const OF_AWS: [(&str, &str, &[&str]); 2] = [
    (
        "AWS/Lambda",
        "FunctionName",
        &[
            "ConcurrentExecutions",
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
const SILENCE_IS_THE_FAULT: [(&str, &str); 2] = [
    (
        "SweepNotRunning",
        "a function that nobody starts writes no metric, and old credentials stay alive",
    ),
    (
        "CheckpointNotRunning",
        "a function that nobody starts writes no metric, and the newest records can be cut off unseen",
    ),
];

/// The metrics of ours that more than one function writes, so that they are summed for the stage.
pub const OF_THE_STAGE: [&str; 2] = ["RotationSucceeded", "RotationFailed"];

/// The names of our own metrics: capitalised words in the source that writes them.
pub fn of_ours() -> Vec<String> {
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
            // Each of ours is also written under the function alone, but for those that two functions write.
            None => (
                if OF_THE_STAGE.contains(&metric) {
                    "Stage"
                } else {
                    "Function"
                },
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
        for (actions, when) in [("AlarmActions", "of it"), ("OKActions", "when it is over")] {
            if alarm[actions] != json!([{ "Ref": "AlarmTopicArn" }]) {
                unreal.push(format!("{name}: tells nobody {when}"));
            }
        }
        if !leads_to_its_page(&alarm) {
            unreal.push(format!("{name}: does not say what to do"));
        }
    }
    unreal
}

/// The page of an alarm has its name, without the stage.
fn page(alarm: &Value) -> Option<String> {
    let name = alarm["AlarmName"]["Fn::Sub"].as_str()?;
    let name = name.strip_prefix("rekey-${Stage}-")?;
    Some(format!("docs/runbooks/{name}.md"))
}

fn leads_to_its_page(alarm: &Value) -> bool {
    let page = page(alarm).map(|page| format!(" What to do: {page}."));
    let description = alarm["AlarmDescription"].as_str().unwrap_or_default();
    page.is_some_and(|page| description.trim_end().ends_with(&page))
}

/// Of all templates, with the page that each leads to.
fn pages() -> Vec<String> {
    let mut pages = Vec::new();
    for template in Template::all() {
        for (_, alarm) in template.resources("AWS::CloudWatch::Alarm") {
            pages.extend(page(&alarm["Properties"]));
        }
    }
    pages
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
    let known = |name: &str| match expected {
        "Stage" => name == "Stage",
        _ => template.body["Resources"].get(name).is_some(),
    };
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
        (
            "OKActions: !If [WithAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]",
            "OKActions: []",
        ),
        (
            "docs/runbooks/rotate-database-steps-failing.md",
            "docs/runbooks/steps-failing.md",
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
    // What was given up is told by the doctor, so a sum of one function alone would miss it.
    let of_one = Template::bent(
        "observe",
        "[{Name: Stage, Value: !Ref Stage}]",
        "[{Name: Function, Value: !Ref ObserveFunction}]",
    );
    assert_eq!(unreal(&of_one).len(), 1);
}

/// The pages themselves say what to look at, and their commands are run by tests of their own.
#[test]
fn every_alarm_has_a_page_of_its_own_and_every_page_an_alarm() {
    let pages = pages();
    let once: BTreeSet<_> = pages.iter().cloned().collect();
    assert_eq!(once.len(), pages.len(), "two alarms lead to one page");
    let files = tree::files().iter().map(|file| file.path.clone());
    let of_runbooks = |path: &String| {
        let name = path.strip_prefix("docs/runbooks/");
        name.is_some_and(|name| name != "README.md")
    };
    let written: BTreeSet<_> = files.filter(of_runbooks).collect();
    assert_eq!(written, once);
}

/// Whoever looks a name up finds when it rings, or what is counted.
#[test]
fn the_page_on_logging_lists_every_alarm_and_every_metric_of_ours() {
    let page = tree::read("docs/logging.md");
    for name in pages() {
        let name = name
            .trim_start_matches("docs/runbooks/")
            .trim_end_matches(".md");
        assert!(page.contains(&format!("-{name}`")), "{name}");
    }
    let metric = |text: &String| text.starts_with(char::is_uppercase) && !text.contains(' ');
    // The rest are units, dimensions and the namespace.
    let other = [
        "Count",
        "Function",
        "Kind",
        "Milliseconds",
        "Rekey",
        "Seconds",
        "Step",
    ];
    let of_the_format = [
        "CloudWatchMetrics",
        "Dimensions",
        "Metrics",
        "Name",
        "Namespace",
        "Timestamp",
        "Unit",
    ];
    for name in of_ours().iter().filter(|text| metric(text)) {
        let known = other.contains(&name.as_str()) || of_the_format.contains(&name.as_str());
        assert!(known || page.contains(&format!("`{name}`")), "{name}");
    }
}

/// What the trail and rotation cannot do without, by the name of the alarm.
#[test]
fn what_stops_rotation_or_the_trail_rings() {
    let pages = pages();
    for name in [
        "rotate-database-steps-failing",
        "rotate-keys-steps-failing",
        "rotate-audit-keys-steps-failing",
        "rotations-failing",
        "rotations-overdue",
        "rotations-stuck",
        "retirements-held",
        "retirements-failing",
        "key-retirements-held",
        "key-retirements-failing",
        "sweep-not-running",
        "audit-dead-letters-waiting",
        "audit-events-waiting-long",
        "audit-late",
        "audit-unwritable",
        "audit-failing",
        "audit-throttled",
        "checkpoint-failing",
        "checkpoint-not-running",
        "chain-broken",
    ] {
        let page = format!("docs/runbooks/{name}.md");
        assert!(pages.contains(&page), "{name}");
    }
}

/// A hold of some hours is what holds are for.
#[test]
fn a_retirement_that_is_held_rings_after_six_hours_and_not_before() {
    for (template, alarm) in [
        ("retire", "RetirementsHeld"),
        ("retire-keys", "KeyRetirementsHeld"),
    ] {
        let alarm = Template::of(template).properties(alarm);
        assert_eq!(alarm["Period"], 3600);
        assert_eq!(alarm["EvaluationPeriods"], 6);
        assert_eq!(alarm["DatapointsToAlarm"], 6);
    }
    // Every hour has a try, or a gap would end the wait.
    let retry = Template::of("template").body["Parameters"]["RetrySeconds"]["Default"].as_u64();
    assert!(retry.is_some_and(|seconds| seconds < 3600));
}

#[test]
fn a_checkpoint_that_nobody_starts_rings() {
    let alarm = Template::of("checkpoint").properties("CheckpointNotRunning");
    assert_eq!(alarm["MetricName"], "Invocations");
    assert_eq!(alarm["Threshold"], 1);
    assert_eq!(alarm["Period"], 1800);
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
        "RotationSucceeded",
        "RotationFailed",
        "RotationsOverdue",
        "RetireHeld",
        "AuditLag",
        "AuditRecorded",
        "AuditUnwritable",
        "CheckpointMade",
        "ChainBroken",
    ];
    for name in written {
        assert!(ours.iter().any(|one| one == name), "{name}");
    }
}
