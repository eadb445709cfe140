//! Values that are made as the secret or the function says.

use rekey_rotation::{ErrorClass, Rotator as _};
use rekey_rotators::PasswordPolicy;
use rekey_rotators::random::RandomValue;
use serde_json::{Value, json};

use crate::case::{GRACE, NOW, generic, lock, next, value};

fn made(rotator: &RandomValue, current: &Value) -> String {
    let pending = next(rotator, current, NOW).unwrap();
    let key = current["generate_string_key"]
        .as_str()
        .unwrap_or("password");
    assert_eq!(pending[format!("{key}_previous")], current[key]);
    assert_eq!(
        pending[format!("{key}_previous_ends")],
        NOW + i64::from(GRACE)
    );
    pending[key].as_str().unwrap().to_owned()
}

#[test]
fn without_more_a_password_is_made_as_the_function_is_set_to() {
    let current = json!({"password": "first"});
    let password = made(&generic(), &current);
    assert_eq!(password.len(), 32);
    let settings = |name: &str| (name == "PASSWORD_LENGTH").then(|| "50".to_owned());
    let policy = PasswordPolicy::from_settings(settings).unwrap();
    let deployment = RandomValue::generic(policy, Some(GRACE));
    assert_eq!(made(&deployment, &current).len(), 50);
}

#[test]
fn each_setting_of_the_secret_replaces_that_one_of_the_function_and_no_other() {
    let settings = |name: &str| match name {
        "PASSWORD_LENGTH" => Some("50".to_owned()),
        "EXCLUDE_PUNCTUATION" => Some("true".to_owned()),
        "EXCLUDE_CHARACTERS" => Some("aA0".to_owned()),
        _ => None,
    };
    let rotator = RandomValue::generic(
        PasswordPolicy::from_settings(settings).unwrap(),
        Some(GRACE),
    );
    for _ in 0..50 {
        let password = made(
            &rotator,
            &json!({"password": "first", "exclude_numbers": true}),
        );
        assert_eq!(password.len(), 50);
        assert!(
            password.chars().all(|c| c.is_ascii_alphabetic()),
            "{password}"
        );
        assert!(!password.contains(['a', 'A']));

        let shorter = json!({"password": "first", "password_length": 20, "exclude_characters": ""});
        let password = made(&rotator, &shorter);
        assert_eq!(password.len(), 20);
        assert!(
            password.chars().all(|c| c.is_ascii_alphanumeric()),
            "{password}"
        );

        let punctuated = json!({"password": "first", "exclude_punctuation": "False"});
        assert!(
            made(&rotator, &punctuated)
                .chars()
                .any(|c| c.is_ascii_punctuation())
        );
    }
}

#[test]
fn types_that_are_not_required_may_be_missing() {
    let current = json!({
        "password": "first", "exclude_characters": "0123456789",
        "require_each_included_type": false,
    });
    assert!(!made(&generic(), &current).contains(|c: char| c.is_ascii_digit()));
}

#[tokio::test]
async fn another_field_is_rotated_and_the_password_beside_it_stays() {
    let current = json!({
        "token": "first", "generate_string_key": "token", "password": "stays as it is",
        "password_previous": "means nothing here",
    });
    let pending = next(&generic(), &current, NOW).unwrap();
    for kept in ["password", "password_previous", "generate_string_key"] {
        assert_eq!(pending[kept], current[kept]);
    }
    assert_eq!(pending["token_previous"], "first");
    assert_ne!(pending["token"], "first");
    assert_eq!(lock(&generic(), &current, &pending).await, Ok(()));
    assert_eq!(generic().test(&value(&pending)).await, Ok(()));
    let mut other = pending.clone();
    other["password"] = "changed".into();
    assert!(lock(&generic(), &current, &other).await.is_err());
}

#[tokio::test]
async fn the_longest_value_fits_beside_the_one_before_and_what_does_not_is_refused() {
    let mut current = json!({"password": "first", "password_length": 4096});
    for n in 0..3 {
        assert_eq!(generic().probe(&value(&current), None).await, Ok(()));
        current = next(&generic(), &current, NOW + n).unwrap();
        assert_eq!(current["password"].as_str().unwrap().len(), 4096);
    }
    let long = "x".repeat(4096);
    let full = json!({"password": long, "password_length": 4096, "note": "x".repeat(60_000)});
    let refused = next(&generic(), &full, NOW).unwrap_err();
    assert_eq!(
        generic().probe(&value(&full), None).await,
        Err(refused.clone())
    );
    assert_eq!(refused.class(), ErrorClass::InvalidRequest);
    assert!(refused.to_string().contains("does not fit"), "{refused}");
    assert!(!refused.to_string().contains("xxx"));
}
