//! Who speaks on the inner bus, and that nothing said there is lost.

use serde_json::{Value, json};

use super::template::{Template, list};
use crate::tidy::holds;

/// 14 days, the longest that SQS keeps a message.
const LONGEST_RETENTION: u64 = 14 * 24 * 3600;

const OUR_ROLES: &str =
    "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/rekey/${Stage}/${AWS::Region}/*";

fn only_ours_publish(events: &Template) -> bool {
    let (bus, _) = events.only("AWS::Events::EventBus");
    let (_, policy) = events.only("AWS::Events::EventBusPolicy");
    let policy = &policy["Properties"];
    let expected = json!({
        "Effect": "Deny",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": { "Fn::GetAtt": [bus, "Arn"] },
        "Condition": { "ArnNotLike": { "aws:PrincipalArn": { "Fn::Sub": OUR_ROLES } } },
    });
    policy["EventBusName"]["Ref"] == *bus && policy["Statement"] == expected
}

/// The path of a role whose ARN the bus lets in.
fn path_of_our_roles() -> &'static str {
    let (_, path) = OUR_ROLES.split_once(":role").unwrap();
    path.trim_end_matches('*')
}

fn loses(events: &Template) -> Vec<String> {
    let mut loses = Vec::new();
    let mut demand = |what: &str, there: bool| {
        if !there {
            loses.push(what.to_owned());
        }
    };
    let (bus, _) = events.only("AWS::Events::EventBus");
    let (_, archive) = events.only("AWS::Events::Archive");
    let archive = &archive["Properties"];
    demand(
        "an archive of the bus",
        archive["SourceArn"] == json!({ "Fn::GetAtt": [bus, "Arn"] }),
    );
    demand(
        "an archive of everything",
        archive.get("EventPattern").is_none(),
    );
    for (name, queue) in events.resources("AWS::SQS::Queue") {
        let queue = &queue["Properties"];
        let encrypted =
            queue["SqsManagedSseEnabled"] == true || queue.get("KmsMasterKeyId").is_some();
        demand("an encrypted queue", encrypted);
        let kept = queue["MessageRetentionPeriod"].as_u64();
        demand("14 days in the queue", kept == Some(LONGEST_RETENTION));
        demand("an alarm on the queue", watched(events, name));
    }
    for (_, rule) in events.resources("AWS::Events::Rule") {
        for target in list(&rule["Properties"]["Targets"]) {
            let parked = target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0].as_str();
            let queue = parked.map(|name| &events.body["Resources"][name]["Type"]);
            demand(
                "a dead-letter queue for the target",
                queue == Some(&json!("AWS::SQS::Queue")),
            );
        }
    }
    loses
}

fn watched(events: &Template, queue: &str) -> bool {
    let mut alarms = events.resources("AWS::CloudWatch::Alarm");
    alarms.any(|(_, alarm)| {
        let dimensions: Vec<&Value> = list(&alarm["Properties"]["Dimensions"]);
        let of_queue =
            json!({ "Name": "QueueName", "Value": { "Fn::GetAtt": [queue, "QueueName"] } });
        dimensions == [&of_queue]
    })
}

#[test]
fn the_bus_refuses_everyone_but_our_functions() {
    assert!(only_ours_publish(&Template::of("events")));
}

#[test]
fn a_bus_that_lets_others_in_is_found() {
    for (from, to) in [
        (
            "Effect: Deny\n        Principal: \"*\"",
            "Effect: Allow\n        Principal: \"*\"",
        ),
        ("ArnNotLike:", "ArnNotLikeIfExists:"),
        ("role/rekey/${Stage}/${AWS::Region}/*", "role/*"),
        ("Action: events:PutEvents", "Action: events:PutRule"),
        (
            "EventBusName: !Ref Bus\n      StatementId",
            "EventBusName: default\n      StatementId",
        ),
    ] {
        assert!(
            !only_ours_publish(&Template::bent("events", from, to)),
            "{to}"
        );
    }
}

#[test]
fn the_roles_under_the_path_of_the_bus_are_those_of_functions() {
    for template in Template::all() {
        let names: Vec<_> = template
            .resources("AWS::IAM::Role")
            .map(|(name, _)| name)
            .collect();
        for name in names {
            let role = template.properties(name);
            let under_the_path = role["Path"]["Fn::Sub"] == path_of_our_roles();
            let mut functions = template.resources("AWS::Serverless::Function");
            let arn = json!({ "Fn::GetAtt": [name, "Arn"] });
            let of_a_function =
                functions.any(|(_, function)| function["Properties"]["Role"] == arn);
            assert_eq!(under_the_path, of_a_function, "{name}");
        }
    }
    assert_eq!(path_of_our_roles(), "/rekey/${Stage}/${AWS::Region}/");
}

#[test]
fn what_is_said_on_the_bus_is_archived_and_what_nobody_took_is_parked() {
    let events = Template::of("events");
    assert!(events.resources("AWS::Events::Rule").count() > 0);
    assert!(events.resources("AWS::SQS::Queue").count() > 0);
    holds(&loses(&events));
}

#[test]
fn a_way_to_lose_an_event_is_found() {
    for (from, to, what) in [
        (
            "SourceArn: !GetAtt Bus.Arn",
            "SourceArn: other",
            "an archive of the bus",
        ),
        (
            "ArchiveName:",
            "EventPattern: {}\n      ArchiveName:",
            "an archive of everything",
        ),
        (
            "SqsManagedSseEnabled: true",
            "SqsManagedSseEnabled: false",
            "an encrypted queue",
        ),
        (
            "MessageRetentionPeriod: 1209600",
            "MessageRetentionPeriod: 345600",
            "14 days in the queue",
        ),
        (
            "!GetAtt DeadLetterQueue.QueueName",
            "other",
            "an alarm on the queue",
        ),
        (
            "DeadLetterConfig:",
            "Other:",
            "a dead-letter queue for the target",
        ),
    ] {
        assert_eq!(loses(&Template::bent("events", from, to)), [what], "{to}");
    }
}
