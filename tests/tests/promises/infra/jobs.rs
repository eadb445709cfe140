//! The sweep and the doctor run on schedule.

use serde_json::{Value, json};

use super::template::Template;
use crate::tidy::holds;

/// The schedules: what the function is told, and the parameter that says how often.
const JOBS: [(&str, &str, &str); 2] = [
    ("Sweep", "{\"job\": \"sweep\"}", "SweepExpression"),
    ("Doctor", "{\"job\": \"doctor\"}", "DoctorExpression"),
];

fn unscheduled(sweep: &Template) -> Vec<String> {
    let schedules: Vec<_> = sweep.resources("AWS::Scheduler::Schedule").collect();
    let runs = |(name, input, expression): &(&str, &str, &str)| {
        let expected = json!({
            "Name": { "Fn::Sub": format!("rekey-${{Stage}}-{}", name.to_lowercase()) },
            "ScheduleExpression": { "Ref": expression },
            "FlexibleTimeWindow": { "Mode": "OFF" },
            "Target": {
                "Arn": { "Fn::GetAtt": ["SweepFunction", "Arn"] },
                "RoleArn": { "Fn::GetAtt": ["SchedulerRole", "Arn"] },
                "Input": input,
                "RetryPolicy": { "MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 5 },
                "DeadLetterConfig": { "Arn": { "Fn::GetAtt": ["DeadLetterQueue", "Arn"] } },
            },
        });
        let mut found = schedules.iter().filter(|(schedule, _)| schedule == name);
        let told = found.next().map(|(_, schedule)| {
            let mut told = schedule["Properties"].clone();
            told.as_object_mut().unwrap().remove("Description");
            told
        });
        told == Some(expected)
    };
    let missing = JOBS.iter().filter(|job| !runs(job));
    missing.map(|(name, ..)| (*name).to_owned()).collect()
}

#[test]
fn the_sweep_and_the_doctor_run_as_often_as_they_are_told() {
    let sweep = Template::of("sweep");
    holds(&unscheduled(&sweep));
    let schedules = sweep.resources("AWS::Scheduler::Schedule").count();
    assert_eq!(schedules, JOBS.len(), "and nothing else does");
}

#[test]
fn a_job_that_does_not_run_is_found() {
    for (from, to) in [
        (
            "Input: '{\"job\": \"sweep\"}'",
            "Input: '{\"job\": \"doctor\"}'",
        ),
        ("!Ref SweepExpression", "rate(1 day)"),
        ("Mode: \"OFF\"", "Mode: \"FLEXIBLE\""),
        (
            "Arn: !GetAtt SweepFunction.Arn\n        RoleArn",
            "Arn: other\n        RoleArn",
        ),
        ("DeadLetterConfig:", "Other:"),
    ] {
        assert_eq!(
            unscheduled(&Template::bent("sweep", from, to)),
            ["Sweep"],
            "{to}"
        );
    }
}

/// The next run does what a failed one left, so Lambda is not to repeat it beside that.
#[test]
fn a_run_that_fails_is_repeated_by_its_schedule_alone() {
    let sweep = Template::of("sweep");
    let (_, config) = sweep.only("AWS::Lambda::EventInvokeConfig");
    let expected = json!({
        "FunctionName": { "Ref": "SweepFunction" },
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": 0,
    });
    assert_eq!(config["Properties"], expected);
}

/// What the alarm waits for has to be longer than the schedule by default.
#[test]
fn the_alarm_on_silence_waits_for_several_sweeps() {
    let root = Template::of("template");
    let default = |name: &str| root.body["Parameters"][name]["Default"].clone();
    let minutes = |expression: Value| {
        let text = expression.as_str().unwrap().to_owned();
        let number = text
            .trim_start_matches("rate(")
            .trim_end_matches(" minutes)");
        number.parse::<u64>().unwrap()
    };
    let waits = Template::of("sweep").properties("SweepNotRunning")["Period"].as_u64();
    assert!(waits.unwrap() >= 3 * 60 * minutes(default("SweepExpression")));
    assert_eq!(minutes(default("DoctorExpression")), 30);
}
