//! Lists of words and what each of them means.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde_json::Value;

use super::{Definitions, description, fields};
use crate::{
    ActorType, CheckResult, ErrorClass, HoldCause, Kind, Lateness, OrderOutcome, OrderPatience,
    Outcome, ProofMethod, RequestAnswer, RetireOperation, Strategy,
};

/// The words of an open list with their meanings.
fn open(name: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    macro_rules! lists {
        ($($list:ident),+) => {
            $(if name == $list::schema_name() {
                return Some(($list::WORDS, $list::MEANINGS));
            })+
        };
    }
    lists!(
        ActorType,
        CheckResult,
        ErrorClass,
        HoldCause,
        Kind,
        Lateness,
        OrderOutcome,
        OrderPatience,
        Outcome,
        ProofMethod,
        RequestAnswer,
        RetireOperation,
        Strategy
    );
    None
}

/// The words of a closed list, which its schema tells.
fn closed(schema: &Value) -> Option<Vec<(&str, &str)>> {
    let words = schema.get("oneOf")?.as_array()?.iter();
    words
        .map(|word| {
            Some((
                word.get("const")?.as_str()?,
                word.get("description")?.as_str()?,
            ))
        })
        .collect()
}

/// Whether it is a list of words.
pub fn is_list(name: &str, schema: &Value) -> bool {
    open(name).is_some() || closed(schema).is_some()
}

/// Every list that stands in a field.
pub fn lists(page: &mut String, all: &Definitions) {
    page.push_str(
        "\n## Words\n\nA newer producer may say other words than these, but for `Step`. Take them as what they are: new.\n",
    );
    for (name, schema) in all {
        let words: Vec<(&str, &str)> = match (open(name), closed(schema)) {
            (Some((words, meanings)), _) => words
                .iter()
                .copied()
                .zip(meanings.iter().copied())
                .collect(),
            (None, Some(words)) => words,
            (None, None) => continue,
        };
        let said = fields::paragraph(description(all, name));
        let _ = writeln!(
            page,
            "\n### {name}\n\n{said}\n\n| word | meaning |\n|---|---|"
        );
        for (word, meaning) in words {
            let _ = writeln!(page, "| `{word}` | {} |", fields::cell(meaning));
        }
    }
}
