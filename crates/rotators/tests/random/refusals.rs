//! What is no secret of the kind is refused by every method that reads it, and never quoted.

use rekey_rotation::{Moment, Revocation, Revoker as _, Rotator as _, SecretValue};
use rekey_rotators::random::RandomValue;
use serde_json::json;

use crate::case::{NOW, generic, hmac, hmac_secrets, refusal};

async fn refusals(rotator: &RandomValue, bad: &SecretValue) -> Vec<String> {
    let good = crate::case::value(&if rotator.kind() == "hmac" {
        hmac_secrets()[0].clone()
    } else {
        json!({"password": "a password of somebody"})
    });
    let credentials = |current, pending| rekey_rotation::Credentials {
        current,
        pending,
        previous: None,
        superuser: None,
        now: NOW,
    };
    let moment = Moment {
        current: bad,
        now: NOW,
    };
    let revocation = Revocation {
        old: bad,
        current: &good,
        superuser: None,
        switched_at: None,
        now: NOW,
    };
    let mut randomness = rekey_rotation::testing::TestRandomness::fresh();
    vec![
        refusal(rotator.overlap(bad)),
        refusal(rotator.next(bad, rekey_rotation::Occasion::default(), &mut randomness)),
        refusal(rotator.lock(credentials(bad, &good)).await),
        refusal(rotator.lock(credentials(&good, bad)).await),
        refusal(rotator.test(bad).await),
        refusal(rotator.probe(bad, None).await),
        refusal(rotator.kinship(bad, &good)),
        refusal(rotator.kinship(&good, bad)),
        refusal(rotator.kept_until(&good, bad, None)),
        refusal(rotator.seize(revocation).await),
        refusal(rotator.try_login(&good, moment).await),
    ]
}

async fn refused(rotator: &RandomValue, bad: &str, why: &str) {
    let value = SecretValue::new(bad.to_owned()).unwrap();
    for text in refusals(rotator, &value).await {
        assert!(text.contains(why), "{bad}: {text}");
        assert!(!text.contains("canary"), "{bad}: {text}");
    }
}

#[tokio::test]
async fn a_secret_of_webhooks_that_is_no_object_or_holds_no_key_is_refused() {
    for bad in [
        "canary",
        "\"canary\"",
        "[\"canary\"]",
        "17",
        "{\"current\": \"canary\"",
    ] {
        refused(&hmac(), bad, "must be a JSON object").await;
    }
    for bad in [
        "{}",
        r#"{"current": 17}"#,
        r#"{"current": ""}"#,
        r#"{"current": null}"#,
        r#"{"key": "canary"}"#,
        r#"{"current": ["canary"]}"#,
    ] {
        refused(&hmac(), bad, "has no value to rotate").await;
    }
}

#[tokio::test]
async fn a_key_that_is_not_written_as_the_format_says_is_refused() {
    for bad in [
        r#"{"current": "canary"}"#,
        r#"{"current": "whsec_"}"#,
        r#"{"current": "whsec_canary!"}"#,
        r#"{"current": "whsec_MfKQ9r8GKYqrTwjUPD8ILA"}"#,
        r#"{"current": "00ff"}"#,
        r#"{"current": "canary", "format": "hex"}"#,
        r#"{"current": "00f", "format": "hex"}"#,
        r#"{"current": "whsec_canary==", "format": "base64url"}"#,
        r#"{"current": "AA==", "format": "base64url"}"#,
        r#"{"current": "00ff", "format": "hex", "previous": "canary", "previous_ends": 17}"#,
    ] {
        refused(&hmac(), bad, "not written as `format` says").await;
    }
    for format in [
        r#""HEX""#,
        r#""base64""#,
        r#""canary""#,
        "17",
        "null",
        r#""""#,
    ] {
        let bad = format!(r#"{{"current": "00ff", "format": {format}}}"#);
        refused(&hmac(), &bad, "`format` must be one of").await;
    }
}

#[tokio::test]
async fn a_length_that_standard_webhooks_does_not_allow_is_refused() {
    for bytes in [
        "23",
        "65",
        "0",
        "-32",
        "32.5",
        "\"32\"",
        "null",
        "4294967328",
    ] {
        let bad = format!(r#"{{"current": "00ff", "format": "hex", "bytes": {bytes}}}"#);
        refused(&hmac(), &bad, "from 24 to 64").await;
    }
}

#[tokio::test]
async fn one_of_a_value_before_and_its_end_without_the_other_is_refused() {
    for rest in [
        r#""previous": "00ee""#,
        r#""previous_ends": 17"#,
        r#""previous": "", "previous_ends": 17"#,
        r#""previous": null, "previous_ends": 17"#,
        r#""previous": "00ee", "previous_ends": "17""#,
        r#""previous": "00ee", "previous_ends": 17.5"#,
        r#""previous": "00ee", "previous_ends": "2027-01-15T08:00:00Z""#,
        r#""previous": "00ee", "previous_ends": null"#,
    ] {
        let webhook = format!(r#"{{"current": "00ff", "format": "hex", {rest}}}"#);
        refused(&hmac(), &webhook, "go together").await;
        let password = format!(r#"{{"password": "a password", {rest}}}"#);
        let password = password.replace("\"previous", "\"password_previous");
        refused(&generic(), &password, "go together").await;
    }
}

/// It has no room for the value before, and whoever reads AWSCURRENT only would be cut off.
#[tokio::test]
async fn a_plain_text_is_refused_with_what_to_do() {
    for bad in [
        "canary",
        "\"canary\"",
        "[\"canary\"]",
        "17",
        "{\"password\": \"canary\"",
    ] {
        refused(&generic(), bad, r#"{"password": "..."}"#).await;
    }
}

#[tokio::test]
async fn a_field_to_rotate_that_is_not_there_or_says_how_is_refused() {
    for bad in [
        "{}",
        r#"{"password": ""}"#,
        r#"{"password": 17}"#,
        r#"{"generate_string_key": "token", "password": "canary"}"#,
    ] {
        refused(&generic(), bad, "has no value to rotate").await;
    }
    for key in [
        "17",
        "null",
        r#""""#,
        r#""generate_string_key""#,
        r#""password_length""#,
        r#""exclude_characters""#,
        r#""exclude_numbers""#,
        r#""engine""#,
    ] {
        let bad = format!(r#"{{"password": "canary", "generate_string_key": {key}}}"#);
        refused(&generic(), &bad, "`generate_string_key` must be the name").await;
    }
}

#[tokio::test]
async fn a_policy_that_is_none_is_refused() {
    for (policy, why) in [
        (r#""password_length": 15"#, "from 16 to 4096"),
        (r#""password_length": "4097""#, "from 16 to 4096"),
        (r#""password_length": -1"#, "`password_length` must be"),
        (r#""password_length": true"#, "`password_length` must be"),
        (
            r#""exclude_characters": 17"#,
            "`exclude_characters` must be",
        ),
        (r#""exclude_numbers": "yes""#, "`exclude_numbers` must be"),
        (r#""exclude_numbers": 1"#, "`exclude_numbers` must be"),
        (
            r#""exclude_characters": "0123456789""#,
            "leaves no character",
        ),
        (
            r#""password_length": 20, "exclude_lowercase": true, "exclude_uppercase": true, "exclude_punctuation": true"#,
            "under 80 bits",
        ),
        (r#""include_space": true"#, "`include_space` is not offered"),
    ] {
        let bad = format!(r#"{{"password": "canary", {policy}}}"#);
        refused(&generic(), &bad, why).await;
    }
}
