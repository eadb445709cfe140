//! Every line of the dashboard is a metric that somebody writes, of a function or a queue that there is.

use std::collections::BTreeSet;

use serde_json::Value;

use super::alarms::{OF_AWS, OF_THE_STAGE, of_ours};
use super::template::Template;
use crate::tidy::holds;

fn widgets(operations: &Template) -> Vec<Value> {
    let (_, dashboard) = operations.only("AWS::CloudWatch::Dashboard");
    let body = dashboard["Properties"]["DashboardBody"]["Fn::Sub"].as_str();
    let body: Value = serde_json::from_str(body.unwrap()).expect("the body is JSON");
    body["widgets"].as_array().unwrap().clone()
}

/// The lines of all widgets: of a metric, or a search for metrics.
fn lines(operations: &Template) -> Vec<Value> {
    let mut lines = Vec::new();
    for widget in widgets(operations) {
        let metrics = widget["properties"]["metrics"].as_array().unwrap().clone();
        lines.extend(metrics);
    }
    lines
}

/// The names that functions, or queues, have in the templates.
fn names(of_type: &str, property: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for template in Template::all() {
        for (_, resource) in template.resources(of_type) {
            let name = resource["Properties"][property]["Fn::Sub"].as_str();
            names.extend(name.map(str::to_owned));
        }
    }
    names
}

fn unreal(operations: &Template) -> Vec<String> {
    let functions = names("AWS::Serverless::Function", "FunctionName");
    let queues = names("AWS::SQS::Queue", "QueueName");
    let mut unreal = Vec::new();
    for line in lines(operations) {
        if let Some(search) = line[0]["expression"].as_str() {
            if !searches_for_a_metric(search, &functions) {
                unreal.push(search.to_owned());
            }
            continue;
        }
        let word = |at: usize| line[at].as_str().unwrap_or_default();
        let (namespace, metric, dimension, value) = (word(0), word(1), word(2), word(3));
        let of_aws = OF_AWS.iter().find(|(space, ..)| *space == namespace);
        let written = match of_aws {
            Some((_, of, metrics)) => *of == dimension && metrics.contains(&metric),
            None => {
                let ours = of_ours().iter().any(|one| one == metric);
                let of_the_stage = OF_THE_STAGE.contains(&metric);
                let expected = if of_the_stage { "Stage" } else { "Function" };
                namespace == "Rekey" && dimension == expected && ours
            }
        };
        let there = match dimension {
            "QueueName" => queues.contains(value),
            "Stage" => value == "${Stage}",
            _ => functions.contains(value),
        };
        if !written || !there {
            unreal.push(line.to_string());
        }
    }
    unreal
}

/// `SEARCH('{Rekey,Function,Kind,Step} MetricName="a" Function="b"', 'statistic', seconds)`: one of ours, under
/// the dimensions that `write` of crates/telemetry/src/metric.rs gives a step.
fn searches_for_a_metric(search: &str, functions: &BTreeSet<String>) -> bool {
    let quoted = |key: &str| {
        let (_, after) = search.split_once(&format!(" {key}=\""))?;
        Some(after.split_once('"')?.0.to_owned())
    };
    let metric = quoted("MetricName");
    search.starts_with("SEARCH('{Rekey,Function,Kind,Step} ")
        && metric.is_some_and(|metric| of_ours().contains(&metric))
        && quoted("Function").is_some_and(|function| functions.contains(&function))
}

#[test]
fn every_line_is_a_metric_of_something_that_there_is() {
    let operations = Template::of("operations");
    assert!(lines(&operations).len() > 40);
    holds(&unreal(&operations));
}

#[test]
fn a_line_that_stays_empty_is_found() {
    for (from, to) in [
        ("\"RotationSucceeded\"", "\"RotationsSucceeded\""),
        ("\"FunctionName\"", "\"Function\""),
        (
            "\"rekey-${Stage}-sweep\",{\"label\":\"stuck\"",
            "\"rekey-sweep\",{\"label\":\"stuck\"",
        ),
        (
            "\"Stage\",\"${Stage}\"",
            "\"Function\",\"rekey-${Stage}-observe\"",
        ),
        (
            "\"rekey-${Stage}-retire-dead-letters\"",
            "\"rekey-${Stage}-retire-dead\"",
        ),
        ("\"AWS/SQS\"", "\"AWS/Sqs\""),
        (
            "MetricName=\\\"StepDuration\\\"",
            "MetricName=\\\"StepTime\\\"",
        ),
        ("{Rekey,Function,Kind,Step}", "{Rekey,Function}"),
    ] {
        let found = unreal(&Template::bent("operations", from, to));
        assert_eq!(found.len(), 1, "{to}: {found:?}");
    }
}

/// What the alarms ring about is to be seen beside its past.
#[test]
fn every_metric_of_ours_that_rings_is_shown() {
    let shown: String = lines(&Template::of("operations"))
        .iter()
        .map(Value::to_string)
        .collect();
    for template in Template::all() {
        for (name, alarm) in template.resources("AWS::CloudWatch::Alarm") {
            let alarm = &alarm["Properties"];
            let metric = alarm["MetricName"].as_str().unwrap();
            let ours = alarm["Namespace"] == "Rekey";
            assert!(!ours || shown.contains(&format!("\"{metric}\"")), "{name}");
        }
    }
    for function in names("AWS::Serverless::Function", "FunctionName") {
        for metric in ["Errors", "Throttles", "ConcurrentExecutions"] {
            let line = format!("\"{metric}\",\"FunctionName\",\"{function}\"");
            assert!(shown.contains(&line), "{line}");
        }
    }
    for queue in names("AWS::SQS::Queue", "QueueName") {
        let line = format!("\"ApproximateNumberOfMessagesVisible\",\"QueueName\",\"{queue}\"");
        assert!(shown.contains(&line), "{line}");
    }
}

#[test]
fn widgets_stand_side_by_side_and_on_no_other() {
    let places: Vec<_> = widgets(&Template::of("operations"))
        .iter()
        .map(|one| ["x", "y", "width", "height"].map(|key| one[key].as_u64().unwrap()))
        .collect();
    for (at, [x, y, width, height]) in places.iter().enumerate() {
        assert!(x + width <= 24, "CloudWatch's grid is 24 wide");
        for [other_x, other_y, ..] in places.iter().skip(at + 1) {
            let within = (*x..x + width).contains(other_x) && (*y..y + height).contains(other_y);
            assert!(!within, "{x} {y}");
        }
    }
}
