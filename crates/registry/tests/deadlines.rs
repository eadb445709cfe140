//! What falls due, when, and what moves it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test says what went wrong by failing"
)]

mod world;

use rekey_registry::{Happening, Order, Presence, State, What};
use world::{Change, DAY, HOUR, MINUTE, NAME, START, Stage, label_moved, put, version};

#[tokio::test]
async fn a_switch_arms_the_warning_and_the_retirement_of_the_old_credential() {
    let stage = Stage::rotated().await;
    let switched = stage.now;
    assert_eq!(stage.armed(What::Retire, 1), Some(switched + DAY));
    assert_eq!(
        stage.armed(What::GraceEnding, 1),
        Some(switched + DAY - HOUR)
    );
    assert_eq!(stage.state().previous().unwrap().state, State::Previous);
}

#[tokio::test]
async fn what_another_function_rotates_is_not_promised_to_be_retired() {
    let mut stage = Stage::rotated().await;
    stage.policy.environment = Some("prod".to_owned());
    for (function, armed) in [
        ("rekey-prod-rotate-database", true),
        ("rekey-dev-rotate-database", false),
        ("SecretsManagerRDSPostgreSQLRotationSingleUser", false),
    ] {
        let mut snapshot = stage.secrets.snapshot(NAME);
        let arn = format!("arn:aws:lambda:eu-west-1:123456789012:function:{function}");
        snapshot.rotation_function = Some(arn);
        stage.secrets.replace(NAME, snapshot);
        stage.hear(&[Happening::Touched]).await;
        assert_eq!(stage.armed(What::Retire, 1).is_some(), armed, "{function}");
    }
}

#[tokio::test]
async fn the_grace_of_a_secret_is_its_tag_and_a_bad_tag_is_the_default_and_told() {
    let stage = Stage::rotated().await;
    let switched = stage.now;
    stage.change(Change::Tag("rekey:grace", "60".to_owned()));
    stage.hear(&[Happening::Touched]).await;
    assert_eq!(stage.armed(What::Retire, 1), Some(switched + 60));
    // A warning longer than the grace comes at once.
    assert_eq!(stage.armed(What::GraceEnding, 1), Some(switched));
    stage.change(Change::Tag("rekey:grace", "a day".to_owned()));
    stage.hear(&[Happening::Touched]).await;
    assert_eq!(stage.armed(What::Retire, 1), Some(switched + DAY));
    assert_eq!(stage.explained().await, ["bad_tags"]);
}

#[tokio::test]
async fn a_newer_switch_disarms_what_lost_its_label() {
    let mut stage = Stage::rotated().await;
    stage.now += HOUR;
    stage.rotate(3).await;
    assert_eq!(stage.armed(What::Retire, 1), None);
    assert_eq!(stage.armed(What::Retire, 2), Some(stage.now + DAY));
    assert_eq!(stage.state().versions[&version(1)].state, State::Superseded);
    let dues = stage.store.all_due();
    assert!(dues.iter().all(|due| due.version != version(1)), "{dues:?}");
}

#[tokio::test]
async fn a_label_moved_by_hand_arms_and_disarms_too() {
    let mut stage = Stage::rotated().await;
    stage.now += HOUR;
    stage.activate(1).await;
    assert_eq!(stage.armed(What::Retire, 1), None);
    assert_eq!(stage.armed(What::Retire, 2), Some(stage.now + DAY));
    assert_eq!(stage.state().versions[&version(1)].state, State::Current);
}

#[tokio::test]
async fn a_switch_that_is_only_seen_counts_from_then_and_the_late_word_corrects_it() {
    let mut stage = Stage::begun().await;
    let switched = stage.now;
    stage.change(Change::Make(version(2)));
    stage.change(Change::Label("AWSCURRENT", Some(version(2))));
    stage.now += 20 * MINUTE;
    stage.hear(&[Happening::Touched]).await;
    assert_eq!(stage.armed(What::Retire, 1), Some(stage.now + DAY));
    stage.now += 20 * MINUTE;
    stage.hear(&[label_moved(&version(2), switched)]).await;
    assert_eq!(stage.armed(What::Retire, 1), Some(switched + DAY));
    assert_eq!(
        stage
            .store
            .all_due()
            .iter()
            .filter(|due| due.what == What::Retire)
            .count(),
        1
    );
}

#[tokio::test]
async fn a_deadline_in_the_past_is_armed_for_now() {
    let mut stage = Stage::begun().await;
    let switched = stage.now;
    stage.change(Change::Make(version(2)));
    stage.change(Change::Label("AWSCURRENT", Some(version(2))));
    stage.now += 3 * DAY;
    stage.hear(&[label_moved(&version(2), switched)]).await;
    let retire = stage.deadline(What::Retire, 1).unwrap();
    assert_eq!(
        (retire.promised, retire.due_at),
        (switched + DAY, Some(stage.now))
    );
    assert_eq!(stage.sweep().await.ordered, 1);
}

#[tokio::test]
async fn the_warning_names_who_has_not_moved_and_the_order_is_repeated_until_there_is_proof() {
    let mut stage = Stage::rotated().await;
    let switched = stage.now;
    for (service, at, of_current) in [
        ("moved", 60, true),
        ("waiting", -60, true),
        ("old", 60, false),
    ] {
        let read = rekey_registry::Read {
            event_id: rekey_events::EventId::derive("read", service),
            name: NAME.to_owned(),
            service: Some(service.to_owned()),
            at: switched + at,
            of_current,
        };
        rekey_registry::Store::note_read(&stage.store, &read)
            .await
            .unwrap();
    }
    stage.now = switched + DAY - HOUR;
    let swept = stage.sweep().await;
    assert_eq!((swept.announced, swept.ordered), (1, 0));
    let warning = &stage.announced("rekey.grace.ending")[0].detail;
    assert_eq!(
        warning["consumers_not_moved"],
        serde_json::json!(["old", "waiting"])
    );
    assert_eq!(warning["owner"], "payments");
    for attempt in 0..3 {
        stage.now = switched + DAY + attempt * 15 * MINUTE;
        assert_eq!(stage.sweep().await.ordered, 1, "attempt {attempt}");
        assert_eq!(stage.sweep().await.ordered, 0, "attempt {attempt}, again");
    }
    let orders = stage.queue.taken();
    let promised = switched + DAY;
    for (number, order) in orders.iter().enumerate() {
        let expected = Order::Retire {
            name: NAME.to_owned(),
            arn: stage.state().secret.arn,
            kind: stage.state().secret.kind,
            version: version(1),
            promised,
            attempt: number as u32,
        };
        assert_eq!(*order, expected);
    }
    assert_eq!(stage.announced("rekey.grace.ending").len(), 1);
    assert_eq!(
        stage.explained().await,
        ["retire_unanswered", "consumers_not_moved"]
    );
}

#[tokio::test]
async fn a_deleted_secret_has_nothing_due_and_a_restored_one_has_again() {
    let mut stage = Stage::rotated().await;
    let switched = stage.now;
    let until = stage.now + 30 * DAY;
    stage.change(Change::Deleted(Some(until)));
    let deleted = Happening::Deleted {
        at: stage.now,
        actor: None,
        until: Some(until),
    };
    stage.hear(&[deleted.clone(), deleted]).await;
    assert_eq!(
        stage.state().secret.presence,
        Presence::Deleting { until: Some(until) }
    );
    assert_eq!(stage.store.all_due(), []);
    assert_eq!(stage.announced("greentic.secrets.delete").len(), 1);
    assert_eq!(stage.explained().await, ["deleting"]);
    stage.now += 2 * DAY;
    stage.change(Change::Deleted(None));
    stage.hear(&[Happening::Restored { at: stage.now }]).await;
    assert_eq!(stage.state().secret.presence, Presence::Present);
    let retire = stage.deadline(What::Retire, 1).unwrap();
    assert_eq!(
        (retire.promised, retire.due_at),
        (switched + DAY, Some(stage.now))
    );
}

#[tokio::test]
async fn each_warning_of_an_age_is_given_once_and_a_rotation_begins_anew() {
    let mut stage = Stage::begun().await;
    let born = START;
    stage.change(Change::Tag("rekey:max-age", "40".to_owned()));
    stage.hear(&[Happening::Touched]).await;
    for (days, expected) in [(9, 0), (10, 1), (29, 1), (30, 2), (39, 3), (40, 3), (41, 3)] {
        stage.now = born + days * DAY;
        stage.sweep().await;
        stage.sweep().await;
        stage.hear(&[Happening::Touched]).await;
        assert_eq!(
            stage.announced("rekey.secret.near_expiry").len(),
            expected,
            "day {days}"
        );
    }
    let left: Vec<_> = stage
        .announced("rekey.secret.near_expiry")
        .iter()
        .map(|one| one.detail["days_left"].clone())
        .collect();
    assert_eq!(left, [30, 10, 1]);
    let overdue = stage.announced("rekey.secret.overdue");
    assert_eq!(overdue.len(), 1);
    assert_eq!(overdue[0].detail["what"], "max_age");
    assert_eq!(stage.explained().await, ["overdue"]);
    stage.rotate(2).await;
    assert_eq!(
        stage.armed(What::NearExpiry30, 2),
        Some(stage.now + 10 * DAY)
    );
    assert_eq!(stage.armed(What::OverdueAge, 1), None);
    assert!(!stage.explained().await.contains(&"overdue"));
}

#[tokio::test]
async fn a_secret_that_is_registered_old_gets_the_nearest_warning_alone() {
    let mut stage = Stage::new();
    stage.change(Change::Make(version(1)));
    stage.change(Change::Label("AWSCURRENT", Some(version(1))));
    stage.change(Change::Tag("rekey:max-age", "100".to_owned()));
    stage.now = START + 95 * DAY;
    stage.hear(&[Happening::Touched]).await;
    stage.sweep().await;
    let given = stage.announced("rekey.secret.near_expiry");
    assert_eq!(given.len(), 1);
    assert_eq!(given[0].detail["days_left"], 5);
    assert_eq!(stage.armed(What::NearExpiry1, 1), Some(START + 99 * DAY));
}

#[tokio::test]
async fn a_schedule_that_did_not_rotate_is_overdue_once_for_each_date() {
    let mut stage = Stage::rotated().await;
    let next = stage.now + 30 * DAY;
    assert_eq!(stage.armed(What::OverdueRotation, 2), Some(next + HOUR));
    stage.now = next + HOUR;
    stage.sweep().await;
    stage.sweep().await;
    let overdue = stage.announced("rekey.secret.overdue");
    assert_eq!(overdue.len(), 1);
    assert_eq!(overdue[0].detail["what"], "rotation");
    stage.rotate(3).await;
    assert_eq!(
        stage.armed(What::OverdueRotation, 3),
        Some(stage.now + 30 * DAY + HOUR)
    );
}

#[tokio::test]
async fn the_cursor_stays_an_hour_behind_for_writers_whose_clocks_are() {
    let mut stage = Stage::begun().await;
    stage.now = START + 10 * DAY;
    stage.sweep().await;
    // A writer whose clock is 50 minutes behind arms something that is due by its clock.
    let mut slow = stage.clone();
    slow.now -= 50 * MINUTE;
    slow.policy.grace = 0;
    slow.rotate(2).await;
    assert!(slow.deadline(What::Retire, 1).unwrap().due_at < Some(stage.now));
    stage.now += 2 * MINUTE;
    let swept = stage.sweep().await;
    assert_eq!((swept.announced, swept.ordered), (1, 1));
    assert!(swept.buckets <= 12, "{swept:?}");
}

#[tokio::test]
async fn a_secret_of_an_aws_service_is_recorded_and_left_alone() {
    let stage = Stage::new();
    stage.secrets.manage(NAME, "rds");
    stage.change(Change::Make(version(1)));
    stage.change(Change::Label("AWSCURRENT", Some(version(1))));
    stage
        .hear(&[
            put(&version(1), stage.now),
            label_moved(&version(1), stage.now),
        ])
        .await;
    stage.change(Change::Make(version(2)));
    stage.change(Change::Label("AWSCURRENT", Some(version(2))));
    stage.hear(&[label_moved(&version(2), stage.now)]).await;
    assert_eq!(stage.state().versions.len(), 2);
    assert_eq!(stage.store.all_due(), []);
    assert_eq!(stage.explained().await, ["managed"]);
}
