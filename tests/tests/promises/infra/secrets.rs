//! No template holds a secret value, nor takes one.

use serde_json::Value;

use super::template::{Template, entries};
use crate::tidy::holds;

const SECRET_WORDS: [&str; 5] = ["password", "secret", "token", "credential", "apikey"];

/// A parameter may say where a secret is, or how a value is made.
const NOT_A_VALUE: [&str; 3] = ["Arn", "Arns", "Length"];

fn holds_values(template: &Template) -> Vec<String> {
    let mut found = Vec::new();
    for (name, parameter) in entries(&template.body["Parameters"]) {
        let lower = name.to_lowercase();
        let of_a_secret = SECRET_WORDS.iter().any(|word| lower.contains(word));
        if of_a_secret && !NOT_A_VALUE.iter().any(|ending| name.ends_with(ending)) {
            found.push(format!("parameter {name}"));
        }
        // It hides the value in the console; the stack still holds it, and so does who deploys.
        if parameter.get("NoEcho").is_some() {
            found.push(format!("parameter {name} is NoEcho"));
        }
    }
    for (name, secret) in template.resources("AWS::SecretsManager::Secret") {
        let secret = &secret["Properties"];
        if secret.get("SecretString").is_some() || secret.get("GenerateSecretString").is_none() {
            found.push(format!("secret {name} is not generated"));
        }
        let written = secret["GenerateSecretString"]["SecretStringTemplate"].to_string();
        if written.to_lowercase().contains("password") {
            found.push(format!("secret {name} has a password in its template"));
        }
    }
    texts(&template.body, &mut |text| {
        if text.contains("{{resolve:") {
            found.push(format!("{text} puts a value into the stack"));
        }
    });
    found
}

fn texts(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, see)),
        Value::Object(map) => map.values().for_each(|item| texts(item, see)),
        _ => {}
    }
}

#[test]
fn no_template_takes_or_holds_a_secret_value() {
    holds(
        &Template::all()
            .iter()
            .flat_map(holds_values)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn a_secret_value_in_a_template_is_found() {
    for (from, to) in [
        (
            "Username:\n    Type: String",
            "UserPassword:\n    Type: String",
        ),
        (
            "Username:\n    Type: String",
            "Username:\n    NoEcho: true\n    Type: String",
        ),
        ("GenerateSecretString:", "SecretString:"),
        (
            "\"username\": \"${Username}\"",
            "\"password\": \"x\", \"username\": \"${Username}\"",
        ),
        (
            "Value: !Ref Owner",
            "Value: \"{{resolve:secretsmanager:a}}\"",
        ),
    ] {
        let found = holds_values(&Template::bent("example-database", from, to));
        assert_eq!(found.len(), 1, "{to}: {found:?}");
    }
}

#[test]
fn a_secret_outlives_its_stack() {
    for template in Template::all() {
        for (name, secret) in template.resources("AWS::SecretsManager::Secret") {
            assert_eq!(secret["DeletionPolicy"], "RetainExceptOnCreate", "{name}");
            assert_eq!(secret["UpdateReplacePolicy"], "Retain", "{name}");
        }
    }
}
