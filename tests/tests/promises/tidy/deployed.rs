//! What is in the binaries that go to AWS.

use std::collections::{BTreeMap, BTreeSet};

use super::crate_graph::{functions, tree_of};
use super::holds;

/// Two TLS stacks, a slow start, or code that is for tests and tools.
const NOT_DEPLOYED: [&str; 7] = [
    "aws-config",
    "aws-lc-sys",
    "aws-sdk-sts",
    "native-tls",
    "openssl-sys",
    "proptest",
    "schemars",
];

/// Reads `cargo tree -e normal,features --prefix none`: lines such as `tokio feature "rt"` and `tokio v1.54.1`.
fn not_to_be_deployed(graph: &str) -> Vec<String> {
    let of_tests = |line: &&str| line.contains("feature \"testing\"");
    let banned = |line: &&str| {
        let name = line.split(' ').next().unwrap();
        NOT_DEPLOYED.contains(&name)
    };
    let lines = graph.lines().filter(|line| of_tests(line) || banned(line));
    lines.map(str::to_owned).collect()
}

/// The features of each crate: from `cargo tree -f '{p}|{f}'`.
fn features(graph: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut features: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    // A blank line stands between the trees of two members.
    for line in graph.lines().filter(|line| !line.is_empty()) {
        let (package, list) = line.split_once('|').unwrap();
        let list = list.trim_end_matches(" (*)");
        let names = list.split(',').filter(|name| !name.is_empty());
        let entry = features.entry(package.to_owned()).or_default();
        entry.extend(names.map(str::to_owned));
    }
    features
}

/// What the build of everything turns on in the crates of the build of one.
fn turned_on(alone: &str, together: &str) -> Vec<String> {
    let (alone, together) = (features(alone), features(together));
    let none = BTreeSet::new();
    alone
        .iter()
        .flat_map(|(package, expected)| {
            let actual = together.get(package).unwrap_or(&none);
            let added = actual.difference(expected);
            added.map(move |feature| format!("{package}: {feature}"))
        })
        .collect()
}

#[test]
fn no_function_holds_code_for_tests_or_a_second_tls_stack() {
    for function in functions() {
        let graph = tree_of(&["-p", &function, "-e", "normal,features", "--prefix", "none"]);
        assert!(graph.contains("tokio feature \"rt\""), "{graph}");
        holds(&not_to_be_deployed(&graph));
    }
}

#[test]
fn a_feature_for_tests_is_found() {
    let graph = "rekey-rotation feature \"testing\"\nrekey-rotation v0.1.0\nschemars v1.2.3 (*)\n";
    assert_eq!(not_to_be_deployed(graph).len(), 2);
}

/// `sam build` runs `cargo lambda build --bin <function>` at the root, which turns on what any default
/// member of the workspace asks for.
#[test]
fn a_function_built_at_the_root_has_the_features_of_functions_and_no_other() {
    let shape = [
        "-e",
        "normal",
        "--prefix",
        "none",
        "--no-dedupe",
        "-f",
        "{p}|{f}",
    ];
    let together = tree_of(&shape);
    let mut alone = String::new();
    for function in functions() {
        assert!(together.contains(&format!("{function} v")), "{function}");
        let mut arguments = vec!["-p", &function];
        arguments.extend(shape);
        alone.push_str(&tree_of(&arguments));
    }
    holds(&turned_on(&alone, &together));
}

#[test]
fn a_feature_that_another_room_turns_on_is_found() {
    let alone = "a v1|rt\nb v1|\n";
    assert!(turned_on(alone, "a v1|rt\nb v1|\n\nc v1|x\n").is_empty());
    assert_eq!(
        turned_on(alone, "a v1|process,rt\nb v1| (*)\n"),
        ["a v1: process"]
    );
}
