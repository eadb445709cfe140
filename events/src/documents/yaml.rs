//! Values as YAML. Any text is written as JSON writes it, which YAML reads, or plain where that is safe.

use serde_json::Value;

/// Fields that say what a thing is, before those that say more about it.
const FIRST: [&str; 9] = [
    "$ref",
    "name",
    "title",
    "action",
    "channel",
    "address",
    "summary",
    "description",
    "type",
];

/// `name:` and the value below it, as a section of a document.
pub fn section(name: &str, value: &Value) -> String {
    let mut text = String::new();
    field(&mut text, name, value, 0);
    text
}

fn field(text: &mut String, name: &str, value: &Value, depth: usize) {
    text.push_str(&"  ".repeat(depth));
    text.push_str(&scalar(&Value::from(name)));
    text.push(':');
    below(text, value, depth + 1);
}

/// What comes after the colon or the dash: on the same line, or on those below.
fn below(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            text.push('\n');
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_by_key(|name| {
                FIRST
                    .iter()
                    .position(|first| first == name)
                    .unwrap_or(FIRST.len())
            });
            for name in names {
                if let Some(value) = fields.get(name) {
                    field(text, name, value, depth);
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            for item in items {
                text.push_str(&"  ".repeat(depth));
                text.push('-');
                below(text, item, depth + 1);
            }
        }
        scalar_or_empty => {
            text.push(' ');
            text.push_str(&scalar(scalar_or_empty));
            text.push('\n');
        }
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(word) if is_plain(word) => word.clone(),
        other => other.to_string(),
    }
}

/// Whether YAML reads it as that text and nothing else.
fn is_plain(text: &str) -> bool {
    const ANOTHER_TYPE: [&str; 10] = [
        "true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf",
    ];
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric() || ".)".contains(c))
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || " ._-/(),".contains(c))
        && !ANOTHER_TYPE.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::section;
    use serde_json::{Value, json};

    #[test]
    fn what_is_written_reads_back_as_it_was() {
        let value = json!({
            "texts": ["plain", "two words.", "yes", "No", "12", "1e3", "a: b", "- a", "# a", "ü", "a\nb", "",
                " a", "a ", "{stage}", "\"", "`a`", "*a", "&a", "!a", "2026-03-02", "~", "null", "a #b", "\\u0000"],
            "others": [1, -1, 1.5, true, false, null, {}, [], [[1, 2], []], [{ "a": { "b": [] } }]],
            "$ref": "#/components/schemas/A",
            "detail-type": { "const": "x" },
            "on": { "title": "a", "zebra": 1, "1": 2, "a b": 3, "": 4 },
        });
        let read: Value = serde_yaml_ng::from_str(&section("all", &value)).unwrap();
        assert_eq!(read, json!({ "all": value }));
    }
}
