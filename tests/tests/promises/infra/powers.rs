//! Who of all may do what cannot be undone, or what reveals something. One line per power; who gains one
//! fails here, in whatever template.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::permissions::statements;
use super::template::{Template, list};
use crate::tidy::holds;

/// The roles and policies that may have a power.
const MAY: [(&str, &[&str]); 26] = [
    (
        "secretsmanager:GetSecretValue",
        &[
            "AuditFunctionRole",
            "CheckpointFunctionRole",
            "DatabaseFunctionRole",
            "AuditKeysFunctionRole",
            "KeysFunctionRole",
            "RetireFunctionRole",
            "RetireKeysFunctionRole",
        ],
    ),
    (
        "secretsmanager:PutSecretValue",
        &[
            "AuditKeysFunctionRole",
            "DatabaseFunctionRole",
            "KeysFunctionRole",
        ],
    ),
    (
        "secretsmanager:UpdateSecretVersionStage",
        &[
            "DatabaseFunctionRole",
            "AuditKeysFunctionRole",
            "KeysFunctionRole",
            "RetireFunctionRole",
            "RetireKeysFunctionRole",
        ],
    ),
    (
        "secretsmanager:RotateSecret",
        &["RequestFunctionRole", "SweepFunctionRole"],
    ),
    ("secretsmanager:ListSecrets", &["SweepFunctionRole"]),
    (
        "lambda:InvokeFunction",
        &[
            "CheckpointSchedulerRole",
            "Operator",
            "RequestFunctionRole",
            "SchedulerRole",
            "SweepFunctionRole",
        ],
    ),
    (
        "sqs:SendMessage",
        &["RequestFunctionRole", "SchedulerRole", "SweepFunctionRole"],
    ),
    ("sqs:ReceiveMessage", TAKE_MESSAGES),
    ("sqs:DeleteMessage", TAKE_MESSAGES),
    ("sqs:ChangeMessageVisibility", &["SweepFunctionRole"]),
    // With a key of your own, through services only (`role/data_key.rs`).
    (
        "kms:Decrypt",
        &[
            "Administrator",
            "AuditFunctionRole",
            "CheckpointFunctionRole",
            "DatabaseFunctionRole",
            "AuditKeysFunctionRole",
            "KeysFunctionRole",
            "ObserveFunctionRole",
            "Operator",
            "Reader",
            "RequestFunctionRole",
            "RetireFunctionRole",
            "RetireKeysFunctionRole",
            "SchedulerRole",
            "SweepFunctionRole",
        ],
    ),
    (
        "kms:GenerateDataKey",
        &[
            "CheckpointFunctionRole",
            "DatabaseFunctionRole",
            "AuditKeysFunctionRole",
            "KeysFunctionRole",
            "RequestFunctionRole",
            "SchedulerRole",
            "SweepFunctionRole",
        ],
    ),
    ("kms:Sign", &["CheckpointFunctionRole"]),
    (
        "s3:PutObject",
        &[
            "CheckpointFunctionRole",
            "KeysFunctionRole",
            "RetireKeysFunctionRole",
        ],
    ),
    ("elasticache:DescribeUsers", CHANGE_CACHES),
    ("elasticache:ModifyUser", CHANGE_CACHES),
    ("elasticache:DescribeReplicationGroups", CHANGE_CACHES),
    ("elasticache:ModifyReplicationGroup", CHANGE_CACHES),
    ("elasticache:ListTagsForResource", CHANGE_CACHES),
    ("elasticache:AddTagsToResource", CHANGE_CACHES),
    ("firehose:PutRecordBatch", &["AuditFunctionRole"]),
    (
        "events:PutEvents",
        &[
            "DatabaseFunctionRole",
            "AuditKeysFunctionRole",
            "KeysFunctionRole",
            "ObserveFunctionRole",
            "Operator",
            "RequestFunctionRole",
            "Requester",
            "RetireFunctionRole",
            "RetireKeysFunctionRole",
            "SweepFunctionRole",
        ],
    ),
    ("dynamodb:PutItem", PUT_ITEMS),
    ("dynamodb:UpdateItem", WRITE_ITEMS),
    ("dynamodb:DeleteItem", WRITE_ITEMS),
    (
        "dynamodb:BatchGetItem",
        &["Administrator", "AuditFunctionRole", "Operator", "Reader"],
    ),
];

/// With a list of caches only (`role/rotate.rs`).
const CHANGE_CACHES: &[&str] = &["DatabaseFunctionRole", "RetireFunctionRole"];

const TAKE_MESSAGES: &[&str] = &[
    "AuditFunctionRole",
    "ObserveFunctionRole",
    "RequestFunctionRole",
    "RetireFunctionRole",
    "RetireKeysFunctionRole",
    "SweepFunctionRole",
];

/// Of people, only who says who may ask, and only items about that.
const PUT_ITEMS: &[&str] = &[
    "Administrator",
    "AuditFunctionRole",
    "ObserveFunctionRole",
    "RequestFunctionRole",
    "RetireFunctionRole",
    "RetireKeysFunctionRole",
    "SweepFunctionRole",
];

const WRITE_ITEMS: &[&str] = &[
    "Administrator",
    "ObserveFunctionRole",
    "RequestFunctionRole",
    "RetireFunctionRole",
    "RetireKeysFunctionRole",
    "SweepFunctionRole",
];

/// What anybody may have whose golden role says so.
const ORDINARY: [&str; 19] = [
    "dynamodb:GetItem",
    "dynamodb:Query",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
    "kms:GetPublicKey",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "s3:GetObject",
    "s3:ListBucket",
    "secretsmanager:DescribeSecret",
    "secretsmanager:ListSecretVersionIds",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// A resource of a template, as if it stood there alone.
pub fn alone(template: &Template, name: &str, resource: &Value) -> Template {
    Template {
        path: template.path.clone(),
        body: json!({ "Resources": { name: resource } }),
    }
}

/// Each power that is allowed, with who has it.
pub fn powers(templates: &[Template]) -> BTreeSet<(String, String)> {
    let mut powers = BTreeSet::new();
    for template in templates {
        for of_type in ["AWS::IAM::Role", "AWS::IAM::ManagedPolicy"] {
            for (name, resource) in template.resources(of_type) {
                let statements = statements(&alone(template, name, resource));
                let allowed = statements.iter().filter(|one| one["Effect"] == "Allow");
                for action in allowed.flat_map(|one| list(&one["Action"])) {
                    let action = action.as_str().unwrap();
                    if action != "sts:AssumeRole" {
                        powers.insert((action.to_owned(), name.to_owned()));
                    }
                }
            }
        }
    }
    powers
}

fn usurped(powers: &BTreeSet<(String, String)>) -> Vec<String> {
    let may = |action: &str, who: &str| {
        let line = MAY.iter().find(|(power, _)| *power == action);
        match line {
            Some((_, holders)) => holders.contains(&who),
            None => ORDINARY.contains(&action),
        }
    };
    let wrong = powers.iter().filter(|(action, who)| !may(action, who));
    wrong
        .map(|(action, who)| format!("{who} may {action}"))
        .collect()
}

/// The other table, which holds nothing about requesters.
fn of_audit(statement: &Value) -> bool {
    statement["Resource"] == json!({ "Fn::GetAtt": ["Table", "Arn"] })
}

/// Who may write items of the registry, and says of itself that no item about requesters is among them: the
/// functions' roles have the whole table, so only a Deny closes that.
fn appointing(templates: &[Template]) -> Vec<String> {
    let about_requesters = json!({ "ForAnyValue:StringLike": {
        "dynamodb:LeadingKeys": ["ACTOR#*", "ACTORS"],
    }});
    let writes = [
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
    ];
    let mut found = Vec::new();
    for template in templates {
        for of_type in ["AWS::IAM::Role", "AWS::IAM::ManagedPolicy"] {
            for (name, resource) in template.resources(of_type) {
                let statements = statements(&alone(template, name, resource));
                for action in writes {
                    let with = |effect: &str| {
                        let of = statements.iter().filter(move |one| one["Effect"] == effect);
                        of.filter(|one| list(&one["Action"]).contains(&&json!(action)))
                            .collect::<Vec<_>>()
                    };
                    let is_denied = with("Deny").iter().any(|one| {
                        one["Condition"] == about_requesters
                            && one["Resource"] == json!({ "Ref": "TableArn" })
                    });
                    let mut registry = with("Allow").into_iter().filter(|one| !of_audit(one));
                    if registry.next().is_some() && !is_denied {
                        found.push(format!("{name} says who may ask: {action}"));
                    }
                }
            }
        }
    }
    found
}

#[test]
fn only_the_administrator_says_who_may_ask() {
    let found = appointing(&Template::all());
    let expected = ["PutItem", "UpdateItem", "DeleteItem"]
        .map(|action| format!("Administrator says who may ask: dynamodb:{action}"));
    assert_eq!(found, expected);
}

#[test]
fn a_function_that_could_say_who_may_ask_is_found() {
    for template in ["observe", "requests", "retire", "retire-keys", "sweep"] {
        for (from, to, count) in [
            ("\"ACTOR#*\", ACTORS", "\"ACTOR#*\"", 3),
            ("ForAnyValue:StringLike", "ForAllValues:StringLike", 3),
            (
                "[dynamodb:PutItem, dynamodb:UpdateItem, dynamodb:DeleteItem]",
                "[dynamodb:PutItem, dynamodb:UpdateItem]",
                1,
            ),
        ] {
            let bent = Template::bent(template, from, to);
            assert_eq!(appointing(&[bent]).len(), count, "{template}: {to}");
        }
    }
}

#[test]
fn nobody_has_a_power_that_is_not_written_down() {
    holds(&usurped(&powers(&Template::all())));
}

#[test]
fn every_power_that_is_written_down_is_had() {
    let powers = powers(&Template::all());
    for (action, holders) in MAY {
        for who in holders {
            let had = powers.contains(&(action.to_owned(), (*who).to_owned()));
            assert!(had, "{who} may not {action}");
        }
    }
    for action in ORDINARY {
        assert!(powers.iter().any(|(had, _)| had == action), "{action}");
    }
}

#[test]
fn a_power_in_other_hands_is_found() {
    for (template, from, to) in [
        (
            "observe",
            "secretsmanager:ListSecretVersionIds",
            "secretsmanager:GetSecretValue",
        ),
        (
            "requests",
            "secretsmanager:ListSecretVersionIds",
            "secretsmanager:GetSecretValue",
        ),
        (
            "sweep",
            "Action: secretsmanager:RotateSecret",
            "Action: secretsmanager:CancelRotateSecret",
        ),
        (
            "retire",
            "- secretsmanager:GetSecretValue",
            "- secretsmanager:PutSecretValue",
        ),
        (
            "retire",
            "- secretsmanager:UpdateSecretVersionStage",
            "- secretsmanager:DeleteSecret",
        ),
        (
            "retire-keys",
            "- secretsmanager:GetSecretValue",
            "- secretsmanager:PutSecretValue",
        ),
        (
            "rotation-keys",
            "secretsmanager:PutSecretValue",
            "secretsmanager:RotateSecret",
        ),
        (
            "operators",
            "Action: [secretsmanager:DescribeSecret",
            "Action: [secretsmanager:GetSecretValue",
        ),
        (
            "operators",
            "Action: [dynamodb:GetItem, dynamodb:Query]",
            "Action: [dynamodb:GetItem, dynamodb:PutItem]",
        ),
        ("observe", "- dynamodb:GetItem", "- dynamodb:Scan"),
    ] {
        let bent = Template::bent(template, from, to);
        assert_eq!(usurped(&powers(&[bent])).len(), 1, "{to}");
    }
}
