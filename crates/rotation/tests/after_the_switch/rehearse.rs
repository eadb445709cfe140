use std::collections::BTreeMap;

use rekey_rotation::testing::secrets_manager::Reading;
use rekey_rotation::testing::{RevocableTarget, Target, Verbs};
use rekey_rotation::{
    CheckName, CheckResult, ErrorClass, Objection, Overlap, Rehearsed, StagingLabel, Step,
    StoreError, TargetError, VersionId,
};

use crate::house::{House, SECRET};

const BOTH: [Overlap; 2] = [Overlap::AlternatingUsers, Overlap::SingleUser];

fn current(house: &House) -> VersionId {
    let current = house.holder(&StagingLabel::Current);
    current.expect("a current version")
}

async fn rehearse(house: &House) -> Result<Rehearsed, Objection> {
    let order = house.order(&current(house));
    house.process(order).rehearse().await
}

async fn labels(house: &House) -> BTreeMap<String, Vec<String>> {
    let described = house.store.describe_secret(SECRET).await;
    described.expect("a secret").versions
}

/// The check that failed, and its class.
fn failed(rehearsed: &Rehearsed) -> Option<(CheckName, ErrorClass)> {
    rehearsed
        .checks
        .iter()
        .find_map(|check| match check.result {
            CheckResult::Failed { class, .. } => Some((check.name, class)),
            CheckResult::Passed | CheckResult::NotTried => None,
        })
}

#[tokio::test]
async fn a_good_set_up_passes_every_check_and_each_step_is_told() {
    for overlap in BOTH {
        let house = House::build(overlap).await;
        let rehearsed = rehearse(&house).await.expect("a rehearsal");
        assert_eq!(rehearsed.failure(), None);
        let names: Vec<CheckName> = rehearsed.checks.iter().map(|check| check.name).collect();
        assert_eq!(names, CheckName::ALL);
        let steps: Vec<Step> = rehearsed.steps.iter().map(|one| one.step).collect();
        assert_eq!(steps, Step::ALL);
    }
}

#[tokio::test]
async fn a_rehearsal_reads_and_probes_and_does_nothing_else() {
    for overlap in BOTH {
        let (house, _, _) = House::rotated(overlap).await;
        let before = (
            labels(&house).await,
            house.store.versions_with_a_value(&house.secret),
            house.server.users().await,
            house.book.entries(),
        );
        let process = house.process(house.order(&current(&house)));
        assert!(process.rehearse().await.is_ok());
        let mut calls = vec!["DescribeSecret", "GetSecretValue by id"];
        if overlap.both_work() {
            calls.push("GetSecretValue AWSCURRENT");
        }
        calls.push("probe");
        assert_eq!(process.trace.calls(), calls);
        let after = (
            labels(&house).await,
            house.store.versions_with_a_value(&house.secret),
            house.server.users().await,
            house.book.entries(),
        );
        assert_eq!(before, after);
        assert!(house.logs_in(&current(&house)).await);
    }
}

#[tokio::test]
async fn the_class_of_the_failure_says_which_check_failed() {
    use TargetError::{
        Busy, InvalidSecret, Permission, RoleMissing, TlsRefused, Unreachable, WrongPassword,
    };
    let text = || "why".to_owned();
    for (error, name) in [
        (InvalidSecret(text()), CheckName::Secret),
        (Unreachable(text()), CheckName::Reachable),
        (TlsRefused(text()), CheckName::Tls),
        (WrongPassword(text()), CheckName::Login),
        (Permission(text()), CheckName::Permission),
        (RoleMissing(text()), CheckName::Permission),
        (Busy(text()), CheckName::Permission),
        (TargetError::Internal(text()), CheckName::Permission),
    ] {
        let house = House::build(Overlap::AlternatingUsers).await;
        house.server.fail_probes(Some(error.clone()));
        let rehearsed = rehearse(&house).await.expect("a rehearsal");
        assert_eq!(failed(&rehearsed), Some((name, error.class())));
        assert_eq!(rehearsed.failure(), Some((error.class(), "why")));
        for check in &rehearsed.checks {
            let expected = match check.name.cmp(&name) {
                std::cmp::Ordering::Less => "passed",
                std::cmp::Ordering::Equal => "failed",
                std::cmp::Ordering::Greater => "not_tried",
            };
            assert_eq!(check.result.as_str(), expected);
        }
        assert!(
            rehearsed.steps.is_empty(),
            "a rotation would not come so far"
        );
    }
}

#[tokio::test]
async fn a_permission_that_is_missing_at_the_login_is_no_login_that_passed() {
    let house = House::build(Overlap::SingleUser).await;
    let denied = TargetError::Permission("may not connect".to_owned());
    house.server.fail_probes(Some(denied));
    house.server.spoil(&house.value(&current(&house))).await;
    let rehearsed = rehearse(&house).await.expect("a rehearsal");
    assert_eq!(
        failed(&rehearsed),
        Some((CheckName::Login, ErrorClass::Permission))
    );
}

#[tokio::test]
async fn a_credential_that_was_changed_by_hand_is_found() {
    for overlap in BOTH {
        let house = House::build(overlap).await;
        house.server.spoil(&house.value(&current(&house))).await;
        let rehearsed = rehearse(&house).await.expect("a rehearsal");
        let wrong = Some((CheckName::Login, ErrorClass::WrongPassword));
        assert_eq!(failed(&rehearsed), wrong);
    }
}

#[tokio::test]
async fn what_cannot_be_read_fails_the_first_check_and_the_target_is_left_alone() {
    let lost = StoreError::Denied("GetSecretValue".to_owned());
    for (reading, overlaps) in [
        (Reading::Description, &BOTH[..]),
        (Reading::ValueById, &BOTH[..]),
        // The superuser's.
        (
            Reading::Value(StagingLabel::Current),
            &[Overlap::AlternatingUsers][..],
        ),
    ] {
        for overlap in overlaps {
            let house = House::build(*overlap).await;
            let process = house.process(house.order(&current(&house)));
            house
                .store
                .fail_reads(Some((reading.clone(), lost.clone())));
            let rehearsed = process.rehearse().await.expect("a rehearsal");
            let denied = Some((CheckName::Secret, ErrorClass::Permission));
            assert_eq!(failed(&rehearsed), denied);
            assert!(!process.trace.calls().contains(&"probe".to_owned()));
        }
    }
}

#[tokio::test]
async fn nothing_is_tried_while_a_rotation_is_open_or_when_it_is_off_or_another_version_is_current()
{
    for overlap in BOTH {
        let (house, old, new) = House::rotated(overlap).await;
        let overtaken = house.process(house.order(&old)).rehearse().await;
        assert_eq!(overtaken, Err(Objection::Overtaken));

        house.begin(2).await;
        let process = house.process(house.order(&new));
        assert_eq!(process.rehearse().await, Err(Objection::RotationOpen));
        assert_eq!(process.trace.calls(), ["DescribeSecret"]);

        let house = House::build(overlap).await;
        let token = house.begin(1).await;
        assert_ne!(Some(token), house.holder(&StagingLabel::Current));
        assert_eq!(rehearse(&house).await, Err(Objection::RotationOpen));

        let house = House::rotated(overlap).await.0;
        let cancelled = house.store.cancel_rotate_secret(SECRET).await;
        assert!(cancelled.is_ok());
        assert_eq!(rehearse(&house).await, Err(Objection::RotationOff));
    }
}

#[tokio::test]
async fn no_value_is_in_what_a_rehearsal_tells() {
    for overlap in BOTH {
        let house = House::build(overlap).await;
        let told = |rehearsed: &Rehearsed| format!("{rehearsed:?}");
        let good = told(&rehearse(&house).await.expect("a rehearsal"));
        house.server.spoil(&house.value(&current(&house))).await;
        let bad = told(&rehearse(&house).await.expect("a rehearsal"));
        for text in [good, bad] {
            assert!(!text.contains("first password"), "{text}");
        }
    }
}
