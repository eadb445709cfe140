//! Ids and references that are derived, not made up.

use proptest::prelude::*;
use rekey_events::{
    ClientRequestToken, Envelope, ErrorClass, EventId, Fingerprint, GraceEnding, HoldCause,
    Identifier, Lateness, MissingDetected, Outcome, RequestAnswer, RequestAnswered, RequestRefused,
    RetireIntended, RollbackIntended, RotateCompleted, RotateRequested, RotationIntended,
    SecretAccessed, SecretDelete, SecretId, SecretNearExpiry, SecretOverdue, SecretPut,
    SecretQuarantined, SecretRef, SecretRetireHeld, SecretRetired, SecretRolledBack, Step,
    StepFailed, StoredName, Timestamp, parse,
};
use serde_json::json;
use time::macros::datetime;

use crate::payloads;
use crate::samples::{bytes, detail};

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

const ARN: &str =
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:local/db/app-primary-Qx3vLb";
const NEW: &str = "5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10";
const OLD: &str = "b27c1d9a-0e55-4f6b-9c1f-7a84d1c0e2f3";

fn secret(id: &str) -> SecretRef {
    SecretRef::of_secret_id(&SecretId::new(id).unwrap())
}

fn version(id: &str) -> ClientRequestToken {
    ClientRequestToken::new(id).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::of_unix(seconds).unwrap()
}

#[test]
fn the_id_in_every_sample_is_the_one_that_its_cause_gives() {
    let (app, old, new) = (secret(ARN), version(OLD), version(NEW));
    let key = StoredName::new("db/app-primary").unwrap();
    let text = |text: &str| Identifier::new(text).unwrap();
    let end = Timestamp::from(datetime!(2026-03-03 04:00:05 UTC));
    let grace = format!("grace/{}", end.unix());
    let retire = RetireIntended::id(&app, &old, &grace);
    let rollback = RollbackIntended::id(&app, &old, "req-2042");
    let expiry = Timestamp::from(datetime!(2026-06-01 0:00 UTC));
    let due = Timestamp::from(datetime!(2026-04-01 4:00 UTC));
    let since = Timestamp::from(datetime!(2026-03-02 04:46:10 UTC));
    let read = text("c2b9d0f4-6e1a-4b8c-9d37-5f2a8e1c4b60");
    let invocation = text("c6af9ac6-7b61-11e6-9a41-93e8deadbeef");
    let held = HoldCause::ConsumerNotMoved;
    let request: Envelope<RotateRequested> = parse(&bytes("rotate-requested")).unwrap();
    let token = request
        .detail
        .token(request.source.as_str(), request.id.as_str());
    let request = ClientRequestToken::from(token);

    let ids = [
        (
            "secret-put",
            SecretPut::id("0f3b6a52-91c7-4d1e-8a26-6c0d5e7f9b14"),
        ),
        (
            "secret-delete",
            SecretDelete::id("7c1d2e3f-4a5b-4c6d-8e9f-0a1b2c3d4e5f"),
        ),
        ("rotate-requested", RotateRequested::id("req-2041")),
        (
            "rotate-completed",
            RotateCompleted::id(&app, &new, &Outcome::Failed),
        ),
        ("missing-detected", MissingDetected::id(&key, "2026-03-02")),
        (
            "rotation-intended",
            RotationIntended::id(&app, &new, Step::SetSecret),
        ),
        ("step-failed", StepFailed::id(&invocation)),
        (
            "request-refused",
            RequestRefused::id(&request, &ErrorClass::WindowClosed),
        ),
        (
            "request-answered",
            RequestAnswered::id(&request, &RequestAnswer::Planned),
        ),
        ("secret-accessed", SecretAccessed::id(&read)),
        ("retire-intended", retire),
        ("secret-retired", SecretRetired::id(&retire)),
        (
            "secret-retire-held",
            SecretRetireHeld::id(&app, &old, &held, end),
        ),
        ("rollback-intended", rollback),
        ("secret-rolled-back", SecretRolledBack::id(&rollback)),
        ("secret-near-expiry", SecretNearExpiry::id(&app, expiry, 7)),
        (
            "secret-overdue",
            SecretOverdue::id(&app, &Lateness::Rotation, due),
        ),
        ("grace-ending", GraceEnding::id(&app, &old, end)),
        (
            "secret-quarantined",
            SecretQuarantined::id(&app, &new, since, false),
        ),
    ];
    for (name, id) in &ids {
        assert_eq!(detail(name)["event_id"], json!(id), "{name}");
    }
    let with_ids = payloads::topics().len() + payloads::ours().len();
    assert_eq!(ids.len(), with_ids, "a payload without its id here");
}

/// Every pair differs, and each is the same when it is made again.
fn all_different(make: impl Fn() -> Vec<EventId>) {
    let ids = make();
    assert_eq!(ids, make());
    for (nth, id) in ids.iter().enumerate() {
        assert!(!ids[nth + 1..].contains(id), "{nth}");
    }
}

#[test]
fn an_id_differs_when_anything_differs_that_it_is_made_of() {
    let (app, other) = (secret(ARN), secret("local/db/other"));
    let (old, new) = (version(OLD), version(NEW));
    all_different(|| {
        vec![
            RotateCompleted::id(&app, &new, &Outcome::Success),
            RotateCompleted::id(&app, &new, &Outcome::RolledBack),
            RotateCompleted::id(&app, &old, &Outcome::Success),
            RotateCompleted::id(&other, &new, &Outcome::Success),
            RetireIntended::id(&app, &old, "a"),
            RetireIntended::id(&app, &old, "b"),
            RetireIntended::id(&app, &new, "a"),
            RetireIntended::id(&other, &old, "a"),
            RollbackIntended::id(&app, &old, "a"),
            RollbackIntended::id(&app, &old, "b"),
            RollbackIntended::id(&app, &new, "a"),
            RollbackIntended::id(&other, &old, "a"),
        ]
    });
    let class = HoldCause::from(&ErrorClass::TlsRefused);
    all_different(|| {
        vec![
            SecretRetireHeld::id(&app, &old, &class, at(1)),
            SecretRetireHeld::id(&app, &old, &class, at(2)),
            SecretRetireHeld::id(&app, &old, &HoldCause::StillInUse, at(1)),
            SecretRetireHeld::id(&app, &new, &class, at(1)),
            SecretRetireHeld::id(&other, &old, &class, at(1)),
            GraceEnding::id(&app, &old, at(1)),
            GraceEnding::id(&app, &old, at(2)),
            GraceEnding::id(&app, &new, at(1)),
            GraceEnding::id(&other, &old, at(1)),
            SecretQuarantined::id(&app, &old, at(1), false),
            SecretQuarantined::id(&app, &old, at(1), true),
            SecretQuarantined::id(&app, &old, at(2), false),
            SecretQuarantined::id(&app, &new, at(1), false),
            SecretQuarantined::id(&other, &old, at(1), false),
        ]
    });
    all_different(|| {
        vec![
            SecretNearExpiry::id(&app, at(1), 7),
            SecretNearExpiry::id(&app, at(1), 1),
            SecretNearExpiry::id(&app, at(2), 7),
            SecretNearExpiry::id(&other, at(1), 7),
            SecretOverdue::id(&app, &Lateness::Rotation, at(1)),
            SecretOverdue::id(&app, &Lateness::Rotation, at(2)),
            SecretOverdue::id(&app, &Lateness::MaxAge, at(1)),
            SecretOverdue::id(&other, &Lateness::Rotation, at(1)),
        ]
    });
    let cause = EventId::derive("a", "b").to_string();
    let trail = Identifier::new(cause.as_str()).unwrap();
    let intent = EventId::parse(&cause).unwrap();
    all_different(|| {
        vec![
            SecretPut::id(&cause),
            SecretDelete::id(&cause),
            RotateRequested::id(&cause),
            SecretAccessed::id(&trail),
            SecretRetired::id(&intent),
            SecretRolledBack::id(&intent),
            StepFailed::id(&trail),
        ]
    });
    all_different(|| {
        vec![
            RequestRefused::id(&old, &ErrorClass::Forbidden),
            RequestRefused::id(&old, &ErrorClass::Throttled),
            RequestRefused::id(&new, &ErrorClass::Forbidden),
            RequestAnswered::id(&old, &RequestAnswer::Accepted),
            RequestAnswered::id(&old, &RequestAnswer::Planned),
            RequestAnswered::id(&new, &RequestAnswer::Accepted),
        ]
    });
}

#[test]
fn a_timestamp_of_seconds_reads_back_and_stays_within_the_years_that_can_be_written() {
    for seconds in [0, 1, -1, 1_772_424_000, 253_402_300_799] {
        assert_eq!(at(seconds).unix(), seconds);
        assert!(serde_json::to_string(&at(seconds)).is_ok());
    }
    for seconds in [253_402_300_800, -62_167_219_201, i64::MIN, i64::MAX] {
        assert!(Timestamp::of_unix(seconds).is_err(), "{seconds}");
    }
    let later = Timestamp::from(datetime!(2026-03-02 05:00:00.9 +1));
    assert_eq!(later.unix(), 1_772_424_000);
}
