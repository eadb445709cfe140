//! What `setSecret` and `testSecret` let through.

use rekey_rotation::Rotator as _;
use rekey_rotators::random::RandomValue;
use serde_json::{Value, json};

use crate::case::{NOW, generic, hmac, hmac_secrets, lock, next, refusal, value};

fn cases() -> [(RandomValue, Value); 3] {
    let [whsec, hex, _] = hmac_secrets();
    let password = json!({"password": "canary-canary-canary", "list": [1, {"b": 2, "a": 1}]});
    [(hmac(), whsec), (hmac(), hex), (generic(), password)]
}

/// The name of the field that is rotated.
fn key(secret: &Value) -> &'static str {
    if secret.get("password").is_some() {
        "password"
    } else {
        "current"
    }
}

fn previous(secret: &Value) -> &'static str {
    if key(secret) == "password" {
        "password_previous"
    } else {
        "previous"
    }
}

fn set(mut secret: Value, name: &str, to: impl Into<Value>) -> Value {
    secret[name] = to.into();
    secret
}

async fn refused(rotator: &RandomValue, current: &Value, pending: &Value, why: &str) {
    let text = refusal(lock(rotator, current, pending).await);
    assert!(text.contains(why), "{why}: {text}");
    assert!(text.contains("rotate again"), "{text}");
    for secret in [current, pending] {
        let held = secret[key(secret)].as_str().unwrap();
        assert!(!text.contains(held), "{text}");
    }
}

#[tokio::test]
async fn the_value_of_a_rotation_is_taken_however_its_fields_are_ordered() {
    for (rotator, current) in cases() {
        let current = set(current, "zone", json!({"a": 1, "b": 2}));
        let pending = next(&rotator, &current, NOW).unwrap();
        assert_eq!(lock(&rotator, &current, &pending).await, Ok(()));
        let again = next(&rotator, &pending, NOW + 1).unwrap();
        assert_eq!(lock(&rotator, &pending, &again).await, Ok(()));
    }
}

#[tokio::test]
async fn a_pending_value_whose_one_before_is_not_the_current_one_is_refused() {
    for (rotator, current) in cases() {
        let pending = next(&rotator, &current, NOW).unwrap();
        let one_bit = {
            let mut text = current[key(&current)].as_str().unwrap().to_owned();
            // The last but one: the last character of Base64 may stand for fewer bits.
            let end = text.split_off(text.len() - 2);
            let changed = if end.starts_with('4') { "5" } else { "4" };
            text + changed + &end[1..]
        };
        let why = "does not hold the value of AWSCURRENT as the one before";
        let other = set(pending.clone(), previous(&current), one_bit);
        refused(&rotator, &current, &other, why).await;
        refused(&rotator, &current, &current, why).await;
        // A rotation of an earlier value, promoted late or rolled over.
        let stale = next(&rotator, &current, NOW).unwrap();
        refused(&rotator, &pending, &stale, why).await;
    }
}

#[tokio::test]
async fn a_pending_value_that_is_the_current_one_again_is_refused() {
    for (rotator, current) in cases() {
        let pending = next(&rotator, &current, NOW).unwrap();
        let same = set(pending, key(&current), current[key(&current)].clone());
        refused(&rotator, &current, &same, "as its new one").await;
        let text = match rotator.test(&value(&same)).await {
            Err(refused) => refused.to_string(),
            Ok(()) => panic!("taken by testSecret"),
        };
        assert!(text.contains("rotate again"), "{text}");
    }
}

#[tokio::test]
async fn a_pending_value_that_differs_in_anything_else_is_refused() {
    for (rotator, current) in cases() {
        let current = set(current, "team", "checkout");
        let pending = next(&rotator, &current, NOW).unwrap();
        let mut without = pending.clone();
        without.as_object_mut().unwrap().remove("team");
        for other in [
            set(pending.clone(), "team", "checkouT"),
            set(pending.clone(), "team", Value::Null),
            set(pending.clone(), "more", "of it"),
            without,
        ] {
            refused(&rotator, &current, &other, "in more than its value").await;
        }
    }
}

#[tokio::test]
async fn a_new_value_that_was_not_made_here_is_refused_by_set_and_by_test() {
    for (rotator, current) in cases() {
        let pending = next(&rotator, &current, NOW).unwrap();
        let weak = match (key(&current), current["format"].as_str()) {
            ("password", _) => "fifteen-letters",
            (_, None) => "whsec_AAAA",
            (_, _) => "00ff",
        };
        let weak = set(pending.clone(), key(&current), weak);
        refused(&rotator, &current, &weak, "was not made here").await;
        assert!(refusal(rotator.test(&value(&weak)).await).contains("was not made here"));
        let first = refusal(rotator.test(&value(&current)).await);
        assert!(
            first.contains("not made here") || first.contains("does not hold"),
            "{first}"
        );
    }
}
