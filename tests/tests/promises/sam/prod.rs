//! The section of production deploys with nothing but the values of an account filled in, and docs/deploy.md
//! names exactly these.

use std::fs;
use std::process::Command;

use rekey_tests::cloud::{Cloud, Options, REGION};
use rekey_tests::given;

use super::{cli, deploy};
use crate::tidy::tree;

const SECTION: &str = "[prod.deploy.parameters]";
const OVERRIDES: &str = "parameter_overrides = [\n";

/// Values such as an account has, for everything that the page may ask for.
const OF_AN_ACCOUNT: [(&str, &str); 11] = [
    (
        "AlarmTopicArn",
        "arn:aws:sns:eu-west-1:123456789012:on-call",
    ),
    (
        "CaLayerArn",
        "arn:aws:lambda:eu-west-1:123456789012:layer:authority:1",
    ),
    (
        "ElastiCacheArns",
        "arn:aws:elasticache:eu-west-1:123456789012:user:shop,arn:aws:elasticache:eu-west-1:123456789012:replicationgroup:shop",
    ),
    ("JwksObjectArns", "arn:aws:s3:::shop-keys/jwks.json"),
    (
        "SecretsKmsKeyArns",
        "arn:aws:kms:eu-west-1:123456789012:key/0c8f7d5e-2f0b-4b1e-9a57-1d0e6a1c7b11",
    ),
    ("SecurityGroupIds", "sg-0a1b2c3d4e5f60718"),
    (
        "SiemStreamArn",
        "arn:aws:firehose:eu-west-1:123456789012:deliverystream/siem",
    ),
    (
        "SubnetIds",
        "subnet-0a1b2c3d4e5f60718,subnet-0b1c2d3e4f5061728",
    ),
    (
        "SuperuserSecretArns",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db/admin-Qx3vLb",
    ),
    (
        "TrailArn",
        "arn:aws:cloudtrail:eu-west-1:123456789012:trail/management",
    ),
    ("VpcId", "vpc-0a1b2c3d4e5f60718"),
];

/// The layer among these values: unlike what the others name, Lambda looks whether it is there.
const LAYER: &str = "
import boto3, io, os, zipfile
content = io.BytesIO()
with zipfile.ZipFile(content, 'w') as layer:
    layer.writestr('rekey/ca.pem', '')
boto3.client('lambda', endpoint_url=os.environ['AWS_ENDPOINT_URL']).publish_layer_version(
    LayerName='authority', Content={'ZipFile': content.getvalue()})
";

fn publish_the_layer(cloud: &Cloud) {
    let status = Command::new(given::python().unwrap())
        .args(["-c", LAYER])
        .env("AWS_ENDPOINT_URL", &cloud.endpoint)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .status();
    assert!(status.unwrap().success());
}

/// The parameters in the first column of the table below the heading that says that only the reader knows them.
fn only_yours(page: &str) -> Vec<&str> {
    let mut lines = page.lines();
    lines
        .by_ref()
        .find(|line| line.starts_with('#') && line.to_lowercase().contains("only you"))
        .expect("docs/deploy.md has a heading with \"only you\" in it");
    lines
        .take_while(|line| !line.starts_with('#'))
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect()
}

/// samconfig.toml with these values in the section of production, as its user fills them in.
fn filled_in(configuration: &str, names: &[&str]) -> String {
    let (before, section) = configuration.split_once(SECTION).unwrap();
    let (head, overrides) = section.split_once(OVERRIDES).unwrap();
    assert!(!head.contains("\n["), "{SECTION} has no list of parameters");
    let (own, after) = overrides.split_once("\n]").unwrap();
    let own = own.lines().filter(|line| {
        let placeholder = |name: &&str| line.contains(&format!("\"{name}="));
        !names.iter().any(placeholder)
    });
    let values = names.iter().map(|name| {
        let value = OF_AN_ACCOUNT.iter().find(|(known, _)| known == name);
        let (name, value) = value.unwrap_or_else(|| panic!("a value for {name}"));
        format!("    \"{name}={value}\",")
    });
    let lines: Vec<_> = own.map(str::to_owned).chain(values).collect();
    let lines = lines.join("\n");
    format!("{before}{SECTION}{head}{OVERRIDES}{lines}\n]{after}")
}

#[test]
fn the_prod_section_deploys_with_the_values_of_an_account_and_nothing_else() {
    let page = tree::read("docs/deploy.md");
    let names = only_yours(&page);
    assert!(!names.is_empty(), "the page lists nothing to fill in");
    let text = filled_in(&tree::read("samconfig.toml"), &names);
    // Paths in it are relative to its folder, but deploy names none.
    let configuration = cli::built().join("../samconfig.toml");
    fs::write(&configuration, text).unwrap();
    let cloud = Cloud::start(&Options::default()).unwrap();
    publish_the_layer(&cloud);
    let stack = deploy::deploy(&cloud, "prod", &configuration.canonicalize().unwrap());
    deploy::holds(&cloud, &stack);
}

#[test]
fn what_is_filled_in_takes_the_place_of_what_marks_it() {
    let configuration = "[prod.deploy.parameters]\nstack_name = \"x\"\nparameter_overrides = [\n    \"Stage=prod\",\n    \
                         \"VpcId=\", # yours\n]\n[other]\n";
    let text = filled_in(configuration, &["VpcId"]);
    assert_eq!(
        text,
        "[prod.deploy.parameters]\nstack_name = \"x\"\nparameter_overrides = [\n    \"Stage=prod\",\n    \
         \"VpcId=vpc-0a1b2c3d4e5f60718\",\n]\n[other]\n"
    );
    let page = "# A\n| `Not` | |\n## What only you know\n| name | |\n|---|---|\n| `VpcId` | |\n## Next\n| `Not` | |\n";
    assert_eq!(only_yours(page), ["VpcId"]);
}
