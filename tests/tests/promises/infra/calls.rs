//! Nobody is allowed a call that no adapter of ours makes, and every call that one makes is allowed.

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

/// Calls that have no permission of their own: of a transaction its parts have one each ("Using IAM with
/// DynamoDB transactions"), and who one is may be asked by everybody ("GetCallerIdentity").
const NEED_NONE: [&str; 2] = ["transact_write_items", "get_caller_identity"];

/// Whose the code is that is not everybody's. Of all other code it is enough that somebody may make a call.
const RUN_BY: [(&str, &[&str]); 2] = [
    (
        "crates/rotators/src/elasticache/",
        &["DatabaseFunctionRole", "RetireFunctionRole"],
    ),
    (
        "crates/rotators/src/jwt/",
        &["KeysFunctionRole", "RetireKeysFunctionRole"],
    ),
];

/// `PutItem` as the SDK spells it: `put_item`.
fn method(call: &str) -> String {
    let letters = call.char_indices().flat_map(|(at, letter)| {
        let gap = (at > 0 && letter.is_uppercase()).then_some('_');
        gap.into_iter().chain(letter.to_lowercase())
    });
    letters.collect()
}

/// The service of a permission, and its call.
fn called(action: &str) -> (&str, &str) {
    let renamed = NAMED_OTHERWISE.iter().find(|(name, _)| *name == action);
    let action = renamed.map_or(action, |(_, call)| call);
    action.split_once(':').unwrap()
}

/// The calls that the code tells a client: `client.put_item()`.
fn told(code: &str) -> BTreeSet<&str> {
    let clients = code.match_indices("client");
    let calls = clients.filter_map(|(at, client)| {
        let rest = code[at + client.len()..].trim_start();
        let (method, _) = rest.strip_prefix('.')?.split_once("()")?;
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        method.chars().all(is_name).then_some(method)
    });
    calls.collect()
}

/// Whether the code makes the call, by itself or as a part of a transaction.
fn makes(code: &str, action: &str) -> bool {
    let (service, call) = called(action);
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

fn not_allowed(templates: &[Template]) -> Vec<String> {
    let powers = powers(templates);
    let may = |who: Option<&str>, call: &str| {
        let mut powers = powers.iter();
        powers.any(|(action, holder)| {
            method(called(action).1) == call && who.is_none_or(|who| who == holder)
        })
    };
    let mut lacking = Vec::new();
    for (path, code) in adapters() {
        let mut places = RUN_BY.iter();
        let run_by = places.find(|(place, _)| path.starts_with(place));
        for call in told(code) {
            if NEED_NONE.contains(&call) {
                continue;
            }
            match run_by {
                Some((_, roles)) => {
                    let refused = roles.iter().filter(|role| !may(Some(role), call));
                    lacking.extend(
                        refused.map(|role| format!("{role} may not {call}, as {path} does")),
                    );
                }
                None if may(None, call) => {}
                None => lacking.push(format!("nobody may {call}, as {path} does")),
            }
        }
    }
    lacking
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

#[test]
fn every_call_that_is_made_is_allowed_to_those_whose_code_makes_it() {
    let calls = adapters().iter().flat_map(|(_, code)| told(code));
    assert!(calls.count() >= 40, "the search looks in the wrong place");
    holds(&not_allowed(&Template::all()));
}

#[test]
fn a_call_that_is_made_and_allowed_to_nobody_is_found() {
    for (name, from, to) in [
        (
            "rotation",
            "- elasticache:AddTagsToResource\n",
            "- elasticache:CreateUser\n",
        ),
        (
            "rotation",
            "- elasticache:ListTagsForResource\n",
            "- elasticache:CreateUser\n",
        ),
        (
            "retire",
            "- elasticache:ListTagsForResource\n",
            "- elasticache:CreateUser\n",
        ),
        (
            "retire",
            "- elasticache:ModifyUser\n",
            "- elasticache:CreateUser\n",
        ),
        (
            "rotation-keys",
            "[s3:GetObject, s3:PutObject]",
            "[s3:GetObject]",
        ),
        ("sweep", "sqs:ChangeMessageVisibility", "sqs:ListQueues"),
    ] {
        let bent = Template::bent(name, from, to);
        let mut all = Template::all();
        all.retain(|one| one.path != bent.path);
        all.push(bent);
        assert_eq!(not_allowed(&all).len(), 1, "{name}: {from}");
    }
    let code = "self.client\n    .put_item().b(); client_of().c(); a.client.get_item();";
    assert_eq!(told(code), BTreeSet::from(["get_item", "put_item"]));
}
