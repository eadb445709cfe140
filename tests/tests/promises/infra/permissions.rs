//! No permission of any template is wider than its need.

use serde_json::{Value, json};

use super::template::{Template, entries, list};
use crate::tidy::holds;

/// Statements that may name every resource, and why.
const EVERY_RESOURCE: [(&str, &str); 11] = [
    (
        "SeeTheVpc",
        "IAM knows no resource level for Describe calls of EC2",
    ),
    ("KeepCodeFromTheVpc", "a Deny is as wide as what it closes"),
    (
        "ListTheSecrets",
        "IAM knows no resource level for ListSecrets",
    ),
    (
        "SendTraces",
        "IAM knows no resource level for what X-Ray takes",
    ),
    ("TheAccountAdministersTheKey", THE_KEY_ITSELF),
    ("TheAccountChecksSignatures", THE_KEY_ITSELF),
    ("OnlyTheCheckpointFunctionSigns", THE_KEY_ITSELF),
    ("TheAccountUsesTheKeyThroughServices", THE_KEY_ITSELF),
    ("DynamoDbKeepsTablesWithTheKey", THE_KEY_ITSELF),
    ("RulesOfThisAccountFillTheQueues", THE_KEY_ITSELF),
    ("CloudWatchKeepsOurLogs", THE_KEY_ITSELF),
];

const THE_KEY_ITSELF: &str = "in the policy of a key it is that key";

/// Every statement of every policy of a template: inline, of a resource, or as JSON in a text.
pub fn statements(template: &Template) -> Vec<Value> {
    let mut found = Vec::new();
    collect(&template.body["Resources"], &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(map) if map.contains_key("Effect") => found.push(value.clone()),
        Value::Object(_) => entries(value).for_each(|(_, inner)| collect(inner, found)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::String(text) if text.contains("\"Effect\"") => {
            let policy: Value = serde_json::from_str(text).expect("a policy in a text is JSON");
            collect(&policy, found);
        }
        _ => {}
    }
}

fn too_wide(statement: &Value) -> Vec<String> {
    let sid = statement["Sid"].as_str().unwrap_or("no Sid");
    let mut wide = Vec::new();
    for key in ["NotAction", "NotResource", "NotPrincipal"] {
        if statement.get(key).is_some() {
            wide.push(format!("{sid}: {key}"));
        }
    }
    for action in list(&statement["Action"]) {
        if action
            .as_str()
            .is_none_or(|name| name.contains('*') || !name.contains(':'))
        {
            wide.push(format!("{sid}: {action}"));
        }
    }
    let every_resource = list(&statement["Resource"]).contains(&&json!("*"));
    if every_resource && !EVERY_RESOURCE.iter().any(|(allowed, _)| *allowed == sid) {
        wide.push(format!("{sid}: every resource"));
    }
    let anyone = [json!("*"), json!({ "AWS": "*" })].contains(&statement["Principal"]);
    if anyone && statement["Effect"] != "Deny" {
        wide.push(format!("{sid}: anyone"));
    }
    wide
}

#[test]
fn no_statement_of_any_template_has_a_wildcard_action_or_every_resource() {
    let statements: Vec<_> = Template::all().iter().flat_map(statements).collect();
    assert!(
        statements.len() >= 10,
        "the search looks in the wrong place"
    );
    holds(&statements.iter().flat_map(too_wide).collect::<Vec<_>>());
}

#[test]
fn a_wildcard_is_found_wherever_it_stands() {
    for (name, from, to) in [
        (
            "rotation",
            "secretsmanager:DescribeSecret",
            "secretsmanager:*",
        ),
        (
            "rotation",
            "Action: events:PutEvents",
            "NotAction: events:PutRule",
        ),
        ("rotation", "Resource: !Ref BusArn", "Resource: \"*\""),
        (
            "sweep",
            "Resource: [!Ref RetireQueueArn, !Ref RetireKeysQueueArn]",
            "Resource: \"*\"",
        ),
        ("rotation-keys", "[s3:GetObject, s3:PutObject]", "s3:*"),
        (
            "rotation",
            "Resource: !Split [\",\", !Ref ElastiCacheArns]",
            "Resource: \"*\"",
        ),
        (
            "operators",
            "Action: lambda:InvokeFunction",
            "Action: lambda:Invoke*",
        ),
        (
            "events",
            "\"Action\": \"logs:CreateLogStream\"",
            "\"Action\": \"logs:*\"",
        ),
        (
            "events",
            "Principal: {Service: events.amazonaws.com}",
            "Principal: \"*\"",
        ),
    ] {
        let found = statements(&Template::bent(name, from, to));
        assert_eq!(found.iter().flat_map(too_wide).count(), 1, "{to}");
    }
}

#[test]
fn no_function_takes_a_policy_that_someone_else_writes() {
    for template in Template::all() {
        for (name, role) in template.resources("AWS::IAM::Role") {
            assert!(
                role["Properties"].get("ManagedPolicyArns").is_none(),
                "{name}"
            );
        }
        for (name, function) in template.resources("AWS::Serverless::Function") {
            assert!(function["Properties"].get("Policies").is_none(), "{name}");
        }
    }
}
