//! The key of your own: nobody uses it directly, and services only for what is ours.

use serde_json::{Value, json};

use super::template::{Template, entries, list};
use crate::tidy::holds;

const GROUPS: &str = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:";

/// Actions that encrypt, decrypt, or let somebody else do so.
const USES: [&str; 7] = [
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:CreateGrant",
];

fn through(services: &[&str]) -> Value {
    let name =
        |one: &&str| json!({ "Fn::Sub": format!("{one}.${{AWS::Region}}.${{AWS::URLSuffix}}") });
    let names: Vec<Value> = services.iter().map(name).collect();
    let names = match names.as_slice() {
        [one] => one.clone(),
        several => json!(several),
    };
    json!({ "StringEquals": { "kms:ViaService": names } })
}

/// Statements that let somebody use the key otherwise than it is for.
fn loose(data_key: &Template) -> Vec<String> {
    let key = data_key.properties("Key");
    let mut loose = Vec::new();
    for statement in list(&key["KeyPolicy"]["Statement"]) {
        let sid = statement["Sid"].as_str().unwrap();
        let actions = list(&statement["Action"]);
        let uses = actions
            .iter()
            .any(|action| USES.iter().any(|one| **action == *one));
        let expected = match sid {
            "TheAccountUsesTheKeyThroughServices" => {
                through(&["dynamodb", "s3", "secretsmanager", "sqs"])
            }
            "DynamoDbKeepsTablesWithTheKey" => through(&["dynamodb"]),
            "RulesOfThisAccountFillTheQueues" => {
                json!({ "StringEquals": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } } })
            }
            "CloudWatchKeepsOurLogs" => {
                let groups = ["/aws/lambda/rekey-${Stage}-*", "/aws/events/rekey-${Stage}"];
                let groups = groups.map(|one| json!({ "Fn::Sub": format!("{GROUPS}{one}") }));
                json!({ "ArnLike": { "kms:EncryptionContext:aws:logs:arn": groups } })
            }
            _ => Value::Null,
        };
        if uses && (expected.is_null() || statement["Condition"] != expected) {
            loose.push(sid.to_owned());
        }
    }
    loose
}

#[test]
fn the_key_is_used_through_the_services_that_keep_our_data_only() {
    let data_key = Template::of("data-key");
    assert!(loose(&data_key).is_empty());
    let (_, key) = data_key.only("AWS::KMS::Key");
    assert_eq!(key["Properties"]["EnableKeyRotation"], true);
    assert_eq!(key["DeletionPolicy"], "RetainExceptOnCreate");
    let (_, alias) = data_key.only("AWS::KMS::Alias");
    let name = json!({ "Fn::Sub": "alias/rekey-${Stage}-data" });
    assert_eq!(alias["Properties"]["AliasName"], name);
}

#[test]
fn a_looser_policy_of_the_key_is_found() {
    for (from, to) in [
        (
            "- kms:DescribeKey\n              - kms:GetKeyPolicy",
            "- kms:Decrypt\n              - kms:GetKeyPolicy",
        ),
        ("- !Sub sqs.${AWS::Region}", "- !Sub ec2.${AWS::Region}"),
        (
            "aws:SourceAccount: !Ref AWS::AccountId",
            "aws:SourceOrgID: o-1",
        ),
        ("log-group:/aws/lambda/rekey-${Stage}-*", "log-group:*"),
        (
            "kms:ViaService: !Sub dynamodb",
            "kms:CallerAccount: !Sub dynamodb",
        ),
    ] {
        assert_eq!(
            loose(&Template::bent("data-key", from, to)).len(),
            1,
            "{to}"
        );
    }
}

/// Everything that keeps something, but for what AWS gives no choice in.
fn not_with_it(template: &Template) -> Vec<String> {
    let given = json!({ "Ref": "DataKeyArn" });
    let or_nothing = json!({ "Fn::If": ["WithDataKey", given, { "Ref": "AWS::NoValue" }] });
    let mut not = Vec::new();
    for (name, resource) in entries(&template.body["Resources"]) {
        let properties = &resource["Properties"];
        let key = match resource["Type"].as_str().unwrap() {
            "AWS::SQS::Queue" => &properties["KmsMasterKeyId"],
            "AWS::Logs::LogGroup" | "AWS::SecretsManager::Secret" => &properties["KmsKeyId"],
            "AWS::DynamoDB::Table" => &properties["SSESpecification"]["KMSMasterKeyId"],
            _ => continue,
        };
        if *key != or_nothing {
            not.push(format!("{}: {name}", template.path));
        }
    }
    not
}

#[test]
fn every_table_queue_log_and_secret_of_ours_is_encrypted_with_it_when_asked_for() {
    let all = Template::all();
    // The example is a secret of yours, with a key of your choice.
    let ours = all
        .iter()
        .filter(|one| !one.path.ends_with("example-database.yaml"));
    holds(&ours.flat_map(not_with_it).collect::<Vec<_>>());
    for (template, from) in [
        (
            "rotation",
            "KmsKeyId: !If [WithDataKey, !Ref DataKeyArn, !Ref AWS::NoValue]",
        ),
        (
            "registry",
            "KMSMasterKeyId: !If [WithDataKey, !Ref DataKeyArn, !Ref AWS::NoValue]",
        ),
    ] {
        let bent = Template::bent(template, from, "Other: 1");
        assert_eq!(not_with_it(&bent).len(), 1, "{template}");
    }
    let bucket = Template::of("checkpoint").body["Resources"]["Bucket"]["Properties"].clone();
    let rule = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
    let either = json!({ "Fn::If": [
        "WithDataKey",
        { "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": { "Ref": "DataKeyArn" } },
        { "SSEAlgorithm": "AES256" },
    ]});
    assert_eq!(rule["ServerSideEncryptionByDefault"], either);
}

#[test]
fn it_is_made_only_when_asked_for() {
    let root = Template::of("template");
    assert_eq!(root.body["Resources"]["DataKey"]["Condition"], "WithOwnKey");
    assert_eq!(
        root.body["Parameters"]["EncryptWithOwnKey"]["Default"],
        "false"
    );
}
