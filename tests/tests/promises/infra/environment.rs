//! What a template tells a function and what the function asks for are the same.

use std::collections::BTreeSet;

use super::template::{Template, entries};
use crate::tidy::rust_source::RustSource;
use crate::tidy::tree;

/// Where the function names its settings: its own, and AWS's for passwords, which the config hands on.
const SETTINGS: [&str; 2] = [
    "functions/rotate/src/config.rs",
    "crates/rotators/src/password.rs",
];

/// The names of environment variables that a source asks for. Those in `AWS_` are Lambda's to set.
fn asked_for(source: &str) -> BTreeSet<String> {
    let source = RustSource::production(source);
    let is_name = |text: &str| {
        let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        text.contains('_')
            && text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.chars().all(upper)
    };
    let literals = source.literals.into_iter().map(|(_, text)| text);
    literals
        .filter(|text| is_name(text) && !text.starts_with("AWS_"))
        .collect()
}

fn told(template: &Template, function: &str) -> BTreeSet<String> {
    let variables = &template.properties(function)["Environment"]["Variables"];
    entries(variables)
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn both() -> (BTreeSet<String>, BTreeSet<String>) {
    let asked_for = SETTINGS
        .iter()
        .flat_map(|path| asked_for(&tree::read(path)));
    (
        told(&Template::of("rotation"), "DatabaseFunction"),
        asked_for.collect(),
    )
}

#[test]
fn the_template_sets_every_variable_that_the_function_reads() {
    let (told, asked_for) = both();
    let missing: Vec<_> = asked_for.difference(&told).collect();
    assert!(missing.is_empty(), "read and not set: {missing:?}");
    assert!(asked_for.len() > 10, "{asked_for:?}");
}

#[test]
fn the_function_reads_every_variable_that_the_template_sets() {
    let (told, asked_for) = both();
    let unread: Vec<_> = told.difference(&asked_for).collect();
    assert!(unread.is_empty(), "set and not read: {unread:?}");
}

#[test]
fn variables_are_told_from_other_texts() {
    let config = concat!(
        "fn a() { b(\"REKEY_C\"); d(\"AWS_REGION\"); e(\"not_a_name\"); f(\"PEM\") } // \"REKEY_G\"\n",
        "#[cfg(test)]\nmod tests { fn h() { i(\"REKEY_J\") } }\n",
    );
    assert_eq!(
        asked_for(config).into_iter().collect::<Vec<_>>(),
        ["REKEY_C"]
    );
    let bent = Template::bent(
        "rotation",
        "REKEY_BUS: !Ref BusName",
        "REKEY_CAR: !Ref BusName",
    );
    assert!(told(&bent, "DatabaseFunction").contains("REKEY_CAR"));
}
