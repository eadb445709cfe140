//! The audit trail: everything that is said on the inner bus comes to its writer, from the rule and from
//! nobody else, and its table outlives the stack.

use serde_json::{Value, json};

use super::template::Template;

const RULE: &str = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/${BusName}/rekey-${Stage}-audit";

/// The indexes: by what entries are found. crates/audit/src/index.rs says what stands in them.
const BY: [&str; 6] = ["day", "tenant", "actor", "action", "target", "request"];

fn lacking(audit: &Template) -> Vec<&'static str> {
    let (_, resource) = audit.only("AWS::DynamoDB::Table");
    let table = &resource["Properties"];
    let attribute = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
    let key = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
    let names = BY.map(|by| format!("by_{by}"));
    let names = ["pk", "sk", "at"]
        .into_iter()
        .chain(names.iter().map(String::as_str));
    let indexes = BY.map(|by| {
        json!({
            "IndexName": format!("by-{by}"),
            "KeySchema": [key(&format!("by_{by}"), "HASH"), key("at", "RANGE")],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        })
    });
    let given = json!({ "Ref": "DataKeyArn" });
    let own_key = json!({ "Fn::If": ["WithDataKey", given, { "Ref": "AWS::NoValue" }] });
    let demands: [(&str, &Value, Value); 12] = [
        (
            "its name",
            &table["TableName"],
            json!({ "Fn::Sub": "rekey-${Stage}-audit" }),
        ),
        (
            "its keys",
            &table["KeySchema"],
            json!([key("pk", "HASH"), key("sk", "RANGE")]),
        ),
        (
            "keys of text",
            &table["AttributeDefinitions"],
            names.map(attribute).collect(),
        ),
        (
            "six indexes",
            &table["GlobalSecondaryIndexes"],
            json!(indexes),
        ),
        (
            "no capacity to plan",
            &table["BillingMode"],
            json!("PAY_PER_REQUEST"),
        ),
        (
            "nothing that ends by itself",
            &table["TimeToLiveSpecification"],
            Value::Null,
        ),
        (
            "recovery to a point in time",
            &table["PointInTimeRecoverySpecification"],
            json!({ "PointInTimeRecoveryEnabled": true }),
        ),
        (
            "encryption",
            &table["SSESpecification"]["SSEEnabled"],
            json!(true),
        ),
        (
            "a key of your own",
            &table["SSESpecification"]["KMSMasterKeyId"],
            own_key,
        ),
        (
            "protection when asked for",
            &table["DeletionProtectionEnabled"],
            json!({ "Fn::If": ["Protected", true, false] }),
        ),
        (
            "a life after the stack",
            &resource["DeletionPolicy"],
            json!("RetainExceptOnCreate"),
        ),
        (
            "a life after its replacement",
            &resource["UpdateReplacePolicy"],
            json!("Retain"),
        ),
    ];
    let missing = demands.iter().filter(|(_, is, should)| *is != should);
    missing.map(|(what, ..)| *what).collect()
}

#[test]
fn the_table_is_keyed_indexed_recoverable_and_outlives_its_stack() {
    assert!(lacking(&Template::of("audit")).is_empty());
}

#[test]
fn a_trail_that_could_be_lost_is_found() {
    for (from, to, what) in [
        (
            "PointInTimeRecoveryEnabled: true",
            "PointInTimeRecoveryEnabled: false",
            "recovery to a point in time",
        ),
        (
            "ProjectionType: KEYS_ONLY",
            "ProjectionType: ALL",
            "six indexes",
        ),
        (
            "{AttributeName: at, KeyType: RANGE}",
            "{AttributeName: sk, KeyType: RANGE}",
            "six indexes",
        ),
        (
            "DeletionPolicy: RetainExceptOnCreate",
            "DeletionPolicy: Delete",
            "a life after the stack",
        ),
        (
            "!If [Protected, true, false]",
            "false",
            "protection when asked for",
        ),
        (
            "BillingMode: PAY_PER_REQUEST",
            "BillingMode: PAY_PER_REQUEST\n      TimeToLiveSpecification: {AttributeName: at, Enabled: true}",
            "nothing that ends by itself",
        ),
    ] {
        assert_eq!(lacking(&Template::bent("audit", from, to)), [what], "{to}");
    }
}

/// The rule that takes everything of ours, as the event log's does.
fn unheard(audit: &Template) -> bool {
    let (_, rule) = audit.only("AWS::Events::Rule");
    let rule = &rule["Properties"];
    let pattern = json!({ "source": [{ "prefix": "rekey." }] });
    rule["EventPattern"] != pattern
        || rule["EventBusName"] != json!({ "Ref": "BusName" })
        || rule["Targets"][0]["Arn"] != json!({ "Fn::GetAtt": ["Queue", "Arn"] })
}

#[test]
fn every_event_of_the_inner_bus_is_to_be_recorded() {
    assert!(!unheard(&Template::of("audit")));
    for (from, to) in [
        ("source: [{prefix: rekey.}]", "source: [rekey.rotate]"),
        ("EventBusName: !Ref BusName", "EventBusName: default"),
    ] {
        assert!(unheard(&Template::bent("audit", from, to)), "{to}");
    }
}

/// What is in the queue is sealed, so nobody but the rule puts anything there, whatever he is allowed.
fn forgeable(audit: &Template) -> bool {
    let deny = json!({
        "Sid": "NobodyElseSends",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": { "Fn::GetAtt": ["Queue", "Arn"] },
        "Condition": { "ArnNotEquals": { "aws:SourceArn": { "Fn::Sub": RULE } } },
    });
    let statements = &audit.properties("QueuePolicy")["PolicyDocument"]["Statement"];
    !statements.as_array().is_some_and(|all| all.contains(&deny))
}

#[test]
fn nobody_but_the_rule_has_anything_recorded() {
    assert!(!forgeable(&Template::of("audit")));
    for (from, to) in [
        ("ArnNotEquals:", "ArnNotEqualsIfExists:"),
        (
            "Sid: NobodyElseSends\n            Effect: Deny",
            "Sid: NobodyElseSends\n            Effect: Allow",
        ),
    ] {
        assert!(forgeable(&Template::bent("audit", from, to)), "{to}");
    }
}

/// A transaction of DynamoDB takes 100 actions: two for each record, one for the head, one for a new chain.
#[test]
fn a_batch_of_one_chain_fits_into_one_transaction() {
    let mapping = Template::of("audit").properties("QueueToFunction");
    assert_eq!(mapping["BatchSize"], 40);
    assert!(mapping["BatchSize"].as_u64().unwrap() * 2 + 2 <= 100);
    // More than ten messages at once need a window ("Creating and configuring an Amazon SQS event source mapping").
    assert_eq!(mapping["MaximumBatchingWindowInSeconds"], 1);
    assert_eq!(mapping["ScalingConfig"]["MaximumConcurrency"], 2);
    let queue = Template::of("audit").properties("Queue");
    assert_eq!(queue["RedrivePolicy"]["maxReceiveCount"], 10);
}

#[test]
fn records_go_on_to_a_stream_or_a_log_group_and_to_nothing_else() {
    let siem = &Template::of("template").body["Parameters"]["SiemStreamArn"];
    let pattern = siem["AllowedPattern"].as_str().unwrap();
    let (stream, group) = ("deliverystream/[^ ,:/*]+", "log-group:[^ ,:*]+");
    let of = |service: &str, what: &str| format!("{service}:[^ ,:]+:[0-9]{{12}}:{what}");
    let either = format!("{}|{}", of("firehose", stream), of("logs", group));
    assert_eq!(pattern, format!("^(arn:[^ ,:]+:({either}))?$"));
    let told = &Template::of("audit").properties("AuditFunction")["Environment"]["Variables"];
    assert_eq!(told["REKEY_SIEM_STREAM"], json!({ "Ref": "SiemStreamArn" }));
}
