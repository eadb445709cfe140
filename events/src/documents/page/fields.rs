//! Fields as tables, and the objects and texts that stand in them.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Definitions, anchor, description, words};

/// One field of an object.
pub struct Field {
    pub name: String,
    /// Its type, with a link where there is more to say.
    pub kind: String,
    required: bool,
    pub meaning: String,
}

/// The fields of a definition: those that must be there first.
pub fn of(all: &Definitions, type_name: &str) -> impl Iterator<Item = Field> {
    let schema = all.get(type_name).unwrap_or(&Value::Null);
    let must = schema.get("required").and_then(Value::as_array);
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut fields: Vec<Field> = properties
        .into_iter()
        .flatten()
        .map(|(name, field)| {
            let said = field.get("description").and_then(Value::as_str);
            Field {
                name: name.clone(),
                kind: kind(all, field),
                required: must.is_some_and(|must| must.contains(&Value::from(name.as_str()))),
                meaning: cell(said.unwrap_or_default()),
            }
        })
        .collect();
    fields.sort_by_key(|field| !field.required);
    fields.into_iter()
}

/// The fields of a definition, without those that are told elsewhere.
pub fn table(page: &mut String, first: &str, all: &Definitions, type_name: &str, but: &[String]) {
    let _ = writeln!(
        page,
        "| {first} | type | required | meaning |\n|---|---|---|---|"
    );
    for field in of(all, type_name).filter(|field| !but.contains(&field.name)) {
        let required = if field.required { "yes" } else { "" };
        let Field {
            name,
            kind,
            meaning,
            ..
        } = field;
        let _ = writeln!(page, "| `{name}` | {kind} | {required} | {meaning} |");
    }
}

/// The objects that stand in fields.
pub fn objects(page: &mut String, all: &Definitions, told: impl Fn(&str) -> bool) {
    page.push_str("\n## Objects\n");
    for (name, schema) in all.iter().filter(|(name, _)| !told(name)) {
        if is_object(schema) {
            let said = paragraph(description(all, name));
            let _ = writeln!(page, "\n### {name}\n\n{said}\n");
            table(page, "field", all, name, &[]);
        }
    }
}

/// What is neither an object nor a list of words.
pub fn texts(page: &mut String, all: &Definitions) {
    page.push_str("\n## Texts\n\n| type | what it is |\n|---|---|\n");
    for (name, schema) in all {
        if !is_object(schema) && !words::is_list(name, schema) {
            let _ = writeln!(page, "| `{name}` | {} |", cell(description(all, name)));
        }
    }
}

fn is_object(schema: &Value) -> bool {
    schema.get("properties").is_some()
}

fn kind(all: &Definitions, field: &Value) -> String {
    if let Some(refer) = field.get("$ref").and_then(Value::as_str) {
        let name = refer.rsplit('/').next().unwrap_or(refer);
        let schema = all.get(name).unwrap_or(&Value::Null);
        return if is_object(schema) || words::is_list(name, schema) {
            format!("[{name}](#{})", anchor(name))
        } else {
            format!("[{name}](#texts)")
        };
    }
    let null = Value::from("null");
    if let Some(any) = field.get("anyOf").and_then(Value::as_array) {
        let said = any.iter().find(|one| one.get("type") != Some(&null));
        return said.map(|one| kind(all, one)).unwrap_or_default();
    }
    let types = match field.get("type") {
        Some(Value::Array(types)) => types.iter().find(|one| **one != null),
        other => other,
    };
    match types.and_then(Value::as_str) {
        Some("array") => {
            let items = field.get("items").unwrap_or(&Value::Null);
            format!("list of {}", kind(all, items))
        }
        Some("boolean") => "true or false".to_owned(),
        Some("integer") => "whole number".to_owned(),
        Some("string") => "text".to_owned(),
        Some("object") => "object".to_owned(),
        _ => "anything".to_owned(),
    }
}

/// Text in a cell of a table.
pub fn cell(text: &str) -> String {
    paragraph(text).replace('|', "\\|")
}

/// Text as one line.
pub fn paragraph(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
