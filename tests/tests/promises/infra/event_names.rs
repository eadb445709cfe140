//! The role lets the function announce what it can announce, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::permissions::statements;
use super::template::{Template, list};
use crate::tidy::rust_source::RustSource;
use crate::tidy::tree;

/// The detail-type of each payload of the contract: from `impl Detail for X { const DETAIL_TYPE ... }`
/// and the table of names in `topic.rs`.
fn contract() -> BTreeMap<String, String> {
    let names = names(&tree::read("events/src/topic.rs"));
    let sources = tree::files()
        .iter()
        .filter(|file| file.path.starts_with("events/src/"));
    let mut contract = BTreeMap::new();
    for file in sources {
        let source = RustSource::production(&file.text);
        for (_, after) in split_at_each(&source.code, "impl Detail for ") {
            let payload = word(after);
            let (_, constant) = after.split_once("DetailType = DetailType::").unwrap();
            contract.insert(payload.to_owned(), names[word(constant)].clone());
        }
    }
    contract
}

/// The lines `Variant = "name",` of a source.
fn names(topic: &str) -> BTreeMap<String, String> {
    let lines = topic
        .lines()
        .filter_map(|line| line.trim().split_once(" = \""));
    lines
        .map(|(name, text)| (name.to_owned(), text.trim_end_matches("\",").to_owned()))
        .collect()
}

/// The payloads that a `wire.rs` builds, and so can publish.
fn built(wire: &str, contract: &BTreeMap<String, String>) -> BTreeSet<String> {
    let source = RustSource::production(wire);
    let builds = |payload: &str| {
        let after: Vec<_> = split_at_each(&source.code, payload).collect();
        after.into_iter().any(|(before, after)| {
            let whole_word = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            whole_word && after.starts_with(" {") && !before.ends_with("for ")
        })
    };
    let built = contract.iter().filter(|(payload, _)| builds(payload));
    built.map(|(_, name)| name.clone()).collect()
}

fn split_at_each<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    text.match_indices(mark)
        .map(move |(at, _)| (&text[..at], &text[at + mark.len()..]))
}

fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
        .unwrap()
}

fn allowed(template: &Template) -> BTreeSet<String> {
    let statements = statements(template);
    let announce = statements
        .iter()
        .find(|one| one["Sid"] == "AnnounceItsRotations")
        .unwrap();
    let names = list(&announce["Condition"]["StringEquals"]["events:detail-type"]).into_iter();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_function_may_announce_what_it_builds_and_nothing_else() {
    let built = built(&tree::read("functions/rotate/src/wire.rs"), &contract());
    assert_eq!(built, allowed(&Template::of("rotation")));
    let expected = ["rekey.rotation.intended", "rekey.step.failed"].map(str::to_owned);
    assert_eq!(built, expected.into_iter().collect());
}

#[test]
fn an_announcement_that_is_not_allowed_is_found() {
    let contract = contract();
    let wire = "fn a() -> rekey_events::StepFailed { rekey_events::StepFailed { b } }\n";
    assert_eq!(
        built(wire, &contract).into_iter().collect::<Vec<_>>(),
        ["rekey.step.failed"]
    );
    assert!(built("fn a(b: &MyStepFailed) {} // StepFailed { c }\n", &contract).is_empty());
    let bent = Template::bent("rotation", ", rekey.step.failed]", "]");
    assert_ne!(allowed(&bent), allowed(&Template::of("rotation")));
}
