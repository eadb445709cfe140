use rekey_rotation::TargetError;
use serde_json::Value;

use crate::object::Object;
use crate::object::invalid;
use crate::{PasswordPolicy, PolicyError};

/// The field that names the value which is rotated.
/// Source: [AWS::SecretsManager::Secret GenerateSecretString](https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html).
pub(super) const KEY: &str = "generate_string_key";

/// The fields that say how the next value is made, each with the setting of the function that it replaces.
/// Source: [GetRandomPassword](https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html).
const TEXTS: [(&str, &str); 1] = [("exclude_characters", "EXCLUDE_CHARACTERS")];
const NUMBERS: [(&str, &str); 1] = [("password_length", "PASSWORD_LENGTH")];
const SWITCHES: [(&str, &str); 5] = [
    ("exclude_lowercase", "EXCLUDE_LOWERCASE"),
    ("exclude_numbers", "EXCLUDE_NUMBERS"),
    ("exclude_punctuation", "EXCLUDE_PUNCTUATION"),
    ("exclude_uppercase", "EXCLUDE_UPPERCASE"),
    ("require_each_included_type", "REQUIRE_EACH_INCLUDED_TYPE"),
];
/// A setting of `GetRandomPassword` that is not offered: a space at an end is lost too easily.
const SPACE: &str = "include_space";

/// The name of the value which is rotated.
pub(super) fn key(object: &Object) -> Result<String, TargetError> {
    let Some(given) = object.field(KEY) else {
        return Ok("password".to_owned());
    };
    let key = given.as_str().filter(|key| !key.is_empty());
    key.filter(|key| !is_reserved(key))
        .map(str::to_owned)
        .ok_or_else(|| {
            invalid(
                "`generate_string_key` must be the name of the field that is rotated, and not of one that says how; correct it in AWSCURRENT, or take it out for `password`",
            )
        })
}

fn is_reserved(key: &str) -> bool {
    let mut names = TEXTS.iter().chain(&NUMBERS).chain(&SWITCHES);
    [KEY, SPACE, "engine"].contains(&key) || names.any(|(name, _)| *name == key)
}

/// The deployment's policy, but for what the secret says otherwise.
pub(super) fn policy(
    object: &Object,
    deployments: &PasswordPolicy,
) -> Result<PasswordPolicy, TargetError> {
    let mut given = Vec::new();
    for (names, text_of) in [
        (&TEXTS[..], text as fn(&Value) -> Option<String>),
        (&NUMBERS[..], number),
        (&SWITCHES[..], switch),
    ] {
        for (name, setting) in names {
            let Some(value) = object.field(name) else {
                continue;
            };
            let text = text_of(value).ok_or_else(|| {
                TargetError::InvalidSecret(format!(
                    "`{name}` must be a text for exclude_characters, a whole number for password_length, true or false for the others; correct it in AWSCURRENT, or take it out for what the function is set to"
                ))
            })?;
            given.push((*setting, text));
        }
    }
    if object
        .field(SPACE)
        .is_some_and(|space| switch(space).as_deref() != Some("false"))
    {
        return Err(invalid(
            "`include_space` is not offered: a space at an end is lost too easily; take it out of AWSCURRENT",
        ));
    }
    let setting = |name: &str| {
        let found = given.iter().find(|(setting, _)| *setting == name);
        found.map(|(_, text)| text.clone())
    };
    deployments.overridden(setting).map_err(|error| {
        invalid(match error {
            PolicyError::Length => {
                "`password_length` must be a whole number from 16 to 4096; correct it in AWSCURRENT"
            }
            PolicyError::EmptyType => {
                "`exclude_characters` leaves no character of a type that is required; exclude the type, or set `require_each_included_type` to false, in AWSCURRENT"
            }
            PolicyError::TooWeak => {
                "the excluded characters and `password_length` leave under 80 bits of randomness; exclude less or ask for more characters, in AWSCURRENT"
            }
        })
    })
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A number or its text.
fn number(value: &Value) -> Option<String> {
    let number = value.as_u64().map(|number| number.to_string());
    number.or_else(|| text(value))
}

/// `true` or `false`, or its text.
fn switch(value: &Value) -> Option<String> {
    let text = match value {
        Value::Bool(switch) => switch.to_string(),
        other => text(other)?.to_lowercase(),
    };
    ["true", "false"].contains(&text.as_str()).then_some(text)
}
