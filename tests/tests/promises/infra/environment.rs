//! What a template tells a function and what the function asks for are the same.

use std::collections::BTreeSet;

use super::template::{Template, entries};
use crate::tidy::rust_source::RustSource;
use crate::tidy::{holds, tree};

/// A function of a template, and the sources that name its settings.
struct Told {
    template: &'static str,
    function: &'static str,
    settings: &'static [&'static str],
}

const FUNCTIONS: [Told; 10] = [
    Told {
        template: "rotation",
        function: "DatabaseFunction",
        // The last holds AWS's names for passwords, which the family hands on.
        settings: &[
            "functions/rotate/src/config.rs",
            "crates/families/src/database.rs",
            "crates/rotators/src/password.rs",
        ],
    },
    Told {
        template: "rotation-keys",
        function: "KeysFunction",
        settings: &[
            "functions/rotate/src/config.rs",
            "crates/families/src/keys.rs",
            "crates/rotators/src/password.rs",
        ],
    },
    Told {
        template: "audit-keys",
        function: "AuditKeysFunction",
        // The same program; no key of a seal ends or is a password, so what its family asks for has its defaults.
        settings: &["functions/rotate/src/config.rs"],
    },
    Told {
        template: "observe",
        function: "ObserveFunction",
        settings: &["functions/observe/src/config.rs"],
    },
    Told {
        template: "requests",
        function: "RequestFunction",
        settings: &["functions/request/src/config.rs"],
    },
    Told {
        template: "sweep",
        function: "SweepFunction",
        settings: &["functions/sweep/src/config.rs"],
    },
    Told {
        template: "retire",
        function: "RetireFunction",
        settings: &[
            "functions/retire/src/config.rs",
            "crates/families/src/database.rs",
            "crates/rotators/src/password.rs",
        ],
    },
    Told {
        template: "retire-keys",
        function: "RetireKeysFunction",
        settings: &[
            "functions/retire/src/config.rs",
            "crates/families/src/keys.rs",
            "crates/rotators/src/password.rs",
        ],
    },
    Told {
        template: "audit",
        function: "AuditFunction",
        settings: &["functions/audit/src/config.rs"],
    },
    Told {
        template: "checkpoint",
        function: "CheckpointFunction",
        settings: &["functions/checkpoint/src/config.rs"],
    },
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

impl Told {
    fn both(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let settings = self.settings.iter();
        let asked_for = settings.flat_map(|path| asked_for(&tree::read(path)));
        (
            told(&Template::of(self.template), self.function),
            asked_for.collect(),
        )
    }
}

#[test]
fn the_template_sets_every_variable_that_a_function_reads() {
    let mut missing = Vec::new();
    for function in FUNCTIONS {
        let (told, asked_for) = function.both();
        let name = function.function;
        assert!(asked_for.len() > 1, "{name}: {asked_for:?}");
        let unset = asked_for.difference(&told);
        missing.extend(unset.map(|variable| format!("{name} reads {variable}")));
    }
    holds(&missing);
}

#[test]
fn the_function_reads_every_variable_that_the_template_sets() {
    let mut unread = Vec::new();
    for function in FUNCTIONS {
        let (told, asked_for) = function.both();
        let unasked = told.difference(&asked_for);
        unread.extend(unasked.map(|variable| format!("{} is told {variable}", function.function)));
    }
    holds(&unread);
}

#[test]
fn no_function_is_left_out_here() {
    let known = FUNCTIONS.map(|one| (format!("infra/{}.yaml", one.template), one.function));
    for template in Template::all() {
        for (name, _) in template.resources("AWS::Serverless::Function") {
            assert!(known.contains(&(template.path.clone(), name)), "{name}");
        }
    }
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
