//! The functions that log in to databases join the VPC: Lambda does it for them, with their roles.

use serde_json::json;

use super::{Need, Role, allow, sub};
use crate::infra::template::Template;

const JOINED: [(Role, &str); 2] = [
    (
        Role {
            template: "rotation",
            resource: "DatabaseFunctionRole",
        },
        "rekey-${Stage}-rotate-database",
    ),
    (
        Role {
            template: "retire",
            resource: "RetireFunctionRole",
        },
        "rekey-${Stage}-retire",
    ),
];

/// Signing keys and random values have nothing to log in to.
#[test]
fn no_other_function_is_in_a_network_of_yours() {
    let mut joined = Vec::new();
    for template in Template::all() {
        for (name, function) in template.resources("AWS::Serverless::Function") {
            if function["Properties"].get("VpcConfig").is_some() {
                joined.push(format!("{name}Role"));
            }
        }
    }
    joined.sort_unstable();
    assert_eq!(joined, JOINED.map(|(role, _)| role.resource));
}

const CHANGE_THE_VPC: [&str; 4] = [
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
];
const SEE_THE_VPC: [&str; 2] = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"];

#[test]
fn lambda_joins_the_vpc_for_them() {
    let ours_or_shared = [
        "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:*/*",
        "arn:${AWS::Partition}:ec2:${AWS::Region}:*:subnet/*",
        "arn:${AWS::Partition}:ec2:${AWS::Region}:*:security-group/*",
    ];
    let resources = json!(ours_or_shared.map(sub));
    let join = allow(&CHANGE_THE_VPC, resources).only_if("InVpc");
    let see = allow(&SEE_THE_VPC, json!("*")).only_if("InVpc");
    for (role, _) in JOINED {
        role.says("JoinTheVpc", &join);
        role.says("SeeTheVpc", &see);
    }
}

#[test]
fn their_code_may_not_use_what_lambda_needs_to_join_the_vpc() {
    let all = [CHANGE_THE_VPC.as_slice(), &SEE_THE_VPC].concat();
    for (role, function) in JOINED {
        let arn = format!(
            "arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{function}"
        );
        let from_its_code = json!({ "ArnEquals": { "lambda:SourceFunctionArn": sub(&arn) } });
        let kept_from = Need {
            effect: "Deny".to_owned(),
            ..allow(&all, json!("*")).when(from_its_code).only_if("InVpc")
        };
        role.says("KeepCodeFromTheVpc", &kept_from);
    }
}
