//! The three policies for people: one looks, one also asks the functions to act, one says who may ask for
//! rotations.

use serde_json::json;

use super::{Need, Role, allow, any_secret, sub};
use crate::infra::template::Template;

const READER: Role = Role {
    template: "operators",
    resource: "Reader",
};
const OPERATOR: Role = Role {
    template: "operators",
    resource: "Operator",
};
const ADMINISTRATOR: Role = Role {
    template: "operators",
    resource: "Administrator",
};

/// What all three may: look.
const LOOKS: [&str; 7] = [
    "CheckSignatures",
    "CountDeadLetters",
    "LookAtSecrets",
    "ReadCheckpoints",
    "ReadTheRegistry",
    "ReadTheTrail",
    "UseTheDataKey",
];

fn with_looks(others: &[&'static str]) -> Vec<&'static str> {
    let mut all = [LOOKS.as_slice(), others].concat();
    all.sort_unstable();
    all
}

fn the_functions() -> Need {
    let functions = [
        "RetireFunctionArn",
        "RetireKeysFunctionArn",
        "SweepFunctionArn",
    ];
    let functions = functions.map(|one| json!({ "Ref": one }));
    allow(&["lambda:InvokeFunction"], json!(functions))
}

/// Items about requesters, and no other item in the same call.
fn the_requesters() -> Need {
    let actions = [
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
    ];
    allow(&actions, json!({ "Ref": "TableArn" })).when(json!({
        "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["ACTOR#*", "ACTORS"] },
        "Null": { "dynamodb:LeadingKeys": "false" },
    }))
}

#[test]
fn all_look_at_what_is_known_about_secrets() {
    let table = json!({ "Ref": "TableArn" });
    let registry = allow(&["dynamodb:GetItem", "dynamodb:Query"], table);
    let secrets = [
        "secretsmanager:DescribeSecret",
        "secretsmanager:ListSecretVersionIds",
    ];
    let secrets = allow(&secrets, any_secret());
    let queues = [
        "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:rekey-${Stage}-dead-letters",
        "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:rekey-${Stage}-*-dead-letters",
    ];
    let counted = allow(
        &["sqs:GetQueueUrl", "sqs:GetQueueAttributes"],
        json!(queues.map(sub)),
    );
    for role in [READER, OPERATOR, ADMINISTRATOR] {
        role.says("ReadTheRegistry", &registry);
        role.says("LookAtSecrets", &secrets);
        role.says("CountDeadLetters", &counted);
    }
}

#[test]
fn all_read_the_audit_trail_and_its_checkpoints_and_nobody_writes_them() {
    let table = json!({ "Ref": "AuditTableArn" });
    let trail = json!([table, sub("${AuditTableArn}/index/*")]);
    let reads = [
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
    ];
    let bucket = json!({ "Ref": "CheckpointBucketArn" });
    let checkpoints = json!([bucket, sub("${CheckpointBucketArn}/checkpoints/*")]);
    let checkpoints = allow(&["s3:GetObject", "s3:ListBucket"], checkpoints);
    let key = json!({ "Ref": "CheckpointKeyArn" });
    for role in [READER, OPERATOR, ADMINISTRATOR] {
        role.says("ReadTheTrail", &allow(&reads, trail.clone()));
        role.says("ReadCheckpoints", &checkpoints);
        role.says(
            "CheckSignatures",
            &allow(&["kms:GetPublicKey"], key.clone()),
        );
    }
    for (from, to, sid) in [
        ("dynamodb:BatchGetItem", "dynamodb:PutItem", "ReadTheTrail"),
        ("s3:ListBucket", "s3:DeleteObject", "ReadCheckpoints"),
        ("kms:GetPublicKey", "kms:Sign", "CheckSignatures"),
    ] {
        let bent = READER.bent(from, to, sid).unwrap();
        assert!(bent.actions.iter().any(|action| action == to), "{to}");
    }
}

#[test]
fn the_reader_looks_and_does_nothing_else() {
    READER.says_nothing_but(&LOOKS);
}

#[test]
fn the_operator_acts_through_the_functions_only() {
    OPERATOR.says_nothing_but(&with_looks(&["AskForRotations", "AskTheFunctions"]));
    OPERATOR.says("AskTheFunctions", &the_functions());
    let bent = OPERATOR.bent(
        "!Ref SweepFunctionArn]",
        "!Ref SweepFunctionArn, !Ref RotationFunctionArn]",
        "AskTheFunctions",
    );
    assert_ne!(bent, Some(the_functions()));
}

#[test]
fn the_administrator_says_who_may_ask_and_writes_nothing_else() {
    ADMINISTRATOR.says_nothing_but(&with_looks(&["SayWhoMayAsk"]));
    ADMINISTRATOR.says("SayWhoMayAsk", &the_requesters());
    for (from, to) in [
        ("ACTOR#*", "*"),
        ("ACTORS]", "ACTORS, \"SECRET#*\"]"),
        ("ForAllValues:StringLike", "ForAnyValue:StringLike"),
        (
            "dynamodb:LeadingKeys: \"false\"",
            "dynamodb:LeadingKeys: \"true\"",
        ),
        (
            "[dynamodb:PutItem, dynamodb:UpdateItem",
            "[dynamodb:BatchWriteItem, dynamodb:UpdateItem",
        ),
    ] {
        let bent = ADMINISTRATOR.bent(from, to, "SayWhoMayAsk");
        assert_ne!(bent, Some(the_requesters()), "{to}");
    }
}

/// IAM is one for all Regions, and there is a stack in each.
#[test]
fn two_regions_have_policies_of_two_names() {
    let all = Template::all();
    let policies = all
        .iter()
        .flat_map(|one| one.resources("AWS::IAM::ManagedPolicy"));
    let policies: Vec<_> = policies.collect();
    assert_eq!(policies.len(), 4);
    for (name, policy) in policies {
        let named = policy["Properties"]["ManagedPolicyName"]["Fn::Sub"].as_str();
        assert!(
            named.is_some_and(|text| text.contains("${Stage}") && text.contains("${AWS::Region}")),
            "{name}"
        );
    }
}
