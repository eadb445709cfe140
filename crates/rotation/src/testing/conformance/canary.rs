use serde_json::Value;

use super::super::scene::Scene;
use super::super::violation::{Promise, Violation};
use super::super::world::World;
use super::ConformingTarget;
use super::house::token;
use crate::{SecretValue, StagingLabel};

/// Texts shorter than this are names and numbers.
const LEAST: usize = 16;

/// Two rotations, so that the values in use were made by the rotator itself: no text of theirs is where the
/// target writes things down. What is planted there is found.
pub(super) async fn no_value_is_written_down<W>(world: &W) -> Result<(), Violation>
where
    W: World<Target: ConformingTarget>,
{
    let scene = Scene::prepare(world, None, "the search for leaked values".to_owned()).await?;
    let first = scene.current()?;
    for n in 1..=2 {
        let token = token(n)?;
        scene.rotate(&token).await?;
        scene.converge(&token).await?;
    }
    let [current, previous] = [StagingLabel::Current, StagingLabel::Previous]
        .map(|label| scene.store.peek(&scene.secret, &label));
    let made: Vec<String> = [current, previous]
        .iter()
        .flatten()
        .flat_map(secrets)
        .collect();
    let known = secrets(&first);
    let fresh: Vec<&String> = made.iter().filter(|text| !known.contains(text)).collect();
    if fresh.is_empty() {
        return Err(scene.broken(
            Promise::NothingLeaks,
            "the rotator made nothing to look for",
        ));
    }
    let written = scene.target.written_down().await;
    if fresh.iter().any(|text| shows(&written, text)) {
        return Err(scene.broken(Promise::NothingLeaks, "the target has written a value down"));
    }
    let planted = "planted-to-be-found-0123456789";
    scene.target.plant(planted).await;
    if !shows(&scene.target.written_down().await, planted) {
        return Err(scene.broken(
            Promise::NothingLeaks,
            "the search does not find what is planted",
        ));
    }
    Ok(())
}

impl<T: ConformingTarget> Scene<T> {
    /// No value of this scenario is in a text of ours.
    pub(super) fn is_quiet(&self, text: &str) -> Result<(), Violation> {
        let superuser = self.target.superuser().map(|(_, value)| value);
        let labels = [
            StagingLabel::Current,
            StagingLabel::Pending,
            StagingLabel::Previous,
        ];
        let labelled = labels
            .iter()
            .filter_map(|label| self.store.peek(&self.secret, label));
        for value in labelled.chain(superuser) {
            if secrets(&value).iter().any(|secret| shows(text, secret)) {
                return Err(self.broken(Promise::NothingLeaks, "a text of ours holds a value"));
            }
        }
        Ok(())
    }
}

/// The secret texts of a value: those of fields whose names say so, and a value that is no JSON.
fn secrets(value: &SecretValue) -> Vec<String> {
    // Exposed to be looked for.
    match serde_json::from_str(value.expose()) {
        Ok(json) => {
            let mut found = Vec::new();
            collect("", &json, &mut found);
            found
        }
        Err(_) => vec![value.expose().to_owned()],
    }
}

/// The fields that hold secrets, of every kind: passwords, the values of `hmac` and `generic`, and the private
/// part of a JSON Web Key.
const SECRET_FIELDS: [&str; 10] = [
    "password",
    "auth_token",
    "current",
    "previous",
    "d",
    "p",
    "q",
    "dp",
    "dq",
    "qi",
];

fn collect(name: &str, json: &Value, found: &mut Vec<String>) {
    match json {
        Value::String(text) => {
            let secret = SECRET_FIELDS.contains(&name) || name.ends_with("_previous");
            if secret && text.len() >= LEAST {
                found.push(text.clone());
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(name, value, found);
            }
        }
        Value::Array(values) => {
            for value in values {
                collect(name, value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether `secret` is in `text`: as it is, with its quotes doubled, in hexadecimal digits, or as JSON writes it.
fn shows(text: &str, secret: &str) -> bool {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let json = Value::from(secret).to_string();
    let escaped = json.trim_matches('"');
    [secret, &secret.replace('\'', "''"), &hex, escaped]
        .iter()
        .any(|form| text.contains(*form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_by_the_names_of_their_fields_however_deep() {
        let value = SecretValue::new(
            r#"{"username":"a-long-name-of-a-user","password":"canary-canary-canary",
                "current":{"kty":"OKP","x":"public-public-public","d":"private-private-priv"}}"#
                .to_owned(),
        )
        .unwrap();
        let mut found = secrets(&value);
        found.sort_unstable();
        assert_eq!(found, ["canary-canary-canary", "private-private-priv"]);
    }

    #[test]
    fn a_secret_is_seen_in_every_spelling() {
        let secret = "it's \"quoted\" and \\long";
        for text in [
            format!("x{secret}y"),
            "ALTER ROLE x PASSWORD 'it''s \"quoted\" and \\long'".to_owned(),
            r#"{"a":"it's \"quoted\" and \\long"}"#.to_owned(),
            "696f".to_owned()
                + &secret
                    .bytes()
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<String>(),
        ] {
            assert!(shows(&text, secret), "{text}");
        }
        assert!(!shows("it's \"quoted\"", secret));
    }
}
