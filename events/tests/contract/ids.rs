//! Ids and references that are derived, not made up.

use proptest::prelude::*;
use rekey_events::{EventId, Fingerprint, SecretId, SecretRef, Timestamp};
use time::macros::datetime;

#[test]
fn an_event_id_never_changes_for_the_same_cause_and_word() {
    // Fixed for ever: consumers hold such ids.
    let id = EventId::derive("c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "rekey.step.failed");
    assert_eq!(id.to_string(), FIRST_ID);
    assert_eq!(EventId::parse(FIRST_ID), Ok(id));
}
const FIRST_ID: &str = "608ac08d-fae3-58e1-8f76-e87d7e1c2c19";

#[test]
fn only_the_hyphenated_form_of_an_id_is_read() {
    let id = EventId::derive("a", "b").to_string();
    for other in [
        id.replace('-', ""),
        format!("{{{id}}}"),
        format!("urn:uuid:{id}"),
        String::new(),
    ] {
        assert!(EventId::parse(&other).is_err(), "{other}");
    }
}

proptest! {
    #[test]
    fn two_causes_or_two_words_never_share_an_id(a in ".{0,20}", b in ".{0,20}", c in ".{0,20}", d in ".{0,20}") {
        prop_assert_eq!(EventId::derive(&a, &b) == EventId::derive(&c, &d), (a, b) == (c, d));
    }

    #[test]
    fn a_fingerprint_of_any_mac_is_one_that_reads_back(mac in any::<[u8; 16]>()) {
        let fingerprint = Fingerprint::of_mac(mac);
        prop_assert_eq!(Fingerprint::new(fingerprint.as_str()), Ok(fingerprint.clone()));
    }
}

#[test]
fn moving_characters_between_cause_and_word_makes_another_id() {
    assert_ne!(EventId::derive("ab", "c"), EventId::derive("a", "bc"));
}

#[test]
fn a_fingerprint_keeps_its_leading_zeros() {
    let mut mac = [0u8; 16];
    mac[15] = 0x1f;
    assert_eq!(
        Fingerprint::of_mac(mac).as_str(),
        "hmac-sha256:0000000000000000000000000000001f"
    );
}

#[test]
fn a_secret_id_says_the_name_that_can_be_read_from_it() {
    let check = |id: &str, arn: bool, name: &str| {
        let secret = SecretRef::of_secret_id(&SecretId::new(id).unwrap());
        assert_eq!(secret.name.as_str(), name);
        assert_eq!(secret.arn.is_some(), arn, "{id}");
    };
    let prefix = "arn:aws:secretsmanager:us-east-1:123456789012:secret";
    check(
        &format!("{prefix}:prod/db/app-primary-Qx3vLb"),
        true,
        "prod/db/app-primary",
    );
    check(
        &format!("{prefix}:prod/db/app-primary"),
        true,
        "prod/db/app-primary",
    );
    check(
        "arn:aws-cn:secretsmanager:cn-north-1:1:secret:a-b-aB3dE6",
        true,
        "a-b",
    );
    check("prod/db/app-primary", false, "prod/db/app-primary");
    check("arn:aws:iam::1:role/x", false, "arn:aws:iam::1:role/x");
    check(&format!("{prefix}:"), false, &format!("{prefix}:"));
    check(&format!("{prefix}:-aB3dE6"), true, "-aB3dE6");
    check(&"n".repeat(600), false, &"n".repeat(512));
}

#[test]
fn our_timestamps_are_written_in_utc() {
    let at = Timestamp::from(datetime!(2026-03-02 05:00:00.5 +1));
    assert_eq!(
        serde_json::to_string(&at).unwrap(),
        "\"2026-03-02T04:00:00.5Z\""
    );
}
