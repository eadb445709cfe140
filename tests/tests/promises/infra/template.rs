//! A template as JSON: `!Sub x` reads as `{"Fn::Sub": "x"}`, as CloudFormation itself reads it.

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

use crate::tidy::tree;

/// One template, with its path.
#[derive(Clone)]
pub struct Template {
    pub path: String,
    pub body: Value,
}

impl Template {
    /// Parses a template.
    pub fn parse(path: &str, text: &str) -> Self {
        let yaml: Yaml = serde_yaml_ng::from_str(text)
            .unwrap_or_else(|error| panic!("{path} is not YAML: {error}"));
        Self {
            path: path.to_owned(),
            body: long_form(yaml),
        }
    }

    /// One of ours, by the name of its file.
    pub fn of(name: &str) -> Self {
        let path = format!("infra/{name}.yaml");
        Self::parse(&path, &tree::read(&path))
    }

    /// All of ours.
    pub fn all() -> Vec<Self> {
        let ours = |path: &str| path.starts_with("infra/") && path.ends_with(".yaml");
        let files = tree::files().iter().filter(|file| ours(&file.path));
        files
            .map(|file| Self::parse(&file.path, &file.text))
            .collect()
    }

    /// One of ours with a part of its text replaced: a violation to be found.
    pub fn bent(name: &str, from: &str, to: &str) -> Self {
        let path = format!("infra/{name}.yaml");
        let text = tree::read(&path);
        assert!(text.contains(from), "{path} has no {from:?}");
        Self::parse(&path, &text.replacen(from, to, 1))
    }

    /// The resources of a type, by name.
    pub fn resources<'a>(&'a self, of_type: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let of_type = move |resource: &Value| resource["Type"] == of_type;
        entries(&self.body["Resources"]).filter(move |(_, resource)| of_type(resource))
    }

    /// The one resource of a type.
    pub fn only<'a>(&'a self, of_type: &'a str) -> (&'a str, &'a Value) {
        let found: Vec<_> = self.resources(of_type).collect();
        assert_eq!(found.len(), 1, "{}: {of_type}", self.path);
        found[0]
    }

    /// The properties of a resource, as they are when every condition holds.
    pub fn properties(&self, resource: &str) -> Value {
        all_on(&self.body["Resources"][resource]["Properties"])
    }
}

/// The entries of a map; none of anything else.
pub fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let map = value.as_object().into_iter().flatten();
    map.map(|(key, value)| (key.as_str(), value))
}

/// A list, or the one thing that stands for a list of one.
pub fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

/// `!If [condition, a, b]` read as `a`: what is there when everything is turned on.
pub fn all_on(value: &Value) -> Value {
    match value {
        Value::Object(map) => match map.get("Fn::If") {
            Some(branches) => all_on(&branches[1]),
            None => map
                .iter()
                .map(|(key, value)| (key.clone(), all_on(value)))
                .collect(),
        },
        Value::Array(items) => items.iter().map(all_on).collect(),
        other => other.clone(),
    }
}

fn long_form(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(bool) => json!(bool),
        Yaml::Number(number) => serde_json::to_value(number).unwrap(),
        Yaml::String(text) => json!(text),
        Yaml::Sequence(items) => items.into_iter().map(long_form).collect(),
        Yaml::Mapping(map) => map
            .into_iter()
            .map(|(key, value)| (key.as_str().unwrap().to_owned(), long_form(value)))
            .collect::<Map<_, _>>()
            .into(),
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            let name = name.trim_start_matches('!');
            let value = long_form(tagged.value);
            match (name, &value) {
                ("Ref" | "Condition", _) => json!({ name: value }),
                ("GetAtt", Value::String(path)) => {
                    let (resource, attribute) = path.split_once('.').unwrap();
                    json!({ "Fn::GetAtt": [resource, attribute] })
                }
                _ => json!({ format!("Fn::{name}"): value }),
            }
        }
    }
}

#[test]
fn short_forms_read_as_long_forms() {
    let template = Template::parse(
        "a.yaml",
        "a: !Ref B\nc: !GetAtt D.E.F\ng: !If [H, !Sub 'i-${J}', !Ref AWS::NoValue]\nk: 1\n",
    );
    assert_eq!(
        template.body,
        json!({
            "a": { "Ref": "B" },
            "c": { "Fn::GetAtt": ["D", "E.F"] },
            "g": { "Fn::If": ["H", { "Fn::Sub": "i-${J}" }, { "Ref": "AWS::NoValue" }] },
            "k": 1,
        })
    );
    assert_eq!(all_on(&template.body)["g"], json!({ "Fn::Sub": "i-${J}" }));
}
