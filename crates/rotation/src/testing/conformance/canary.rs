use serde_json::{Map, Value};

use super::super::scene::Scene;
use super::super::violation::{Promise, Violation};
use super::super::world::{Target as _, World};
use super::ConformingTarget;
use super::guards::created;
use super::house::token;
use crate::{ErrorClass, SecretValue, StagingLabel};

/// Texts shorter than this are names and numbers.
const LEAST: usize = 16;

/// Two rotations, so that the values in use were made by the rotator itself: no text of theirs is where the
/// target writes things down. What is planted there is found. Returns whether the target writes anything down.
pub(super) async fn no_value_is_written_down<W>(world: &W) -> Result<bool, Violation>
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
    if !scene.target.writes_down() {
        return Ok(false);
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
    Ok(true)
}

/// The refusal that every kind can be made to say, of a pending value that is somebody else's, holds no value.
pub(super) async fn a_refusal_holds_no_value<W>(world: &W) -> Result<(), Violation>
where
    W: World<Target: ConformingTarget>,
{
    let name = "the text that refuses somebody else's value";
    let scene = Scene::prepare(world, None, name.to_owned()).await?;
    // The value in use was made here then: one that was given may be too short to be looked for.
    let (earlier, token) = (token(1)?, token(2)?);
    scene.rotate(&earlier).await?;
    scene.converge(&earlier).await?;
    scene.rotate(&token).await?;
    let process = scene.process(None);
    created(&scene, &process, &token).await?;
    let bystander = scene.target.bystander();
    scene.store.tamper(&scene.secret, &token, bystander);
    let (class, promise) = (ErrorClass::InvalidRequest, Promise::NothingLeaks);
    scene.set_fails(&process, &token, class, promise).await
}

impl<T: ConformingTarget> Scene<T> {
    /// No value of this scenario is in a text of ours. There is one to look for.
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
        let values: Vec<_> = labelled.chain(superuser).collect();
        let mut secrets = values.iter().flat_map(secrets).peekable();
        if secrets.peek().is_none() {
            return Err(self.broken(Promise::NothingLeaks, "there is nothing to look for"));
        }
        if secrets.any(|secret| shows(text, &secret)) {
            return Err(self.broken(Promise::NothingLeaks, "a text of ours holds a value"));
        }
        Ok(())
    }
}

/// The secret texts of a value: those of fields whose names say so, and a value that is no object.
fn secrets(value: &SecretValue) -> Vec<String> {
    // Exposed to be looked for.
    let text = value.expose();
    let mut found = Vec::new();
    match serde_json::from_str(text) {
        Ok(json @ (Value::Object(_) | Value::Array(_) | Value::String(_))) => {
            collect(&json, true, &mut found);
        }
        _ => found.push(text.to_owned()),
    }
    found
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

/// A field that `generic` was told to rotate may have any name: the one of the value before tells it. A key of
/// a ring stands under its number.
fn is_secret(name: &str, fields: &Map<String, Value>) -> bool {
    SECRET_FIELDS.contains(&name)
        || name.ends_with("_previous")
        || fields.contains_key(&format!("{name}_previous"))
        || name.parse::<u32>().is_ok()
}

/// `secret` is what the field says that `json` stands in; what is in an object has fields of its own.
fn collect(json: &Value, secret: bool, found: &mut Vec<String>) {
    match json {
        Value::String(text) => {
            if secret && text.len() >= LEAST {
                found.push(text.clone());
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(value, is_secret(name, fields), found);
            }
        }
        Value::Array(values) => {
            for value in values {
                collect(value, secret, found);
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

    fn found_in(text: &str) -> Vec<String> {
        let mut found = secrets(&SecretValue::new(text.to_owned()).unwrap());
        found.sort_unstable();
        found
    }

    #[test]
    fn secrets_are_found_by_the_names_of_their_fields_however_deep() {
        let found = found_in(
            r#"{"username":"a-long-name-of-a-user","password":"canary-canary-canary",
                "current":{"kty":"OKP","x":"public-public-public","d":"private-private-priv"}}"#,
        );
        assert_eq!(found, ["canary-canary-canary", "private-private-priv"]);
    }

    #[test]
    fn a_field_of_any_name_is_a_secret_beside_the_value_before() {
        let found = found_in(
            r#"{"token":"canary-of-now-canary","token_previous":"canary-before-canary",
                "pepper":"of-another-sort-alone"}"#,
        );
        assert_eq!(found, ["canary-before-canary", "canary-of-now-canary"]);
    }

    #[test]
    fn the_keys_of_a_ring_and_a_value_without_fields_are_secrets() {
        let found =
            found_in(r#"{"current":"2","1":"first-canary-of-ring","2":"second-canary-of-ring"}"#);
        assert_eq!(found, ["first-canary-of-ring", "second-canary-of-ring"]);
        assert_eq!(
            found_in("a text that is no JSON"),
            ["a text that is no JSON"]
        );
        assert_eq!(
            found_in(r#""a text that is JSON""#),
            ["a text that is JSON"]
        );
        assert_eq!(found_in("1234567890123456789"), ["1234567890123456789"]);
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
