//! Every block of both pages does what the page says of it.

use std::process::Command;

use rekey_rotation::Rotator as _;
use rekey_rotators::PasswordPolicy;
use rekey_rotators::random::RandomValue;
use serde_json::{Value, json};

use crate::case::{NOW, generic, hmac, lock, next, takes_password, value};
use crate::pages::{self, Scratch, all_blocks, block, blocks, program};

#[test]
fn no_block_of_the_pages_is_without_a_test() {
    for (page, expected) in [
        (
            pages::HMAC,
            &["json", "sh", "yaml", "python", "js", "rust"][..],
        ),
        (pages::GENERIC, &["json", "json", "yaml", "python"]),
    ] {
        let languages: Vec<String> = all_blocks(page).into_iter().map(|(of, _)| of).collect();
        assert_eq!(languages, expected);
    }
}

#[test]
fn the_rust_of_the_page_is_what_these_tests_are_built_with() {
    assert_eq!(block(pages::HMAC, "rust"), include_str!("webhook.rs"));
}

#[tokio::test]
async fn the_secrets_of_the_pages_are_rotated() {
    let webhook: Value = serde_json::from_str(&block(pages::HMAC, "json")).unwrap();
    rotated(&hmac(), &webhook).await;
    for text in blocks(pages::GENERIC, "json") {
        rotated(&generic(), &serde_json::from_str(&text).unwrap()).await;
    }
}

async fn rotated(rotator: &RandomValue, current: &Value) {
    let pending = next(rotator, current, NOW).unwrap();
    assert_eq!(lock(rotator, current, &pending).await, Ok(()));
    assert_eq!(rotator.test(&value(&pending)).await, Ok(()));
}

#[test]
fn the_second_example_of_a_value_follows_the_first() {
    let [first, second] = <[String; 2]>::try_from(blocks(pages::GENERIC, "json"))
        .unwrap()
        .map(|text| serde_json::from_str::<Value>(&text).unwrap());
    let made = next(&generic(), &first, 1_800_000_000).unwrap();
    let mut expected = second.clone();
    assert_eq!(second["password"].as_str().unwrap().len(), 40);
    expected["password"] = made["password"].clone();
    assert_eq!(made, expected);
}

/// The command is run as it stands, with an `aws` that only says what it was given.
#[tokio::test]
async fn the_command_makes_a_first_key() {
    let scratch = Scratch::new("aws");
    let calls = r#"aws() { printf '%s\0' "$@" > called; }"#;
    scratch.write("make", &format!("{calls}\n{}", block(pages::HMAC, "sh")));
    let done = Command::new("bash")
        .args(["-eu", "make"])
        .current_dir(scratch.path())
        .status();
    assert!(done.unwrap().success());
    let called = std::fs::read_to_string(scratch.path().join("called")).unwrap();
    let called: Vec<&str> = called.split('\0').collect();
    assert_eq!(called[..2], ["secretsmanager", "create-secret"]);
    assert!(called.contains(&"Key=rekey:kind,Value=hmac"), "{called:?}");
    let secret = called
        .iter()
        .skip_while(|word| **word != "--secret-string")
        .nth(1)
        .unwrap();
    let secret: Value = serde_json::from_str(secret).unwrap();
    rotated(&hmac(), &secret).await;
    let key = secret["current"].as_str().unwrap();
    assert_eq!(key.len(), "whsec_".len() + 44);
}

/// What a template's line says of a property, without quotes around it.
fn property(template: &str, name: &str) -> Option<String> {
    let line = template
        .lines()
        .find(|line| line.trim_start().starts_with(&format!("{name}:")))?;
    let (_, text) = line.split_once(':')?;
    Some(text.trim().trim_matches('\'').to_owned())
}

/// Makes a value by the rules of GetRandomPassword, as CloudFormation would, and puts it into the template.
fn made_by_cloudformation(template: &str) -> Value {
    let property = |name| property(template, name);
    let policy = PasswordPolicy::from_settings(|setting| match setting {
        "PASSWORD_LENGTH" => property("PasswordLength"),
        "EXCLUDE_UPPERCASE" => property("ExcludeUppercase"),
        "EXCLUDE_PUNCTUATION" => property("ExcludePunctuation"),
        "EXCLUDE_CHARACTERS" => property("ExcludeCharacters"),
        _ => None,
    });
    let by_policy = RandomValue::generic(policy.unwrap(), Some(0));
    let made = next(&by_policy, &json!({"password": "none"}), NOW).unwrap();
    let mut secret: Value =
        serde_json::from_str(&property("SecretStringTemplate").unwrap()).unwrap();
    secret[property("GenerateStringKey").unwrap()] = made["password"].clone();
    secret
}

#[tokio::test]
async fn what_cloudformation_makes_of_the_templates_is_rotated() {
    for _ in 0..20 {
        let webhook = made_by_cloudformation(&block(pages::HMAC, "yaml"));
        assert_eq!(webhook["current"].as_str().unwrap().len(), 64);
        rotated(&hmac(), &webhook).await;
        let token = made_by_cloudformation(&block(pages::GENERIC, "yaml"));
        assert_eq!(token["token"].as_str().unwrap().len(), 40);
        rotated(&generic(), &token).await;
    }
}

#[test]
fn the_python_of_the_other_page_accepts_both_until_the_end() {
    let first: Value = serde_json::from_str(&blocks(pages::GENERIC, "json")[0]).unwrap();
    let second = next(&generic(), &first, NOW).unwrap();
    let end = second["password_previous_ends"].as_i64().unwrap();
    let mut asked = Vec::new();
    for (current, given, now) in [
        (&first, &first, NOW),
        (&first, &second, NOW),
        (&second, &first, end - 1),
        (&second, &first, end),
        (&second, &second, end),
    ] {
        let expected = takes_password(current, given, now);
        asked.push(json!([current, given["password"], now, expected]));
        asked.push(json!([current, "é", now, false]));
    }
    let scratch = Scratch::new("passwords");
    scratch.write("value.py", &block(pages::GENERIC, "python"));
    scratch.write("asked.json", &Value::from(asked.clone()).to_string());
    scratch.write(
        "do.py",
        "import json\nfrom value import accepts\nfor secret, given, now, expected in json.load(open('asked.json')):\n    assert accepts(secret, given, now) is expected, (now, expected)\n    print('asked')\n",
    );
    let done = Command::new(program("REKEY_TEST_PYTHON"))
        .arg("do.py")
        .current_dir(scratch.path())
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert_eq!(
        String::from_utf8_lossy(&done.stdout).lines().count(),
        asked.len()
    );
}
