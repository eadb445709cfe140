//! What is no ring is refused by every step that reads it, and never quoted.

use rekey_rotation::{Rotator as _, SecretValue};
use rekey_rotators::keyring::AuditKeys;

use crate::trail::{Ring, key, lock, next, refusal, value};

/// What each method that reads `bad` says.
async fn refusals(bad: &SecretValue) -> Vec<String> {
    let good = Ring::of(1, &[&key(1)]).value();
    vec![
        refusal(AuditKeys.overlap(bad)),
        refusal(next(bad)),
        refusal(lock(bad, &good).await),
        refusal(lock(&good, bad).await),
        refusal(AuditKeys.test(bad).await),
        refusal(AuditKeys.probe(bad, None).await),
    ]
}

async fn refused(bad: &str, why: &str) {
    for text in refusals(&value(bad)).await {
        assert!(text.contains(why), "{bad}: {text}");
        assert!(!text.contains("canary"), "{bad}: {text}");
    }
}

#[tokio::test]
async fn what_is_no_object_of_texts_under_numbers_is_refused() {
    let good = format!("canary-{}", key(1));
    for bad in [
        "canary".to_owned(),
        "\"canary\"".to_owned(),
        format!("[\"{good}\"]"),
        format!(r#"{{"current":"1","1":"{good}""#),
        "{}".to_owned(),
        format!(r#"{{"1":"{good}"}}"#),
        format!(r#"{{"current":1,"1":"{good}"}}"#),
        format!(r#"{{"current":"01","1":"{good}"}}"#),
        format!(r#"{{"current":"canary","1":"{good}"}}"#),
        format!(r#"{{"current":"1","1":["{good}"]}}"#),
        format!(r#"{{"current":"1","1":"{good}","2":null}}"#),
        format!(r#"{{"username":"canary","password":"{good}"}}"#),
    ] {
        refused(&bad, "must be a JSON object of texts").await;
    }
    for name in [
        "0",
        "01",
        "+1",
        "-1",
        " 2",
        "2 ",
        "1.0",
        "two",
        "",
        "4294967296",
        "canary",
    ] {
        let bad = format!(r#"{{"current":"1","1":"{good}","{name}":"{good}"}}"#);
        refused(&bad, "must be a JSON object of texts").await;
    }
}

#[tokio::test]
async fn a_key_that_can_be_guessed_is_refused() {
    let short = "canary-".to_owned() + &key(1)[..24];
    assert_eq!(short.len(), 31);
    refused(
        &format!(r#"{{"current":"1","1":"{short}"}}"#),
        "fewer than 32 characters",
    )
    .await;
    let enough = format!("{short}x");
    assert!(next(&value(&format!(r#"{{"current":"1","1":"{enough}"}}"#))).is_ok());
}

#[tokio::test]
async fn a_key_in_use_that_is_not_there_is_refused() {
    let good = key(1);
    for current in ["2", "9"] {
        refused(
            &format!(r#"{{"current":"{current}","1":"{good}"}}"#),
            "is not there",
        )
        .await;
    }
    refused(r#"{"current":"1"}"#, "is not there").await;
}

/// A ring in the middle of which one was dropped, by hand or by another program, is not grown further.
#[tokio::test]
async fn a_ring_that_lost_a_key_in_between_is_refused() {
    let good = key(1);
    refused(
        &format!(r#"{{"current":"4","1":"{good}","2":"{good}","4":"{good}"}}"#),
        "missing between the oldest and the newest",
    )
    .await;
}
