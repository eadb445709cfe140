//! Secrets Manager may invoke a rotation function before anything is put on a schedule with it.

use serde_json::{Value, json};

use super::template::{Template, list};
use crate::tidy::holds;

/// What Secrets Manager may do with a function of the template, for each function.
fn uninvited(rotation: &Template) -> Vec<String> {
    let functions = rotation.resources("AWS::Serverless::Function");
    let invited = |function: &str| {
        let expected = json!({
            "FunctionName": { "Fn::GetAtt": [function, "Arn"] },
            "Action": "lambda:InvokeFunction",
            "Principal": "secretsmanager.amazonaws.com",
            "SourceAccount": { "Ref": "AWS::AccountId" },
        });
        let mut permissions = rotation.resources("AWS::Lambda::Permission");
        permissions.any(|(_, one)| one["Properties"] == expected && one.get("Condition").is_none())
    };
    functions
        .map(|(name, _)| name.to_owned())
        .filter(|name| !invited(name))
        .collect()
}

/// Whether each schedule waits for the stack that holds the function and the permission, or in the same stack
/// for the permission.
fn early(root: &Template, nested: &Template) -> Vec<String> {
    let mut early = Vec::new();
    for (name, schedule) in nested.resources("AWS::SecretsManager::RotationSchedule") {
        let function = &schedule["Properties"]["RotationLambdaARN"];
        let waits = list(&schedule["DependsOn"]);
        let mut permissions = nested.resources("AWS::Lambda::Permission");
        if permissions.any(|(permission, one)| {
            one["Properties"]["FunctionName"] == *function && waits.contains(&&json!(permission))
        }) {
            continue;
        }
        let parameter = function["Ref"].as_str().unwrap_or_default();
        let file = nested.path.rsplit('/').next().unwrap();
        let location = format!("./{file}");
        let mut stacks = root.resources("AWS::Serverless::Application");
        let stack = stacks.find(|(_, stack)| stack["Properties"]["Location"] == *location);
        let given = stack.map_or(&Value::Null, |(_, stack)| {
            &stack["Properties"]["Parameters"][parameter]
        });
        let output = given["Fn::GetAtt"][1].as_str().unwrap_or_default();
        if given["Fn::GetAtt"][0] != "Rotation" || !output.starts_with("Outputs.") {
            early.push(name.to_owned());
        }
    }
    early
}

#[test]
fn secrets_manager_of_this_account_may_invoke_every_rotation_function() {
    for template in ["rotation", "rotation-keys", "audit-keys"] {
        let rotation = Template::of(template);
        assert!(rotation.resources("AWS::Serverless::Function").count() > 0);
        holds(&uninvited(&rotation));
    }
    let all = Template::all();
    let permissions = all
        .iter()
        .map(|one| one.resources("AWS::Lambda::Permission").count());
    assert_eq!(permissions.sum::<usize>(), 3, "and nobody else may");
}

#[test]
fn a_permission_for_someone_else_is_found() {
    for (from, to) in [
        (
            "Principal: secretsmanager.amazonaws.com",
            "Principal: events.amazonaws.com",
        ),
        ("SourceAccount: !Ref AWS::AccountId", "Other: 1"),
        (
            "Type: AWS::Lambda::Permission",
            "Type: AWS::Lambda::Permission\n    Condition: InVpc",
        ),
    ] {
        assert_eq!(
            uninvited(&Template::bent("rotation", from, to)),
            ["DatabaseFunction"],
            "{to}"
        );
    }
}

#[test]
fn a_schedule_waits_for_the_permission_to_invoke() {
    let example = Template::of("example-database");
    assert!(
        example
            .resources("AWS::SecretsManager::RotationSchedule")
            .count()
            > 0
    );
    holds(&early(&Template::of("template"), &example));
    holds(&early(
        &Template::of("template"),
        &Template::of("audit-keys"),
    ));
}

#[test]
fn a_schedule_that_does_not_wait_is_found() {
    let keys = Template::bent(
        "audit-keys",
        "[KeysPolicy, SecretsManagerInvokes]",
        "[KeysPolicy]",
    );
    assert_eq!(early(&Template::of("template"), &keys), ["KeysSchedule"]);
    let root = Template::bent(
        "template",
        "RotationFunctionArn: !GetAtt Rotation.Outputs.DatabaseFunctionArn\n        ExistingSecretArn",
        "RotationFunctionArn: !Sub arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:a\n        ExistingSecretArn",
    );
    assert_eq!(
        early(&root, &Template::of("example-database")),
        ["Schedule"]
    );
}
