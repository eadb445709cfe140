//! `samconfig.toml`: the four stages, and that what is deployed was built.

use std::collections::BTreeSet;

use super::template::Template;
use crate::tidy::holds;
use crate::tidy::toml::{Entry, entries};
use crate::tidy::tree;

const STAGES: [&str; 4] = ["local", "dev", "stage", "prod"];

fn config() -> Vec<Entry> {
    entries(&tree::read("samconfig.toml"))
}

/// The parameters that a section hands to the template.
fn handed<'a>(config: &'a [Entry], section: &str) -> Vec<(&'a str, &'a str)> {
    let table = format!("{section}.parameters");
    let mut found = config.iter().filter(|entry| entry.table == table);
    let overrides = found.find(|entry| entry.key == "parameter_overrides");
    let strings = overrides.map(|entry| strings(&entry.value));
    strings
        .unwrap_or_default()
        .into_iter()
        .map(|pair| pair.split_once('=').unwrap())
        .collect()
}

/// The strings of an array, those in single quotes too, which may hold double ones.
fn strings(array: &str) -> Vec<&str> {
    let mut strings = Vec::new();
    let mut rest = array;
    while let Some(start) = rest.find(['"', '\'']) {
        let (quote, after) = rest[start..].split_at(1);
        let (string, after) = after.split_once(quote).unwrap();
        strings.push(string);
        rest = after;
    }
    strings
}

fn wrong(config: &[Entry], template: &Template) -> Vec<String> {
    let mut wrong = Vec::new();
    for entry in config
        .iter()
        .filter(|entry| entry.key == "template_file" || entry.key == "template")
    {
        let builds = entry.table.ends_with(".build.parameters")
            || entry.table.ends_with(".validate.parameters");
        if !builds {
            wrong.push(format!(
                "[{}] names a template: it would go out unbuilt",
                entry.table
            ));
        }
        if entry.value != format!("\"{}\"", template.path) {
            wrong.push(format!("[{}] names another template", entry.table));
        }
    }
    for stage in STAGES {
        let handed = handed(config, &format!("{stage}.deploy"));
        if !handed.contains(&("Stage", stage)) {
            wrong.push(format!("[{stage}.deploy] is of another stage"));
        }
        // Policies with names of their own need it.
        let allowed = config.iter().any(|entry| {
            entry.table == format!("{stage}.deploy.parameters")
                && entry.key == "capabilities"
                && entry.strings() == ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
        });
        if !allowed {
            wrong.push(format!("[{stage}.deploy] may not make what it has to"));
        }
        let architecture = handed.iter().find(|(name, _)| *name == "Architecture");
        let expected = (stage == "local").then_some(&("Architecture", "x86_64"));
        if architecture != expected {
            wrong.push(format!("[{stage}.deploy] has another processor"));
        }
    }
    let sections = config
        .iter()
        .filter_map(|entry| entry.table.strip_suffix(".parameters"));
    for section in sections.collect::<BTreeSet<_>>() {
        for (name, value) in handed(config, section) {
            let quoted = value.starts_with('"') && value.ends_with('"');
            if value.contains(' ') && !quoted {
                wrong.push(format!("[{section}] {name} is cut at its first space"));
            }
            if template.body["Parameters"].get(name).is_none() {
                wrong.push(format!(
                    "[{section}] sets {name}, which the template does not know"
                ));
            }
        }
    }
    wrong
}

#[test]
fn every_stage_is_deployed_from_what_was_built() {
    holds(&wrong(&config(), &Template::of("template")));
}

#[test]
fn build_and_validate_find_the_template_by_default() {
    let config = config();
    for command in ["build", "validate"] {
        let table = format!("default.{command}.parameters");
        assert!(
            config
                .iter()
                .any(|entry| entry.table == table && entry.key == "template_file"),
            "{table}"
        );
    }
}

#[test]
fn functions_are_arm64_unless_told_otherwise_and_local_ones_are_built_for_this_machine() {
    assert_eq!(
        Template::of("template").body["Parameters"]["Architecture"]["Default"],
        "arm64"
    );
    let config = config();
    let build = handed(&config, "local.build");
    assert!(build.contains(&("Architecture", "x86_64")), "{build:?}");
}

#[test]
fn the_registry_of_production_cannot_be_deleted_by_mistake() {
    let config = config();
    let handed = handed(&config, "prod.deploy");
    assert!(handed.contains(&("ProtectTable", "true")), "{handed:?}");
}

#[test]
fn a_wrong_section_is_found() {
    let text = tree::read("samconfig.toml");
    for (from, to) in [
        (
            "[dev.deploy.parameters]",
            "[dev.deploy.parameters]\ntemplate_file = \"infra/template.yaml\"",
        ),
        (
            "template_file = \"infra/template.yaml\"",
            "template_file = \"infra/rotation.yaml\"",
        ),
        ("\"Stage=prod\"", "\"Stage=stage\""),
        ("\"Stage=dev\"", "\"Stage=dev\", \"Architecture=x86_64\""),
        ("\"GraceSeconds=60\"", "\"Grace=60\""),
        (
            "'SweepExpression=\"rate(1 minute)\"'",
            "\"SweepExpression=rate(1 minute)\"",
        ),
        ("CAPABILITY_NAMED_IAM", "CAPABILITY_IAM"),
    ] {
        assert!(text.contains(from), "{from}");
        let bent = entries(&text.replacen(from, to, 1));
        assert_eq!(wrong(&bent, &Template::of("template")).len(), 1, "{to}");
    }
}
