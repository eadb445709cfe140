//! Who speaks on the inner bus, and that what is said there is kept.

use serde_json::json;

use super::template::Template;

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

/// Everything that is said on the bus, for replay.
fn archived(events: &Template) -> bool {
    let (bus, _) = events.only("AWS::Events::EventBus");
    let (_, archive) = events.only("AWS::Events::Archive");
    let archive = &archive["Properties"];
    archive["SourceArn"] == json!({ "Fn::GetAtt": [bus, "Arn"] })
        && archive.get("EventPattern").is_none()
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
fn what_is_said_on_the_bus_is_archived() {
    assert!(archived(&Template::of("events")));
    for (from, to) in [
        ("SourceArn: !GetAtt Bus.Arn", "SourceArn: other"),
        ("ArchiveName:", "EventPattern: {}\n      ArchiveName:"),
    ] {
        assert!(!archived(&Template::bent("events", from, to)), "{to}");
    }
}
