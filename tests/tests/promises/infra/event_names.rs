//! A role lets its function announce what the function can announce, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::permissions::statements;
use super::template::{Template, entries, list};
use crate::tidy::rust_source::RustSource;
use crate::tidy::{holds, tree};

/// A function: the template and the statement that let it announce, its own sources, and its list in the
/// registry, to which the registry's own tests hold its decisions. The protocol of a rotation has none: what
/// that announces is built in the function.
struct Announcing {
    template: &'static str,
    sid: &'static str,
    sources: &'static str,
    list: Option<&'static str>,
}

/// Where the registry says what each function announces.
const LISTS: &str = "crates/registry/src/announced.rs";

const FUNCTIONS: [Announcing; 8] = [
    // One source, built for two families and deployed three times.
    Announcing {
        template: "audit-keys",
        sid: "AnnounceItsRotations",
        sources: "functions/rotate/src/",
        list: None,
    },
    Announcing {
        template: "rotation-keys",
        sid: "AnnounceItsRotations",
        sources: "functions/rotate/src/",
        list: None,
    },
    Announcing {
        template: "rotation",
        sid: "AnnounceItsRotations",
        sources: "functions/rotate/src/",
        list: None,
    },
    Announcing {
        template: "observe",
        sid: "AnnounceWhatItSees",
        sources: "functions/observe/src/",
        list: Some("OBSERVE"),
    },
    Announcing {
        template: "requests",
        sid: "AnnounceWhatItDecides",
        sources: "functions/request/src/",
        list: Some("REQUEST"),
    },
    Announcing {
        template: "sweep",
        sid: "AnnounceWhatIsDue",
        sources: "functions/sweep/src/",
        list: Some("SWEEP"),
    },
    Announcing {
        template: "retire",
        sid: "AnnounceWhatItDoes",
        sources: "functions/retire/src/",
        list: Some("RETIRE"),
    },
    Announcing {
        template: "retire-keys",
        sid: "AnnounceWhatItDoes",
        sources: "functions/retire/src/",
        list: Some("RETIRE"),
    },
];

/// The names of an enum of the contract, by their variant: its lines `Variant = "name",`.
fn names(topic: &str, of: &str) -> BTreeMap<String, String> {
    let (_, after) = topic
        .split_once(&format!("    {of}, Unknown{of} {{"))
        .unwrap();
    let lines = after.lines().take_while(|line| line.trim() != "}");
    let lines = lines.filter_map(|line| line.trim().split_once(" = \""));
    lines
        .map(|(name, text)| (name.to_owned(), text.trim_end_matches("\",").to_owned()))
        .collect()
}

fn contract() -> BTreeMap<String, String> {
    names(&tree::read("events/src/topic.rs"), "DetailType")
}

/// The names in `pub const LIST: ... = [DetailType::Variant, ...];`.
fn announced(source: &str, list: &str, contract: &BTreeMap<String, String>) -> BTreeSet<String> {
    let source = RustSource::production(source);
    let constant = format!("pub const {list}:");
    let (_, after) = source.code.split_once(&constant).unwrap();
    let (_, value) = after.split_once('=').unwrap();
    let (value, _) = value.split_once(';').unwrap();
    let variants = value.split("DetailType::").skip(1).map(word);
    variants.map(|variant| contract[variant].clone()).collect()
}

/// The payloads of the contract that a source makes, `X { ... }` or `X::new(...)`, and so can publish.
/// A payload is named as its variant is; one of another enum, `Y::X { ... }`, is no payload.
fn built(source: &str, contract: &BTreeMap<String, String>) -> BTreeSet<String> {
    let source = RustSource::production(source);
    let builds = |payload: &str| {
        let mut places = source.code.match_indices(payload);
        places.any(|(at, _)| {
            let (before, after) = (&source.code[..at], &source.code[at + payload.len()..]);
            let whole_word = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let payload = !before.ends_with("::") || before.ends_with("rekey_events::");
            let made = after.starts_with("::new(")
                || (after.starts_with(" {") && !before.ends_with("for "));
            whole_word && payload && made
        })
    };
    let built = contract.iter().filter(|(payload, _)| builds(payload));
    built.map(|(_, name)| name.clone()).collect()
}

fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
        .unwrap()
}

fn allowed(template: &Template, sid: &str) -> BTreeSet<String> {
    let statements = statements(template);
    let announce = statements.iter().find(|one| one["Sid"] == sid).unwrap();
    let condition = &announce["Condition"]["ForAllValues:StringEquals"];
    let names = list(&condition["events:detail-type"]).into_iter();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

/// What a function announces and may not, and the other way round.
fn disagreements(
    function: &str,
    announced: &BTreeSet<String>,
    allowed: &BTreeSet<String>,
) -> Vec<String> {
    let refused = announced.difference(allowed);
    let unused = allowed.difference(announced);
    refused
        .map(|name| format!("{function} announces {name} and may not"))
        .chain(unused.map(|name| format!("{function} may announce {name} and does not")))
        .collect()
}

#[test]
fn a_role_allows_what_its_function_announces_and_nothing_else() {
    let contract = contract();
    let mut wrong = Vec::new();
    for function in FUNCTIONS {
        let sources = tree::files()
            .iter()
            .filter(|file| file.path.starts_with(function.sources) && file.path.ends_with(".rs"));
        let mut announces: BTreeSet<_> = sources
            .flat_map(|file| built(&file.text, &contract))
            .collect();
        if let Some(list) = function.list {
            announces.extend(announced(&tree::read(LISTS), list, &contract));
        }
        let allowed = allowed(&Template::of(function.template), function.sid);
        wrong.extend(disagreements(function.template, &announces, &allowed));
    }
    holds(&wrong);
}

/// A list that is not looked at would announce what no role allows.
#[test]
fn no_list_is_left_out_here() {
    let lists = tree::read(LISTS);
    let written = lists.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("pub const ")?.split_once(':')?;
        Some(name)
    });
    let known: BTreeSet<_> = FUNCTIONS.iter().filter_map(|one| one.list).collect();
    assert_eq!(written.collect::<BTreeSet<_>>(), known);
}

/// The text of `pub const NAME: &str = "text";`.
fn constant<'a>(source: &'a str, name: &str) -> &'a str {
    let start = format!("pub const {name}: &str = \"");
    let (_, after) = source.split_once(&start).unwrap();
    after.split_once('"').unwrap().0
}

/// The sweep asks as the requester that the contract knows as the schedule.
#[test]
fn the_schedule_has_the_source_of_the_contract() {
    let topic = tree::read("events/src/topic.rs");
    let schedule = constant(&topic, "SCHEDULE_SOURCE");
    let bus = &Template::of("requests").body["Resources"]["OnlyTheSweepIsTheSchedule"];
    let condition = &bus["Properties"]["Statement"]["Condition"];
    assert_eq!(
        condition["ForAnyValue:StringEquals"]["events:source"],
        schedule
    );
    let ask = statements(&Template::of("sweep"));
    let ask = ask
        .iter()
        .find(|one| one["Sid"] == "AskAsTheSchedule")
        .unwrap();
    let condition = &ask["Condition"]["ForAllValues:StringEquals"];
    assert_eq!(condition["events:source"], schedule);
}

/// A name that is misspelt in a template matches nothing, and nobody is told.
fn unknown(template: &Template) -> Vec<String> {
    let topic = tree::read("events/src/topic.rs");
    let known = ["Source", "DetailType"].map(|of| names(&topic, of).into_values());
    let known: BTreeSet<_> = known.into_iter().flatten().collect();
    let requesters = constant(&topic, "REQUESTER_SOURCE_PREFIX");
    // One requester, or in a pattern all of them.
    let requester = |name: &str| {
        let name = name.strip_prefix(requesters).unwrap_or_default();
        !name.is_empty() && (name == "*" || !name.contains('*'))
    };
    let known = |name: &str| known.contains(name) || requester(name);
    let mut found = Vec::new();
    for (name, rule) in template.resources("AWS::Events::Rule") {
        let pattern = &rule["Properties"]["EventPattern"];
        let named = list(&pattern["source"]).into_iter();
        let named = named.chain(list(&pattern["detail-type"]));
        let texts = named.filter_map(|one| one.as_str().or(one["prefix"].as_str()));
        // Of prefixes, our own and the requesters'.
        let prefix = |text: &str| text == requesters || text == "rekey.";
        let strange = texts.filter(|text| !known(text) && !prefix(text));
        found.extend(strange.map(|text| format!("{name}: {text}")));
    }
    for statement in statements(template) {
        let conditions = entries(&statement["Condition"]);
        for (_, condition) in conditions.filter(|(operator, _)| *operator != "Null") {
            for key in ["events:source", "events:detail-type"] {
                let texts = list(&condition[key]).into_iter();
                let strange = texts.filter_map(|one| one.as_str().filter(|text| !known(text)));
                found.extend(strange.map(str::to_owned));
            }
        }
    }
    found
}

#[test]
fn every_name_of_an_event_in_a_template_is_one_of_the_contract() {
    let all = Template::all();
    holds(&all.iter().flat_map(unknown).collect::<Vec<_>>());
    for (template, from, to) in [
        ("observe", "[Secret Label Updated]", "[Secret Label Update]"),
        (
            "observe",
            "source: [rekey.rotate, rekey.retire]",
            "source: [rekey.rotation, rekey.retire]",
        ),
        ("retire", "rekey.secret.retired", "rekey.secret.retire"),
        (
            "sweep",
            "events:source: rekey.sweep",
            "events:source: sweep",
        ),
        (
            "sweep",
            "events:source: rekey.requester.schedule",
            "events:source: rekey.requesters.schedule",
        ),
        (
            "requests",
            "{prefix: rekey.requester.}",
            "{prefix: rekey.requests.}",
        ),
        (
            "requests",
            "events:detail-type: greentic.secrets.rotate.requested",
            "events:detail-type: greentic.secrets.rotate.request",
        ),
    ] {
        let bent = Template::bent(template, from, to);
        assert_eq!(unknown(&bent).len(), 1, "{to}");
    }
}

#[test]
fn an_announcement_that_is_not_allowed_is_found() {
    let contract = contract();
    for made in ["StepFailed { b }", "StepFailed::new(b)"] {
        let wire = format!("fn a() -> rekey_events::StepFailed {{ rekey_events::{made} }}\n");
        let built = built(&wire, &contract);
        assert_eq!(built.into_iter().collect::<Vec<_>>(), ["rekey.step.failed"]);
    }
    let others =
        "fn a(b: &MyStepFailed) {} // StepFailed { c }\nlet d = Happening::StepFailed { e };\n";
    assert!(built(others, &contract).is_empty());
    let written =
        "pub const ANNOUNCES: &[DetailType] = &[DetailType::GraceEnding, DetailType::SecretPut];\n";
    let written = announced(written, "ANNOUNCES", &contract);
    let expected = ["greentic.secrets.put", "rekey.grace.ending"].map(str::to_owned);
    assert_eq!(written, expected.into_iter().collect());
    let bent = Template::bent("rotation", ", rekey.step.failed]", "]");
    let bent = allowed(&bent, "AnnounceItsRotations");
    let whole = allowed(&Template::of("rotation"), "AnnounceItsRotations");
    assert_eq!(disagreements("a", &whole, &bent).len(), 1);
    assert_eq!(disagreements("a", &bent, &whole).len(), 1);
}
