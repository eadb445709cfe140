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

/// What production turns on, beside what every stage has.
const OF_PRODUCTION: [(&str, &str); 5] = [
    ("ProtectTable", "true"),
    ("EncryptWithOwnKey", "true"),
    ("AuditReads", "true"),
    ("Tracing", "Active"),
    ("CheckpointRetentionDays", "365"),
];

#[test]
fn production_is_protected_encrypted_traced_and_locked() {
    let config = config();
    let handed = handed(&config, "prod.deploy");
    for set in OF_PRODUCTION {
        assert!(handed.contains(&set), "{set:?}: {handed:?}");
    }
    for name in ["LogRetentionDays", "ArchiveRetentionDays"] {
        assert!(handed.iter().any(|(set, _)| *set == name), "{name}");
    }
}

/// The most batches that a queue of the template hands to its function at once.
fn at_once(template: &Template, function: &str) -> u64 {
    let mut mappings = template.resources("AWS::Lambda::EventSourceMapping");
    let of_function = serde_json::json!({ "Ref": function });
    let mapping = mappings.find(|(_, one)| one["Properties"]["FunctionName"] == of_function);
    mapping.map_or(1, |(_, one)| {
        let scaling = &one["Properties"]["ScalingConfig"];
        scaling["MaximumConcurrency"].as_u64().unwrap()
    })
}

/// The parameter of each function's reserved concurrency, and where the function is.
const RESERVED: [(&str, &str, &str); 10] = [
    ("ReservedForRotate", "rotation", "DatabaseFunction"),
    ("ReservedForKeys", "rotation-keys", "KeysFunction"),
    ("ReservedForAuditKeys", "audit-keys", "AuditKeysFunction"),
    ("ReservedForObserve", "observe", "ObserveFunction"),
    ("ReservedForRequest", "requests", "RequestFunction"),
    ("ReservedForRetire", "retire", "RetireFunction"),
    ("ReservedForRetireKeys", "retire-keys", "RetireKeysFunction"),
    ("ReservedForSweep", "sweep", "SweepFunction"),
    ("ReservedForAudit", "audit", "AuditFunction"),
    ("ReservedForCheckpoint", "checkpoint", "CheckpointFunction"),
];

/// Less than its queue hands over at once would be throttled, and counted as received.
#[test]
fn production_reserves_for_every_function_what_its_queue_hands_over_and_says_the_sum() {
    let config = config();
    let handed = handed(&config, "prod.deploy");
    let mut sum = 0;
    let root = Template::of("template");
    for (parameter, template, function) in RESERVED {
        let set = handed.iter().find(|(name, _)| *name == parameter).unwrap();
        let reserved: u64 = set.1.parse().unwrap();
        assert!(
            reserved >= at_once(&Template::of(template), function),
            "{parameter}"
        );
        assert_eq!(root.body["Parameters"][parameter]["Default"], 0);
        sum += reserved;
    }
    let functions = Template::all();
    let functions = functions
        .iter()
        .map(|one| one.resources("AWS::Serverless::Function").count());
    assert_eq!(functions.sum::<usize>(), RESERVED.len());
    // Lambda keeps 100 for functions without ("Configuring reserved concurrency for a function").
    let needed = format!("a quota of {}", sum + 100);
    for page in ["samconfig.toml", "docs/deploy.md"] {
        assert!(tree::read(page).contains(&needed), "{page}: {needed}");
    }
}

/// Two runs at midnight would keep the same number under two days. One at a time is what Lambda sees to.
#[test]
fn production_makes_one_checkpoint_at_a_time() {
    let config = config();
    let handed = handed(&config, "prod.deploy");
    assert!(
        handed.contains(&("ReservedForCheckpoint", "1")),
        "{handed:?}"
    );
}

/// The functions whose parameter says another least than their queue hands over at once.
fn wrongly_described(root: &Template) -> Vec<&'static str> {
    let wrong = RESERVED
        .into_iter()
        .filter(|(parameter, template, function)| {
            let said = root.body["Parameters"][parameter]["Description"].as_str();
            let least = said.unwrap().split_once("At least ").map(|(_, rest)| rest);
            let by_queue = least.and_then(|rest| rest.split_once(", the batches"));
            let queue = at_once(&Template::of(template), function);
            by_queue.is_some_and(|(least, _)| least != queue.to_string())
        });
    wrong.map(|(parameter, ..)| parameter).collect()
}

#[test]
fn what_is_said_of_a_reserve_is_what_the_queue_hands_over() {
    let none: [&str; 0] = [];
    assert_eq!(wrongly_described(&Template::of("template")), none);
    let bent = Template::bent(
        "template",
        "At least 5, the batches",
        "At least 4, the batches",
    );
    assert_eq!(wrongly_described(&bent), ["ReservedForObserve"]);
}

/// The lines `# yours, when: "Name=example",` of production.
fn yours(text: &str) -> Vec<String> {
    let (_, production) = text.split_once("[prod.deploy.parameters]").unwrap();
    let lines = production.lines().filter_map(|line| {
        let (when, given) = line.trim().strip_prefix("# yours, ")?.split_once(": \"")?;
        assert!(!when.is_empty() && given.ends_with("\","), "{line}");
        Some(given.split_once('=')?.0.to_owned())
    });
    lines.collect()
}

/// The first column of the table under the heading, in backticks.
fn listed(page: &str, heading: &str) -> Vec<String> {
    let (_, after) = page.split_once(heading).unwrap();
    let section = after.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split_once('`').unwrap().0.to_owned())
        .collect()
}

const YOURS: &str = "\n## What only you know\n";

#[test]
fn what_production_lacks_is_yours_marked_and_on_the_page_of_deployment() {
    let yours = yours(&tree::read("samconfig.toml"));
    assert!(yours.len() > 2, "{yours:?}");
    assert_eq!(listed(&tree::read("docs/deploy.md"), YOURS), yours);
    let root = Template::of("template");
    for name in &yours {
        let parameter = &root.body["Parameters"][name];
        assert!(parameter.is_object(), "{name}");
        // Nothing of yours has a default that would be somebody's.
        assert_eq!(parameter["Default"], "", "{name}");
    }
}

/// What has no default of use and is in neither list would be forgotten.
#[test]
fn every_parameter_of_production_is_set_yours_or_has_its_default_told() {
    let config = config();
    let handed = handed(&config, "prod.deploy");
    let yours = yours(&tree::read("samconfig.toml"));
    let root = Template::of("template");
    let empty = super::template::entries(&root.body["Parameters"])
        .filter(|(_, parameter)| parameter["Default"] == "")
        .map(|(name, _)| name);
    // The example is no part of production; a path in the layer and a window have defaults of their own.
    let optional = ["CaFile", "WindowDuration"];
    for name in empty.filter(|name| !name.starts_with("Example")) {
        let known = yours.iter().any(|one| one == name)
            || optional.contains(&name)
            || handed.iter().any(|(set, _)| *set == name);
        assert!(known, "{name}");
    }
}

#[test]
fn a_value_that_is_marked_and_not_listed_is_found() {
    let text = tree::read("samconfig.toml");
    let marked = text.replacen(
        "# yours, needed: \"TrailArn=",
        "# yours, needed: \"Trail=",
        1,
    );
    assert_ne!(yours(&marked), yours(&text));
    let page = "a\n## What only you know\n\n| `A` | b |\n| c |\n\n## d\n\n| `E` | f |\n";
    assert_eq!(listed(page, YOURS), ["A"]);
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
