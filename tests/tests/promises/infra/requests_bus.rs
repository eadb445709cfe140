//! Who may ask for a rotation: the bus, the rule and the two queues let a request come in by one way only,
//! with the source that IAM has let its sender use.

use serde_json::{Value, json};

use super::template::{Template, list};
use crate::tidy::holds;

const REQUESTED: &str = "greentic.secrets.rotate.requested";
const RULE: &str = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/rekey-${Stage}-requests/rekey-${Stage}-request-asked";
const SWEEP: &str = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/rekey/${Stage}/${AWS::Region}/rekey-${Stage}-${AWS::Region}-sweep";

/// What the bus refuses everyone: a call with one event that is no request, with one source that is no
/// requester's, and, from everyone but the sweep, with the source of the schedule.
fn refusals() -> [(&'static str, Value); 3] {
    let schedule = "rekey.requester.schedule";
    [
        (
            "OnlyRequestsAreTaken",
            json!({ "ForAnyValue:StringNotEquals": { "events:detail-type": REQUESTED } }),
        ),
        (
            "OnlyRequestersSpeak",
            json!({ "ForAnyValue:StringNotLike": { "events:source": "rekey.requester.*" } }),
        ),
        (
            "OnlyTheSweepIsTheSchedule",
            json!({
                "ForAnyValue:StringEquals": { "events:source": schedule },
                "ArnNotEquals": { "aws:PrincipalArn": { "Fn::Sub": SWEEP } },
            }),
        ),
    ]
}

fn open_bus(requests: &Template) -> Vec<String> {
    let (bus, _) = requests.only("AWS::Events::EventBus");
    let policies: Vec<_> = requests.resources("AWS::Events::EventBusPolicy").collect();
    let mut open = Vec::new();
    for (name, condition) in refusals() {
        let expected = json!({
            "EventBusName": { "Ref": bus },
            "StatementId": name,
            "Statement": {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "events:PutEvents",
                "Resource": { "Fn::GetAtt": [bus, "Arn"] },
                "Condition": condition,
            },
        });
        let mut found = policies.iter().filter(|(policy, _)| *policy == name);
        if found.next().map(|(_, policy)| &policy["Properties"]) != Some(&expected) {
            open.push(name.to_owned());
        }
    }
    let others = policies.iter().map(|(name, _)| (*name).to_owned());
    let known = |name: &String| refusals().iter().any(|(known, _)| known == name);
    open.extend(others.filter(|name| !known(name)));
    open
}

#[test]
fn the_requests_bus_takes_requests_of_requesters_and_the_schedule_is_the_sweeps() {
    holds(&open_bus(&Template::of("requests")));
}

#[test]
fn a_requests_bus_that_takes_more_is_found() {
    for (from, to, found) in [
        (
            "ForAnyValue:StringNotEquals:",
            "ForAllValues:StringNotEquals:",
            "OnlyRequestsAreTaken",
        ),
        (
            "events:detail-type: greentic.secrets.rotate.requested\n\n",
            "events:detail-type: [greentic.secrets.rotate.requested, greentic.secrets.put]\n\n",
            "OnlyRequestsAreTaken",
        ),
        (
            "events:source: rekey.requester.*",
            "events:source: rekey.*",
            "OnlyRequestersSpeak",
        ),
        (
            "ForAnyValue:StringNotLike:",
            "ForAllValues:StringNotLike:",
            "OnlyRequestersSpeak",
        ),
        (
            "ForAnyValue:StringEquals:",
            "ForAllValues:StringEquals:",
            "OnlyTheSweepIsTheSchedule",
        ),
        (
            "${AWS::Region}/rekey-${Stage}-${AWS::Region}-sweep",
            "${AWS::Region}/*",
            "OnlyTheSweepIsTheSchedule",
        ),
        (
            "StatementId: OnlyRequestersSpeak\n      Statement:\n        Effect: Deny",
            "StatementId: OnlyRequestersSpeak\n      Statement:\n        Effect: Allow",
            "OnlyRequestersSpeak",
        ),
        (
            "  Archive:\n",
            "  Another:\n    Type: AWS::Events::EventBusPolicy\n  Archive:\n",
            "Another",
        ),
    ] {
        let bent = Template::bent("requests", from, to);
        assert_eq!(open_bus(&bent), [found], "{to}");
    }
}

/// EventBridge takes one change of a bus's policy at a time.
#[test]
fn the_refusals_are_made_one_after_the_other() {
    let requests = Template::of("requests");
    let waits = refusals().map(|(name, _)| {
        let policy = &requests.body["Resources"][name];
        policy["DependsOn"].as_str().map(str::to_owned)
    });
    let names = refusals().map(|(name, _)| Some(name.to_owned()));
    assert_eq!(waits[0], None);
    assert_eq!(waits[1..], names[..2]);
}

/// The requests bus and the queue know the sweep by the ARN that its role has.
#[test]
fn the_role_that_is_named_is_the_sweeps() {
    let role = Template::of("sweep").properties("SweepFunctionRole");
    let path = role["Path"]["Fn::Sub"].as_str().unwrap();
    let name = role["RoleName"]["Fn::Sub"].as_str().unwrap();
    let arn = format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role{path}{name}");
    assert_eq!(arn, SWEEP);
}

#[test]
fn every_request_is_archived_and_goes_to_the_queue() {
    let requests = Template::of("requests");
    let (bus, _) = requests.only("AWS::Events::EventBus");
    let (_, archive) = requests.only("AWS::Events::Archive");
    let archive = &archive["Properties"];
    assert_eq!(archive["SourceArn"], json!({ "Fn::GetAtt": [bus, "Arn"] }));
    assert!(archive.get("EventPattern").is_none());
    let (_, rule) = requests.only("AWS::Events::Rule");
    let rule = &rule["Properties"];
    assert_eq!(rule["EventBusName"], json!({ "Ref": bus }));
    let all = json!({ "source": [{ "prefix": "rekey.requester." }], "detail-type": [REQUESTED] });
    assert_eq!(rule["EventPattern"], all);
    let target = &rule["Targets"][0]["Arn"];
    assert_eq!(target, &json!({ "Fn::GetAtt": ["Queue", "Arn"] }));
    assert!(rule["Targets"][0].get("InputTransformer").is_none());
}

/// Who may write to a queue of requests, beside services that its policy would have to allow: a message is
/// believed, so this is the same as who may ask as anybody.
fn writers(requests: &Template, queue: &str) -> Option<Vec<Value>> {
    let mut policies = requests.resources("AWS::SQS::QueuePolicy");
    let (_, policy) =
        policies.find(|(_, one)| one["Properties"]["Queues"] == json!([{ "Ref": queue }]))?;
    let statements = list(&policy["Properties"]["PolicyDocument"]["Statement"]);
    let refusal = statements.into_iter().find(|one| {
        one["Effect"] == "Deny"
            && one["Principal"] == "*"
            && one["Action"] == "sqs:SendMessage"
            && one["Resource"] == json!({ "Fn::GetAtt": [queue, "Arn"] })
    })?;
    let mut conditions = refusal["Condition"].as_object()?.clone();
    let but = conditions.remove("ArnNotEquals")?;
    let services = json!({ "BoolIfExists": { "aws:PrincipalIsAWSService": "false" } });
    let no_more = conditions.is_empty() || Value::Object(conditions) == services;
    if !no_more || but["aws:SourceArn"] != json!({ "Fn::Sub": RULE }) {
        return None;
    }
    let roles = list(&but["aws:PrincipalArn"]);
    Some(roles.into_iter().cloned().collect())
}

fn request_role() -> Value {
    json!({ "Fn::GetAtt": ["RequestFunctionRole", "Arn"] })
}

#[test]
fn only_the_rule_and_two_functions_write_to_the_queue_of_requests() {
    let requests = Template::of("requests");
    let both = vec![request_role(), json!({ "Fn::Sub": SWEEP })];
    assert_eq!(writers(&requests, "Queue"), Some(both));
    let one = vec![request_role()];
    assert_eq!(writers(&requests, "DeadLetterQueue"), Some(one));
}

#[test]
fn another_writer_is_found() {
    for (from, to) in [
        (
            "Sid: NobodyElseSends\n            Effect: Deny",
            "Sid: NobodyElseSends\n            Effect: Allow",
        ),
        (
            "                  - !GetAtt RequestFunctionRole.Arn\n",
            "                  - !GetAtt RequestFunctionRole.Arn\n                  - another\n",
        ),
        (
            "              ArnNotEquals:\n                aws:SourceArn",
            "              ArnNotLike:\n                aws:SourceArn",
        ),
        (
            "              ArnNotEquals:\n",
            "              StringEquals: {aws:PrincipalType: User}\n              ArnNotEquals:\n",
        ),
    ] {
        let bent = Template::bent("requests", from, to);
        let both = vec![request_role(), json!({ "Fn::Sub": SWEEP })];
        assert_ne!(writers(&bent, "Queue"), Some(both), "{to}");
    }
}

/// Dead letters may be sent back, so another queue's would come in as requests.
#[test]
fn no_other_queue_parks_among_the_requests() {
    let parked = Template::of("requests").properties("DeadLetterQueue");
    let queue = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:rekey-${Stage}-request";
    let expected = json!({
        "redrivePermission": "byQueue",
        "sourceQueueArns": [{ "Fn::Sub": queue }],
    });
    assert_eq!(parked["RedriveAllowPolicy"], expected);
    let named = Template::of("requests").properties("Queue");
    assert_eq!(named["QueueName"]["Fn::Sub"], "rekey-${Stage}-request");
}

/// A crash counts as a receive, and ten of them are an hour; what waits for its turn counts none.
#[test]
fn a_request_outlasts_an_hour_of_crashes() {
    let queue = Template::of("requests").properties("Queue");
    let receives = queue["RedrivePolicy"]["maxReceiveCount"].as_u64().unwrap();
    let hidden = queue["VisibilityTimeout"].as_u64().unwrap();
    assert!(receives * hidden >= 3600, "{receives} times {hidden} s");
}
