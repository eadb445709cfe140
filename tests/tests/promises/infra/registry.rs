//! The registry's table: keyed as the design says, recoverable, and not gone with its stack.

use serde_json::{Value, json};

use super::template::Template;
use crate::tidy::holds;

fn lacking(registry: &Template) -> Vec<String> {
    let (_, resource) = registry.only("AWS::DynamoDB::Table");
    let table = &resource["Properties"];
    let demands: [(&str, &Value, Value); 10] = [
        (
            "a name that people can guess",
            &table["TableName"],
            json!({ "Fn::Sub": "rekey-${Stage}-registry" }),
        ),
        (
            "its keys",
            &table["KeySchema"],
            json!([
                { "AttributeName": "pk", "KeyType": "HASH" },
                { "AttributeName": "sk", "KeyType": "RANGE" },
            ]),
        ),
        (
            "keys of text",
            &table["AttributeDefinitions"],
            json!([
                { "AttributeName": "pk", "AttributeType": "S" },
                { "AttributeName": "sk", "AttributeType": "S" },
            ]),
        ),
        (
            "no capacity to plan",
            &table["BillingMode"],
            json!("PAY_PER_REQUEST"),
        ),
        (
            "an end for what is short-lived",
            &table["TimeToLiveSpecification"],
            json!({ "AttributeName": "expires_at", "Enabled": true }),
        ),
        (
            "recovery to a point in time",
            &table["PointInTimeRecoverySpecification"],
            json!({ "PointInTimeRecoveryEnabled": true }),
        ),
        (
            "encryption",
            &table["SSESpecification"],
            json!({
                "SSEEnabled": true,
                "SSEType": "KMS",
                "KMSMasterKeyId": { "Fn::If": [
                    "WithDataKey",
                    { "Ref": "DataKeyArn" },
                    { "Ref": "AWS::NoValue" },
                ]},
            }),
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
    missing.map(|(what, ..)| (*what).to_owned()).collect()
}

#[test]
fn the_table_is_keyed_encrypted_recoverable_and_outlives_its_stack() {
    holds(&lacking(&Template::of("registry")));
}

#[test]
fn a_table_that_could_be_lost_is_found() {
    for (from, to, what) in [
        (
            "PointInTimeRecoveryEnabled: true",
            "PointInTimeRecoveryEnabled: false",
            "recovery to a point in time",
        ),
        ("SSEEnabled: true", "SSEEnabled: false", "encryption"),
        (
            "AttributeName: expires_at",
            "AttributeName: ttl",
            "an end for what is short-lived",
        ),
        (
            "DeletionPolicy: RetainExceptOnCreate",
            "DeletionPolicy: Delete",
            "a life after the stack",
        ),
        (
            "UpdateReplacePolicy: Retain",
            "UpdateReplacePolicy: Delete",
            "a life after its replacement",
        ),
        (
            "!If [Protected, true, false]",
            "false",
            "protection when asked for",
        ),
        (
            "{AttributeName: sk, KeyType: RANGE}",
            "{AttributeName: at, KeyType: RANGE}",
            "its keys",
        ),
    ] {
        assert_eq!(
            lacking(&Template::bent("registry", from, to)),
            [what],
            "{to}"
        );
    }
}
