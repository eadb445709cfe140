//! A message is taken once, or again, or parked where somebody sees it; it is never lost.

use serde_json::{Value, json};

use super::template::{Template, entries, list};
use crate::tidy::holds;

/// 14 days, the longest that SQS keeps a message.
const LONGEST_RETENTION: u64 = 14 * 24 * 3600;

/// AWS's advice, from "Creating and configuring an Amazon SQS event source mapping": so long that Lambda
/// can try again when the function is throttled, and so often that throttling alone parks nothing.
const TIMES_THE_TIMEOUT: u64 = 6;
const LEAST_RECEIVES: u64 = 5;

fn careless(template: &Template) -> Vec<String> {
    let mut careless = Vec::new();
    let queues: Vec<_> = template.resources("AWS::SQS::Queue").collect();
    for (name, queue) in &queues {
        let queue = &queue["Properties"];
        let mut demand = |what: &str, there: bool| {
            if !there {
                careless.push(format!("{name}: {what}"));
            }
        };
        demand("encrypted", encrypted(queue));
        demand("over TLS only", over_tls_only(template, name));
        // SQS drops what is older, also from a queue that would park it after some receives.
        let kept = queue["MessageRetentionPeriod"].as_u64();
        demand("14 days", kept == Some(LONGEST_RETENTION));
        if parks(template, name) {
            demand("an alarm", watched(template, name));
            continue;
        }
        let redrive = &queue["RedrivePolicy"];
        let dead_letters = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0].as_str();
        let there = |one: &str| queues.iter().any(|(queue, _)| *queue == one);
        demand("a dead-letter queue", dead_letters.is_some_and(there));
        let receives = redrive["maxReceiveCount"].as_u64();
        demand("five receives", receives >= Some(LEAST_RECEIVES));
        let visibility = queue["VisibilityTimeout"].as_u64();
        let mappings: Vec<_> = mappings(template, name).collect();
        demand("one function that takes from it", mappings.len() == 1);
        for mapping in mappings {
            let function = mapping["FunctionName"]["Ref"].as_str().unwrap_or_default();
            let timeout = template.properties(function)["Timeout"].as_u64();
            let least = timeout.map(|seconds| seconds * TIMES_THE_TIMEOUT);
            demand(
                "hidden for six time-outs",
                least.is_some() && visibility >= least,
            );
            let reports = json!(["ReportBatchItemFailures"]);
            demand(
                "each message for itself",
                mapping["FunctionResponseTypes"] == reports,
            );
            let most = &mapping["ScalingConfig"]["MaximumConcurrency"];
            demand("a bound on functions at once", most.is_u64());
        }
    }
    careless
}

/// With SQS's own key, or with the one that the stack was given: never with both, never with none.
fn encrypted(queue: &Value) -> bool {
    let nothing = json!({ "Ref": "AWS::NoValue" });
    let given = json!({ "Ref": "DataKeyArn" });
    queue["SqsManagedSseEnabled"] == json!({ "Fn::If": ["WithDataKey", nothing, true] })
        && queue["KmsMasterKeyId"] == json!({ "Fn::If": ["WithDataKey", given, nothing] })
}

/// Whether anything in the template parks there what it could not deliver.
fn parks(template: &Template, queue: &str) -> bool {
    let here = json!({ "Fn::GetAtt": [queue, "Arn"] });
    let mut found = false;
    each_map(&template.body["Resources"], &mut |map| {
        found |= map["deadLetterTargetArn"] == here || map["DeadLetterConfig"]["Arn"] == here;
    });
    found
}

fn each_map(value: &Value, see: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(_) => {
            see(value);
            entries(value).for_each(|(_, inner)| each_map(inner, see));
        }
        Value::Array(items) => items.iter().for_each(|item| each_map(item, see)),
        _ => {}
    }
}

fn over_tls_only(template: &Template, queue: &str) -> bool {
    let expected = json!({
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"],
        "Resource": { "Fn::GetAtt": [queue, "Arn"] },
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    });
    let mut policies = template.resources("AWS::SQS::QueuePolicy");
    policies.any(|(_, policy)| {
        let policy = &policy["Properties"];
        policy["Queues"] == json!([{ "Ref": queue }])
            && list(&policy["PolicyDocument"]["Statement"]).contains(&&expected)
    })
}

/// An alarm that rings when one message waits there.
fn watched(template: &Template, queue: &str) -> bool {
    let of_queue =
        json!([{ "Name": "QueueName", "Value": { "Fn::GetAtt": [queue, "QueueName"] } }]);
    let mut alarms = template.resources("AWS::CloudWatch::Alarm");
    alarms.any(|(_, alarm)| {
        let alarm = &alarm["Properties"];
        alarm["Dimensions"] == of_queue
            && alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
            && alarm["Threshold"] == 0
    })
}

fn mappings<'a>(template: &'a Template, queue: &str) -> impl Iterator<Item = &'a Value> {
    let source = json!({ "Fn::GetAtt": [queue, "Arn"] });
    let all = template.resources("AWS::Lambda::EventSourceMapping");
    all.map(|(_, mapping)| &mapping["Properties"])
        .filter(move |mapping| mapping["EventSourceArn"] == source)
}

#[test]
fn no_message_of_any_queue_is_lost_unseen_or_open() {
    let all = Template::all();
    let queues = all
        .iter()
        .map(|one| one.resources("AWS::SQS::Queue").count());
    assert!(
        queues.sum::<usize>() > 4,
        "the search looks in the wrong place"
    );
    holds(&all.iter().flat_map(careless).collect::<Vec<_>>());
}

#[test]
fn a_careless_queue_is_found() {
    for (from, to, what) in [
        (
            "[WithDataKey, !Ref AWS::NoValue, true]",
            "[WithDataKey, !Ref AWS::NoValue, false]",
            "Queue: encrypted",
        ),
        (
            "KmsMasterKeyId: !If [WithDataKey, !Ref DataKeyArn, !Ref AWS::NoValue]",
            "Other: 1",
            "Queue: encrypted",
        ),
        (
            "aws:SecureTransport: \"false\"",
            "aws:SecureTransport: \"true\"",
            "Queue: over TLS only",
        ),
        (
            "MessageRetentionPeriod: 1209600",
            "MessageRetentionPeriod: 345600",
            "Queue: 14 days",
        ),
        (
            "Value: !GetAtt DeadLetterQueue.QueueName",
            "Value: other",
            "DeadLetterQueue: an alarm",
        ),
        (
            "deadLetterTargetArn: !GetAtt DeadLetterQueue.Arn",
            "deadLetterTargetArn: !GetAtt Gone.Arn",
            "Queue: a dead-letter queue",
        ),
        (
            "maxReceiveCount: 5",
            "maxReceiveCount: 1",
            "Queue: five receives",
        ),
        (
            "EventSourceArn: !GetAtt Queue.Arn",
            "EventSourceArn: other",
            "Queue: one function that takes from it",
        ),
        (
            "VisibilityTimeout: 180",
            "VisibilityTimeout: 30",
            "Queue: hidden for six time-outs",
        ),
        (
            "FunctionResponseTypes: [ReportBatchItemFailures]",
            "Other: 1",
            "Queue: each message for itself",
        ),
        (
            "ScalingConfig: {MaximumConcurrency: 5}",
            "Other: 1",
            "Queue: a bound on functions at once",
        ),
    ] {
        assert_eq!(
            careless(&Template::bent("observe", from, to)),
            [what],
            "{to}"
        );
    }
}
