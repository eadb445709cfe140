//! Who has to do with the audit trail: its table, its keys, the key of its checkpoints and their bucket.

use std::collections::BTreeSet;

use serde_json::Value;

use super::permissions::statements;
use super::powers::alone;
use super::template::{Template, list};

/// The table, the keys, the signing key and the bucket of the audit trail, as templates name them.
const OF_THE_TRAIL: [(&str, &str); 11] = [
    ("audit", "Table"),
    ("audit-keys", "Keys"),
    ("checkpoint", "SigningKey"),
    ("checkpoint", "Bucket"),
    ("checkpoint", "AuditTableArn"),
    ("checkpoint", "AuditKeysArn"),
    ("audit", "AuditKeysArn"),
    ("operators", "AuditTableArn"),
    ("operators", "CheckpointBucketArn"),
    ("operators", "CheckpointKeyArn"),
    // For observe it is a name to compare with, in its environment; in its role it would show here.
    ("observe", "AuditKeysArn"),
];

/// Who is allowed what with something of the audit trail.
fn of_the_trail(templates: &[Template]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for template in templates {
        let names = OF_THE_TRAIL
            .iter()
            .filter(|(file, _)| template.path == format!("infra/{file}.yaml"));
        let names: Vec<_> = names.map(|(_, name)| *name).collect();
        let is_one = |resource: &Value| {
            let text = resource.to_string();
            names.iter().any(|name| {
                [
                    format!("\"{name}\""),
                    format!("${{{name}}}"),
                    format!("${{{name}.Arn}}"),
                ]
                .iter()
                .any(|spelt| text.contains(spelt))
            })
        };
        for of_type in ["AWS::IAM::Role", "AWS::IAM::ManagedPolicy"] {
            for (name, resource) in template.resources(of_type) {
                let statements = statements(&alone(template, name, resource));
                let allowed = statements.iter().filter(|one| one["Effect"] == "Allow");
                for one in allowed.filter(|one| is_one(&one["Resource"])) {
                    let actions = list(&one["Action"]).into_iter();
                    let actions = actions.filter_map(|action| action.as_str());
                    found.extend(actions.map(|action| format!("{name} {action}")));
                }
            }
        }
    }
    found
}

fn expected_of_the_trail() -> BTreeSet<String> {
    let mut expected = BTreeSet::new();
    for (who, actions) in [
        (
            "AuditFunctionRole",
            "dynamodb:BatchGetItem dynamodb:GetItem dynamodb:PutItem secretsmanager:GetSecretValue",
        ),
        (
            "CheckpointFunctionRole",
            "dynamodb:GetItem dynamodb:Query kms:GetPublicKey kms:Sign s3:GetObject s3:ListBucket s3:PutObject \
             secretsmanager:GetSecretValue",
        ),
        (
            "AuditKeysFunctionRole",
            "secretsmanager:DescribeSecret secretsmanager:GetSecretValue \
             secretsmanager:PutSecretValue secretsmanager:UpdateSecretVersionStage",
        ),
    ] {
        expected.extend(actions.split(' ').map(|action| format!("{who} {action}")));
    }
    let looks = "dynamodb:BatchGetItem dynamodb:GetItem dynamodb:Query kms:GetPublicKey \
                 s3:GetObject s3:ListBucket";
    for who in ["Administrator", "Operator", "Reader"] {
        expected.extend(looks.split(' ').map(|action| format!("{who} {action}")));
    }
    expected
}

/// The root hands them to nobody else, so no other template can name them.
#[test]
fn three_functions_have_to_do_with_the_audit_trail_and_people_only_look() {
    assert_eq!(of_the_trail(&Template::all()), expected_of_the_trail());
    let root = Template::of("template");
    for (name, stack) in root.resources("AWS::Serverless::Application") {
        let handed = stack["Properties"]["Parameters"].to_string();
        let of_the_trail = handed.contains("[\"Audit\",")
            || handed.contains("[\"AuditKeys\",")
            || handed.contains("[\"Checkpoint\",");
        let may = ["Audit", "Checkpoint", "Observe", "Operators"].contains(&name);
        assert_eq!(of_the_trail, may, "{name}");
    }
}

#[test]
fn somebody_else_who_reaches_the_audit_trail_is_found() {
    for (template, from, to) in [
        (
            "observe",
            "Resource: !Ref TableArn",
            "Resource: [!Ref TableArn, !Ref AuditKeysArn]",
        ),
        (
            "operators",
            "[dynamodb:GetItem, dynamodb:BatchGetItem, dynamodb:Query]",
            "[dynamodb:GetItem, dynamodb:PutItem]",
        ),
        (
            "checkpoint",
            "[dynamodb:GetItem, dynamodb:Query]",
            "[dynamodb:GetItem, dynamodb:Query, dynamodb:PutItem]",
        ),
        (
            "audit",
            "[dynamodb:GetItem, dynamodb:BatchGetItem, dynamodb:PutItem]",
            "[dynamodb:GetItem, dynamodb:BatchGetItem, dynamodb:PutItem, dynamodb:UpdateItem]",
        ),
    ] {
        let bent = Template::bent(template, from, to);
        let found = of_the_trail(&[bent]);
        let more: Vec<_> = found
            .difference(&expected_of_the_trail())
            .cloned()
            .collect();
        assert!(!more.is_empty(), "{to}");
    }
}
