//! Arrows point one way: who may depend on whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use super::{holds, tree};

/// What each crate of ours may use of ours in production. A new crate gets its line here first.
const ARROWS: [(&str, &[&str]); 17] = [
    ("rekey-events", &[]),
    ("rekey-telemetry", &[]),
    ("rekey-rotation", &[]),
    ("rekey-audit", &["rekey-events"]),
    ("rekey-registry", &["rekey-events"]),
    ("rekey-rotators", &["rekey-rotation"]),
    (
        "rekey-aws",
        &[
            "rekey-audit",
            "rekey-events",
            "rekey-registry",
            "rekey-rotation",
        ],
    ),
    (
        "rekey-function",
        &[
            "rekey-audit",
            "rekey-aws",
            "rekey-events",
            "rekey-registry",
            "rekey-rotation",
            "rekey-telemetry",
        ],
    ),
    (
        "rekey-families",
        &[
            "rekey-aws",
            "rekey-function",
            "rekey-rotation",
            "rekey-rotators",
        ],
    ),
    (
        "rekey-cli",
        &["rekey-audit", "rekey-aws", "rekey-events", "rekey-registry"],
    ),
    (
        "rekey-rotate",
        &[
            "rekey-aws",
            "rekey-events",
            "rekey-families",
            "rekey-function",
            "rekey-rotation",
            "rekey-telemetry",
        ],
    ),
    ("rekey-request", REACTS),
    ("rekey-observe", REACTS),
    ("rekey-sweep", REACTS),
    ("rekey-audit-writer", RECORDS),
    ("rekey-checkpoint", RECORDS),
    (
        "rekey-retire",
        &[
            "rekey-aws",
            "rekey-events",
            "rekey-families",
            "rekey-function",
            "rekey-registry",
            "rekey-rotation",
            "rekey-telemetry",
        ],
    ),
];

/// A function of the audit trail: it sees the keys of the seals, and no other value.
const RECORDS: &[&str] = &[
    "rekey-audit",
    "rekey-aws",
    "rekey-events",
    "rekey-function",
    "rekey-rotation",
    "rekey-telemetry",
];

/// A function that only keeps the registry, and never sees a value.
const REACTS: &[&str] = &[
    "rekey-aws",
    "rekey-events",
    "rekey-function",
    "rekey-registry",
    "rekey-telemetry",
];

/// They test and build; their own arrows are free, but none may point at them.
const LEAVES: [&str; 2] = ["rekey-tests", "xtask"];

/// Everything the protocol is built from.
const ROTATION_USES: [&str; 5] = [
    "futures-util",
    "rand_core",
    "serde_json",
    "thiserror",
    "zeroize",
];

/// The SDK, Lambda and a runtime: a crate that needs none of them runs anywhere.
const OUTSIDE_THE_CORE: [&str; 5] = ["aws-", "aws_", "lambda_", "tokio", "hyper"];

/// A dependency of a member: on what, and whether only its tests have it.
struct Arrow {
    from: String,
    to: String,
    for_tests: bool,
    optional: bool,
}

fn arrows() -> Vec<Arrow> {
    let metadata = metadata();
    let packages = metadata.packages.iter();
    packages
        .flat_map(|package| {
            package.dependencies.iter().map(|dependency| Arrow {
                from: package.name.to_string(),
                to: dependency.name.clone(),
                for_tests: dependency.kind == DependencyKind::Development,
                optional: dependency.optional,
            })
        })
        .collect()
}

fn wrong_arrows(arrows: &[Arrow]) -> Vec<String> {
    let allowed: BTreeMap<_, _> = ARROWS.into_iter().collect();
    let functions = functions();
    let ours = |name: &str| name.starts_with("rekey-") || name == "xtask";
    let mut wrong = Vec::new();
    for Arrow {
        from,
        to,
        for_tests,
        ..
    } in arrows.iter().filter(|arrow| ours(&arrow.to))
    {
        let from_a_leaf = LEAVES.contains(&from.as_str());
        if LEAVES.contains(&to.as_str()) {
            wrong.push(format!("{from} depends on {to}; nothing may"));
        } else if functions.contains(to) && !from_a_leaf {
            wrong.push(format!("{from} depends on {to}, a function"));
        } else if !for_tests && !from_a_leaf {
            match allowed.get(from.as_str()) {
                None => wrong.push(format!("{from} has no line in ARROWS")),
                Some(may) if !may.contains(&to.as_str()) => {
                    wrong.push(format!("{from} depends on {to}"));
                }
                Some(_) => {}
            }
        }
    }
    wrong
}

/// The packages below `functions/`. A package need not have the name of its folder: `rekey-audit` is a crate.
pub fn functions() -> BTreeSet<String> {
    let functions = tree::root().join("functions");
    let metadata = metadata();
    let below = |manifest: &str| PathBuf::from(manifest).starts_with(&functions);
    let packages = metadata.packages.iter();
    packages
        .filter(|package| below(package.manifest_path.as_str()))
        .map(|package| package.name.to_string())
        .collect()
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(tree::root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap()
}

fn arrow(from: &str, to: &str) -> Arrow {
    Arrow {
        from: from.to_owned(),
        to: to.to_owned(),
        for_tests: false,
        optional: false,
    }
}

/// The names of all crates that a crate of ours is built from, as declared by default.
fn built_from(package: &str) -> BTreeSet<String> {
    tree_of(&["-p", package, "-e", "normal", "--prefix", "none"])
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// What `cargo tree` prints.
pub fn tree_of(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .arg("tree")
        .args(arguments)
        .current_dir(tree::root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn outside<'a>(banned: &[&str], built_from: &'a BTreeSet<String>) -> Vec<&'a str> {
    let names = built_from.iter().map(String::as_str);
    names
        .filter(|name| banned.iter().any(|start| name.starts_with(start)))
        .collect()
}

#[test]
fn arrows_between_crates_point_one_way() {
    holds(&wrong_arrows(&arrows()));
}

#[test]
fn an_arrow_that_points_back_is_found() {
    for (from, to) in [
        ("rekey-rotation", "rekey-aws"),
        ("rekey-events", "rekey-rotation"),
        ("rekey-telemetry", "rekey-events"),
        ("rekey-rotators", "rekey-aws"),
        ("rekey-registry", "rekey-rotation"),
        ("rekey-observe", "rekey-rotators"),
        ("rekey-sweep", "rekey-families"),
        ("rekey-rotators", "rekey-families"),
        ("rekey-audit", "rekey-aws"),
        ("rekey-audit-writer", "rekey-registry"),
        ("rekey-aws", "rekey-rotate"),
        ("rekey-aws", "rekey-tests"),
        ("rekey-new", "rekey-events"),
    ] {
        assert_eq!(wrong_arrows(&[arrow(from, to)]).len(), 1, "{from} -> {to}");
    }
    let for_tests = Arrow {
        for_tests: true,
        ..arrow("rekey-rotators", "rekey-tests")
    };
    assert_eq!(wrong_arrows(&[for_tests]).len(), 1);
}

#[test]
fn every_crate_has_its_arrows_written_down() {
    let members: BTreeSet<_> = metadata()
        .packages
        .iter()
        .map(|one| one.name.to_string())
        .collect();
    let written = ARROWS.iter().map(|(name, _)| *name).chain(LEAVES);
    assert_eq!(members, written.map(str::to_owned).collect());
}

#[test]
fn the_protocol_is_built_from_five_crates() {
    let direct: BTreeSet<_> = arrows()
        .into_iter()
        .filter(|arrow| arrow.from == "rekey-rotation" && !arrow.for_tests && !arrow.optional)
        .map(|arrow| arrow.to)
        .collect();
    assert_eq!(
        direct,
        ROTATION_USES.map(str::to_owned).into_iter().collect()
    );
}

#[test]
fn pure_crates_know_no_sdk_no_lambda_and_no_runtime() {
    for package in [
        "rekey-audit",
        "rekey-events",
        "rekey-registry",
        "rekey-rotation",
    ] {
        let built_from = built_from(package);
        assert_eq!(
            outside(&OUTSIDE_THE_CORE, &built_from),
            [""; 0],
            "{package}"
        );
        assert!(
            built_from.contains("thiserror"),
            "{package}: {built_from:?}"
        );
    }
    // The same look at a crate that does use them finds them.
    let found = built_from("rekey-rotate");
    let found = outside(&OUTSIDE_THE_CORE, &found);
    for name in ["aws-sdk-secretsmanager", "lambda_runtime", "tokio"] {
        assert!(found.contains(&name), "{name}");
    }
}

#[test]
fn rotators_know_neither_lambda_nor_any_service_of_ours() {
    let built_from = built_from("rekey-rotators");
    let banned = [
        "lambda_",
        "aws-sdk-dynamodb",
        "aws-sdk-secretsmanager",
        "aws-sdk-eventbridge",
    ];
    assert_eq!(outside(&banned, &built_from), [""; 0]);
}

#[test]
fn telemetry_knows_no_sdk() {
    let built_from = built_from("rekey-telemetry");
    assert_eq!(outside(&OUTSIDE_THE_CORE, &built_from), [""; 0]);
}
