//! Nobody is allowed a call that no adapter of ours makes.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::powers::powers;
use super::template::Template;
use crate::tidy::rust_source::RustSource;
use crate::tidy::{holds, tree};

/// The services that our code calls, and where; the others are Lambda's to call with a function's role.
const CALLED: [(&str, &[&str]); 8] = [
    ("dynamodb", &["crates/aws/src/"]),
    ("elasticache", &["crates/rotators/src/elasticache/"]),
    ("events", &["crates/aws/src/"]),
    ("firehose", &["crates/aws/src/"]),
    ("kms", &["crates/aws/src/"]),
    ("s3", &["crates/aws/src/", "crates/rotators/src/jwt/"]),
    ("secretsmanager", &["crates/aws/src/"]),
    ("sqs", &["crates/aws/src/", "crates/cli/src/"]),
];

/// Lambda makes them for a function that takes from a queue ("Using Lambda with Amazon SQS"), where a
/// mapping says so.
const OF_LAMBDA: [&str; 3] = [
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
];

/// DynamoDB, SQS, S3 and Secrets Manager make them for their caller, with his permissions ("AWS KMS condition
/// keys", kms:ViaService).
const OF_SERVICES: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];

/// Permissions that have another name than their call ("Actions, resources, and condition keys for Amazon S3").
const NAMED_OTHERWISE: [(&str, &str); 1] = [("s3:ListBucket", "s3:ListObjectsV2")];

/// `PutItem` as the SDK spells it: `put_item`.
fn method(call: &str) -> String {
    let letters = call.char_indices().flat_map(|(at, letter)| {
        let gap = (at > 0 && letter.is_uppercase()).then_some('_');
        gap.into_iter().chain(letter.to_lowercase())
    });
    letters.collect()
}

/// Whether the code makes the call, by itself or as a part of a transaction.
fn makes(code: &str, action: &str) -> bool {
    let renamed = NAMED_OTHERWISE.iter().find(|(name, _)| *name == action);
    let action = renamed.map_or(action, |(_, call)| call);
    let (service, call) = action.split_once(':').unwrap();
    let in_transaction = call
        .strip_suffix("Item")
        .filter(|_| service == "dynamodb")
        .map(|part| format!("{part}::builder()"));
    code.contains(&format!(".{}()", method(call)))
        || in_transaction.is_some_and(|part| code.contains(&part))
}

fn never_made(templates: &[Template], made: impl Fn(&[&str], &str) -> bool) -> Vec<String> {
    let mut never = Vec::new();
    for template in templates {
        let mut mappings = template.resources("AWS::Lambda::EventSourceMapping");
        let mapped = mappings.next().is_some();
        for (action, who) in powers(std::slice::from_ref(template)) {
            let service = action.split(':').next();
            let called = CALLED.iter().find(|(name, _)| Some(*name) == service);
            let Some((_, places)) = called else { continue };
            let of_lambda = mapped && OF_LAMBDA.contains(&action.as_str());
            let of_others = of_lambda || OF_SERVICES.contains(&action.as_str());
            if !of_others && !made(places, &action) {
                never.push(format!("{who} may {action}, which nobody calls"));
            }
        }
    }
    never
}

fn made(places: &[&str], action: &str) -> bool {
    let mut ours = adapters().iter().filter(|(path, _)| {
        let mut places = places.iter();
        places.any(|place| path.starts_with(place))
    });
    ours.any(|(_, code)| makes(code, action))
}

/// The code that may call AWS, with its paths.
fn adapters() -> &'static [(String, String)] {
    static ADAPTERS: OnceLock<Vec<(String, String)>> = OnceLock::new();
    ADAPTERS.get_or_init(|| {
        let places = CALLED.iter().flat_map(|(_, places)| *places);
        let places: BTreeSet<_> = places.collect();
        let ours = tree::files().iter().filter(|file| {
            let mut places = places.iter();
            places.any(|place| file.path.starts_with(*place)) && file.path.ends_with(".rs")
        });
        let code = |text: &str| RustSource::production(text).code;
        ours.map(|file| (file.path.clone(), code(&file.text)))
            .collect()
    })
}

#[test]
fn every_call_that_is_allowed_is_made() {
    holds(&never_made(&Template::all(), made));
}

#[test]
fn a_call_that_is_allowed_for_nothing_is_found() {
    for (template, from, to) in [
        (
            "observe",
            "- dynamodb:Query",
            "- dynamodb:Query\n                  - dynamodb:Scan",
        ),
        (
            "sweep",
            "secretsmanager:ListSecrets\n",
            "secretsmanager:GetRandomPassword\n",
        ),
        ("operators", "sqs:GetQueueUrl", "sqs:ListQueues"),
    ] {
        let bent = Template::bent(template, from, to);
        assert!(!never_made(&[bent], made).is_empty(), "{to}");
    }
    assert!(makes("a.client.put_item().b()", "dynamodb:PutItem"));
    assert!(makes("let a = Put::builder();", "dynamodb:PutItem"));
    assert!(!makes("a.client.put_items()", "dynamodb:PutItem"));
    assert!(!makes("let a = Get::builder();", "events:Get"));
}
