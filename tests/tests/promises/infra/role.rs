//! The role of the database function, statement by statement. A statement that is added, dropped or
//! widened fails the test that is named after its need.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::template::{Template, all_on, list};

const SECRETS: &str =
    "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:*";
const FUNCTION: &str = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:rekey-${Stage}-rotate-database";

/// What a statement says, and the condition of the template that turns it on.
#[derive(Debug, PartialEq)]
struct Need {
    only_if: Option<String>,
    effect: String,
    actions: Vec<String>,
    resource: Value,
    condition: Value,
}

/// The statements of the role by Sid.
fn needs(template: &Template) -> BTreeMap<String, Need> {
    let role = &template.body["Resources"]["DatabaseFunctionRole"]["Properties"];
    let policies = list(&role["Policies"]);
    let statements = policies
        .iter()
        .flat_map(|policy| list(&policy["PolicyDocument"]["Statement"]));
    let mut needs = BTreeMap::new();
    for written in statements {
        let statement = all_on(written);
        let sid = statement["Sid"]
            .as_str()
            .expect("every statement has a Sid")
            .to_owned();
        let actions = list(&statement["Action"]).into_iter();
        let need = Need {
            only_if: written["Fn::If"][0].as_str().map(str::to_owned),
            effect: statement["Effect"].as_str().unwrap().to_owned(),
            actions: actions
                .map(|action| action.as_str().unwrap().to_owned())
                .collect(),
            resource: statement["Resource"].clone(),
            condition: statement["Condition"].clone(),
        };
        assert!(
            needs.insert(sid.clone(), need).is_none(),
            "{sid} is there twice"
        );
    }
    needs
}

fn need(effect: &str, actions: &[&str], resource: Value, condition: Value) -> Need {
    Need {
        only_if: None,
        effect: effect.to_owned(),
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resource,
        condition,
    }
}

impl Need {
    fn only_if(self, condition: &str) -> Self {
        Self {
            only_if: Some(condition.to_owned()),
            ..self
        }
    }
}

#[track_caller]
fn the_role_says(sid: &str, expected: &Need) {
    assert_eq!(
        needs(&Template::of("rotation")).get(sid),
        Some(expected),
        "{sid}"
    );
}

fn its_own_secrets() -> Need {
    need(
        "Allow",
        &[
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecretVersionStage",
        ],
        json!({ "Fn::Sub": SECRETS }),
        json!({ "StringEquals": {
            "secretsmanager:resource/AllowRotationLambdaArn": { "Fn::Sub": FUNCTION },
        }}),
    )
}

fn its_announcements() -> Need {
    need(
        "Allow",
        &["events:PutEvents"],
        json!({ "Ref": "BusArn" }),
        json!({
            "ForAllValues:StringEquals": { "events:source": "rekey.rotate" },
            "Null": { "events:source": "false" },
            "StringEquals": { "events:detail-type": ["rekey.rotation.intended", "rekey.step.failed"] },
        }),
    )
}

#[test]
fn the_role_has_a_statement_per_need_and_no_other() {
    let needs = needs(&Template::of("rotation"));
    let sids: Vec<_> = needs.keys().map(String::as_str).collect();
    assert_eq!(
        sids,
        [
            "AnnounceItsRotations",
            "JoinTheVpc",
            "KeepCodeFromTheVpc",
            "ReadFingerprintKey",
            "ReadListedSuperuserSecrets",
            "ReadTaggedSuperuserSecrets",
            "RotateItsOwnSecrets",
            "SeeTheVpc",
            "UseTheKeysOfSecrets",
            "WriteItsOwnLog",
        ]
    );
}

#[test]
fn it_rotates_only_secrets_whose_rotation_function_it_is() {
    the_role_says("RotateItsOwnSecrets", &its_own_secrets());
}

#[test]
fn it_reads_superuser_secrets_that_are_tagged_so() {
    let tagged =
        json!({ "StringEquals": { "secretsmanager:ResourceTag/rekey:superuser": "true" } });
    the_role_says(
        "ReadTaggedSuperuserSecrets",
        &need(
            "Allow",
            &["secretsmanager:GetSecretValue"],
            json!({ "Fn::Sub": SECRETS }),
            tagged,
        ),
    );
}

#[test]
fn it_reads_superuser_secrets_that_are_listed() {
    let listed = json!({ "Fn::Split": [",", { "Ref": "SuperuserSecretArns" }] });
    the_role_says(
        "ReadListedSuperuserSecrets",
        &need(
            "Allow",
            &["secretsmanager:GetSecretValue"],
            listed,
            Value::Null,
        )
        .only_if("WithSuperuserSecrets"),
    );
}

#[test]
fn it_reads_the_key_of_fingerprints() {
    let key = json!({ "Fn::GetAtt": ["FingerprintKey", "Id"] });
    the_role_says(
        "ReadFingerprintKey",
        &need(
            "Allow",
            &["secretsmanager:GetSecretValue"],
            key,
            Value::Null,
        ),
    );
}

#[test]
fn it_announces_under_its_own_name_on_the_inner_bus_only() {
    the_role_says("AnnounceItsRotations", &its_announcements());
}

#[test]
fn it_writes_its_own_log_only() {
    let log =
        "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${DatabaseLog}:*";
    let actions = ["logs:CreateLogStream", "logs:PutLogEvents"];
    the_role_says(
        "WriteItsOwnLog",
        &need("Allow", &actions, json!({ "Fn::Sub": log }), Value::Null),
    );
}

#[test]
fn it_uses_listed_keys_through_secrets_manager_only() {
    let keys = json!({ "Fn::Split": [",", { "Ref": "SecretsKmsKeyArns" }] });
    let service = json!({ "Fn::Sub": "secretsmanager.${AWS::Region}.${AWS::URLSuffix}" });
    let through = json!({ "StringEquals": { "kms:ViaService": service } });
    the_role_says(
        "UseTheKeysOfSecrets",
        &need(
            "Allow",
            &["kms:Decrypt", "kms:GenerateDataKey"],
            keys,
            through,
        )
        .only_if("WithSecretsKmsKeys"),
    );
}

const CHANGE_THE_VPC: [&str; 4] = [
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
];
const SEE_THE_VPC: [&str; 2] = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"];

#[test]
fn lambda_joins_the_vpc_for_it() {
    let ours_or_shared = [
        "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:*/*",
        "arn:${AWS::Partition}:ec2:${AWS::Region}:*:subnet/*",
        "arn:${AWS::Partition}:ec2:${AWS::Region}:*:security-group/*",
    ];
    let resources = ours_or_shared.map(|arn| json!({ "Fn::Sub": arn }));
    the_role_says(
        "JoinTheVpc",
        &need("Allow", &CHANGE_THE_VPC, json!(resources), Value::Null).only_if("InVpc"),
    );
    the_role_says(
        "SeeTheVpc",
        &need("Allow", &SEE_THE_VPC, json!("*"), Value::Null).only_if("InVpc"),
    );
}

#[test]
fn its_code_may_not_use_what_lambda_needs_to_join_the_vpc() {
    let from_its_code =
        json!({ "ArnEquals": { "lambda:SourceFunctionArn": { "Fn::Sub": FUNCTION } } });
    let all = [CHANGE_THE_VPC.as_slice(), &SEE_THE_VPC].concat();
    the_role_says(
        "KeepCodeFromTheVpc",
        &need("Deny", &all, json!("*"), from_its_code).only_if("InVpc"),
    );
}

#[test]
fn it_makes_no_password_at_aws_and_changes_no_database_there() {
    let needs = needs(&Template::of("rotation"));
    let allowed = needs.values().filter(|need| need.effect == "Allow");
    let actions: Vec<_> = allowed.flat_map(|need| &need.actions).collect();
    assert!(
        actions
            .iter()
            .any(|action| action.starts_with("secretsmanager:"))
    );
    for action in actions {
        let (service, call) = action.split_once(':').unwrap();
        assert_ne!(service, "rds", "{action}");
        let never = [
            "GetRandomPassword",
            "RotateSecret",
            "CancelRotateSecret",
            "DeleteSecret",
        ];
        assert!(!never.contains(&call), "{action}");
    }
}

#[test]
fn only_lambda_takes_the_role() {
    let template = Template::of("rotation");
    let trust =
        &template.properties("DatabaseFunctionRole")["AssumeRolePolicyDocument"]["Statement"];
    let expected = json!([{
        "Effect": "Allow",
        "Principal": { "Service": "lambda.amazonaws.com" },
        "Action": "sts:AssumeRole",
    }]);
    assert_eq!(*trust, expected);
}

#[test]
fn a_widened_statement_is_another_statement() {
    let says = |from, to, sid: &str| {
        needs(&Template::bent("rotation", from, to))
            .remove(sid)
            .unwrap()
    };
    let added = "secretsmanager:DescribeSecret\n                  - secretsmanager:DeleteSecret";
    for (from, to) in [
        ("secretsmanager:DescribeSecret", added),
        ("secret:*", "*"),
        (
            "AllowRotationLambdaArn: !Sub",
            "AllowRotationLambdaArnIfAny: !Sub",
        ),
        (
            "Sid: RotateItsOwnSecrets\n                Effect: Allow",
            "Sid: RotateItsOwnSecrets\n                Effect: Deny",
        ),
    ] {
        assert_ne!(
            says(from, to, "RotateItsOwnSecrets"),
            its_own_secrets(),
            "{to}"
        );
    }
    for (from, to) in [
        (
            "events:source: rekey.rotate",
            "events:source: [rekey.rotate, rekey.observe]",
        ),
        ("events:source: \"false\"", "events:source: \"true\""),
        (
            "rekey.step.failed]",
            "rekey.step.failed, rekey.secret.retired]",
        ),
        ("Resource: !Ref BusArn", "Resource: !Sub \"${BusArn}*\""),
    ] {
        assert_ne!(
            says(from, to, "AnnounceItsRotations"),
            its_announcements(),
            "{to}"
        );
    }
}
