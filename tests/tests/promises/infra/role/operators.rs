//! The two policies for people: one looks, the other also asks the functions to act.

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

fn the_functions() -> Need {
    let functions = json!([{ "Ref": "RetireFunctionArn" }, { "Ref": "SweepFunctionArn" }]);
    allow(&["lambda:InvokeFunction"], functions)
}

#[test]
fn both_look_at_what_is_known_about_secrets() {
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
    for role in [READER, OPERATOR] {
        role.says("ReadTheRegistry", &registry);
        role.says("LookAtSecrets", &secrets);
        role.says("CountDeadLetters", &counted);
    }
}

#[test]
fn the_reader_looks_and_does_nothing_else() {
    READER.says_nothing_but(&["CountDeadLetters", "LookAtSecrets", "ReadTheRegistry"]);
}

#[test]
fn the_operator_acts_through_the_functions_only() {
    OPERATOR.says_nothing_but(&[
        "AskTheFunctions",
        "CountDeadLetters",
        "LookAtSecrets",
        "ReadTheRegistry",
    ]);
    OPERATOR.says("AskTheFunctions", &the_functions());
    let bent = OPERATOR.bent(
        "[!Ref RetireFunctionArn, !Ref SweepFunctionArn]",
        "[!Ref RetireFunctionArn, !Ref SweepFunctionArn, !Ref RotationFunctionArn]",
        "AskTheFunctions",
    );
    assert_ne!(bent, Some(the_functions()));
}

/// IAM is one for all Regions, and there is a stack in each.
#[test]
fn two_regions_have_policies_of_two_names() {
    let policies = Template::of("operators");
    let policies: Vec<_> = policies.resources("AWS::IAM::ManagedPolicy").collect();
    assert_eq!(policies.len(), 2);
    for (name, policy) in policies {
        let named = policy["Properties"]["ManagedPolicyName"]["Fn::Sub"].as_str();
        assert!(
            named.is_some_and(|text| text.contains("${Stage}") && text.contains("${AWS::Region}")),
            "{name}"
        );
    }
}
