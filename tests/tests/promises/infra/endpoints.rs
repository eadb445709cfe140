//! The endpoints for a VPC without NAT: all that the functions in it call, for these functions only.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::template::Template;

/// The services that the functions in a VPC call, and how an endpoint of each is made. KMS, SQS and S3 are for
/// what else is in these subnets with a key or a queue of ours; logs go out by Lambda itself.
const SERVICES: [(&str, &str); 8] = [
    ("secretsmanager", "Interface"),
    ("events", "Interface"),
    ("sqs", "Interface"),
    ("kms", "Interface"),
    ("logs", "Interface"),
    ("elasticache", "Interface"),
    ("dynamodb", "Gateway"),
    ("s3", "Gateway"),
];

fn endpoints(template: &Template) -> Vec<(String, Value)> {
    let all = template.resources("AWS::EC2::VPCEndpoint");
    all.map(|(_, one)| {
        let endpoint = one["Properties"].clone();
        let name = endpoint["ServiceName"]["Fn::Sub"].as_str().unwrap();
        let service = name.strip_prefix("com.amazonaws.${AWS::Region}.").unwrap();
        (service.to_owned(), endpoint)
    })
    .collect()
}

fn wrong(template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    for (service, endpoint) in endpoints(template) {
        let known = SERVICES.iter().find(|(name, _)| *name == service);
        let group = json!([{ "Ref": "EndpointSecurityGroup" }]);
        let fits = match known.map(|(_, kind)| *kind) {
            Some("Interface") => {
                endpoint["SecurityGroupIds"] == group && endpoint["PrivateDnsEnabled"] == true
            }
            Some(_) => endpoint["RouteTableIds"] == json!({ "Ref": "RouteTableIds" }),
            None => false,
        };
        let kind = known.map_or("", |(_, kind)| *kind);
        if !fits || endpoint["VpcEndpointType"] != kind {
            wrong.push(service);
        }
    }
    let group = template.properties("EndpointSecurityGroup");
    let from_functions = json!({ "Ref": "FunctionSecurityGroupId" });
    let ingress = group["SecurityGroupIngress"].as_array().unwrap();
    let narrow = ingress.len() == 1
        && ingress[0]["SourceSecurityGroupId"] == from_functions
        && ingress[0]["FromPort"] == 443
        && ingress[0]["ToPort"] == 443
        && ingress[0].get("CidrIp").is_none();
    if !narrow {
        wrong.push("the security group".to_owned());
    }
    wrong
}

#[test]
fn the_functions_reach_all_they_call_without_the_internet_and_nobody_else_does() {
    let template = Template::of("vpc-endpoints");
    assert!(wrong(&template).is_empty());
    let found = endpoints(&template);
    let found: BTreeSet<_> = found.iter().map(|(service, _)| service.as_str()).collect();
    assert_eq!(found, SERVICES.map(|(name, _)| name).into());
}

/// The others every stack needs, and an interface costs by the hour.
#[test]
fn the_endpoint_of_one_family_of_kinds_is_made_only_when_asked_for() {
    let template = Template::of("vpc-endpoints");
    for (name, endpoint) in template.resources("AWS::EC2::VPCEndpoint") {
        let asked_for = endpoint["Condition"] == "WithElastiCache";
        assert_eq!(asked_for, name == "ElastiCacheApi", "{name}");
    }
    assert_eq!(
        template.body["Parameters"]["ElastiCache"]["Default"],
        "false"
    );
}

#[test]
fn an_endpoint_for_others_or_without_a_name_is_found() {
    for (from, to) in [
        (
            "SourceSecurityGroupId: !Ref FunctionSecurityGroupId",
            "CidrIp: 0.0.0.0/0",
        ),
        ("PrivateDnsEnabled: true", "PrivateDnsEnabled: false"),
        ("VpcEndpointType: Gateway", "VpcEndpointType: Interface"),
        ("FromPort: 443", "FromPort: 0"),
    ] {
        assert_eq!(
            wrong(&Template::bent("vpc-endpoints", from, to)).len(),
            1,
            "{to}"
        );
    }
}
