//! What is forged, late, lost or by hand: the same end, or parked with the reason, and explained.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test says what went wrong by failing"
)]

mod world;

use rekey_registry::{Happening, Observation, Presence, State, What};
use world::{Change, DAY, HOUR, MINUTE, NAME, START, Stage, label_moved, put, version};

#[tokio::test]
async fn a_secret_without_an_owner_is_ignored() {
    let stage = Stage::new();
    stage.secrets.disown(NAME, stage.now);
    stage.change(Change::Make(version(1)));
    let observed = stage
        .hear(&[put(&version(1), stage.now), Happening::Touched])
        .await;
    assert!(!observed.registered);
    assert_eq!(stage.store.state(NAME), None);
    assert_eq!(stage.bus.taken(), []);
}

#[tokio::test]
async fn a_secret_that_is_not_there_and_not_known_is_ignored() {
    let stage = Stage::new();
    stage.secrets.remove(NAME);
    assert!(
        !stage
            .hear(&[label_moved(&version(1), stage.now)])
            .await
            .registered
    );
    assert_eq!(stage.store.state(NAME), None);
}

#[tokio::test]
async fn what_is_said_of_a_version_never_listed_is_handed_back_and_the_rest_is_recorded() {
    let stage = Stage::rotated().await;
    let before = stage.state();
    let unknown = version(99);
    let forged = [
        label_moved(&unknown, stage.now),
        put(&unknown, stage.now),
        Happening::Intended {
            version: unknown.clone(),
            at: stage.now,
            strategy: Some("single-user".to_owned()),
        },
    ];
    assert_eq!(stage.hear(&forged).await.unlisted, [0, 1, 2]);
    assert_eq!(stage.state(), before);

    let failed = Happening::StepFailed {
        version: version(2),
        id: "an id".to_owned(),
        step: Some("setSecret".to_owned()),
        class: "permission".to_owned(),
        message: "not allowed".to_owned(),
        at: stage.now,
    };
    let mixed = [
        label_moved(&unknown, stage.now),
        failed,
        put(&unknown, stage.now),
    ];
    assert_eq!(stage.hear(&mixed).await.unlisted, [0, 2]);
    let seen = stage.state().versions[&version(2)]
        .last_failure
        .clone()
        .unwrap();
    assert_eq!((seen.class.as_str(), seen.count()), ("permission", 1));
}

#[tokio::test]
async fn a_failure_that_comes_before_the_beginning_and_twice_counts_once() {
    let mut stage = Stage::begun().await;
    stage.change(Change::Make(version(2)));
    stage.change(Change::Label("AWSPENDING", Some(version(2))));
    let failed = |id: &str, at| Happening::StepFailed {
        version: version(2),
        id: id.to_owned(),
        step: Some("testSecret".to_owned()),
        class: "wrong_password".to_owned(),
        message: format!("refused at {at}"),
        at,
    };
    let (first, second) = (failed("a", stage.now), failed("b", stage.now + 60));
    stage.now += 5 * MINUTE;
    stage.hear(&[second.clone(), first.clone()]).await;
    stage.hear(&[first, second]).await;
    stage
        .hear(&[Happening::RotationStarted {
            version: None,
            at: stage.now,
        }])
        .await;
    let seen = stage.state().versions[&version(2)]
        .last_failure
        .clone()
        .unwrap();
    assert_eq!(seen.count(), 2);
    assert_eq!(
        seen.message,
        format!("refused at {}", START + 10 * MINUTE + 60)
    );
    assert_eq!(stage.announced("greentic.secrets.rotate.completed"), []);
}

#[tokio::test]
async fn an_answer_that_lags_behind_does_not_move_the_record_back() {
    let mut stage = Stage::begun().await;
    let old = stage.secrets.snapshot(NAME);
    stage.rotate(2).await;
    let known = stage.state();
    let new = stage.secrets.snapshot(NAME);
    stage.secrets.replace(NAME, old);
    stage.hear(&[Happening::Touched]).await;
    assert_eq!(stage.state(), known);
    stage.secrets.replace(NAME, new);
    stage.hear(&[Happening::Touched]).await;
    assert_eq!(stage.state(), known);
}

#[tokio::test]
async fn a_label_moved_by_hand_in_the_middle_of_a_rotation_is_recorded_as_it_is() {
    let mut stage = Stage::rotated().await;
    stage.now += HOUR;
    stage.open(3).await;
    stage.activate(1).await;
    let state = stage.state();
    assert_eq!(state.secret.current, Some(version(1)));
    assert_eq!(state.secret.previous, Some(version(2)));
    assert_eq!(state.secret.pending.unwrap().version, version(3));
    assert_eq!(state.versions[&version(3)].state, State::Pending);
    assert_eq!(stage.armed(What::Retire, 2), Some(stage.now + DAY));
    assert_eq!(stage.armed(What::Retire, 1), None);
    // The rotation then succeeds all the same.
    stage.now += MINUTE;
    stage.activate(3).await;
    let state = stage.state();
    assert_eq!(state.versions[&version(3)].rotated_from, Some(version(1)));
    assert_eq!(state.versions[&version(2)].state, State::Superseded);
    assert_eq!(
        stage.announced("greentic.secrets.rotate.completed").len(),
        2
    );
}

#[tokio::test]
async fn turning_rotation_on_tests_a_version_that_is_thrown_away_and_no_rotation_has_ended() {
    let mut stage = Stage::begun().await;
    stage.change(Change::Make(version(2)));
    stage.change(Change::Label("AWSPENDING", Some(version(2))));
    stage.hear(&[Happening::Touched]).await;
    stage
        .hear(&[Happening::StepFailed {
            version: version(2),
            id: "a".to_owned(),
            step: Some("testSecret".to_owned()),
            class: "permission".to_owned(),
            message: "not allowed".to_owned(),
            at: stage.now,
        }])
        .await;
    stage.change(Change::Label("AWSPENDING", None));
    stage.now += DAY;
    stage.round().await;
    assert_eq!(stage.state().versions[&version(2)].state, State::Made);
    assert_eq!(stage.announced("greentic.secrets.rotate.completed"), []);
}

#[tokio::test]
async fn a_secret_that_is_made_anew_under_its_name_is_another_one() {
    let mut stage = Stage::rotated().await;
    let old_arn = stage.state().secret.arn;
    let deleted = Happening::Deleted {
        at: stage.now,
        actor: None,
        until: Some(stage.now),
    };
    stage.secrets.remove(NAME);
    stage.hear(&[deleted]).await;
    assert_eq!(stage.state().secret.presence, Presence::Gone);
    assert_eq!(stage.store.all_due(), []);
    stage.now += HOUR;
    stage.change(Change::Create);
    stage.put_by_hand(3).await;
    let state = stage.state();
    assert_ne!(state.secret.arn, old_arn);
    assert_eq!(state.secret.presence, Presence::Present);
    assert_eq!(state.secret.current, Some(version(3)));
    assert_eq!(
        state.versions[&version(3)].number,
        3,
        "numbers are not used again"
    );
    assert_eq!(stage.armed(What::Retire, 1), None);
    // What is still said of the old one does not count.
    let late = Observation {
        arn: Some(old_arn),
        what: label_moved(&version(2), stage.now + 1),
    };
    stage.hear_events(&[late]).await;
    assert_eq!(stage.state(), state);
}

#[tokio::test]
async fn a_first_look_numbers_all_versions_in_their_order_however_many() {
    let stage = Stage::new();
    for number in (1..=130).rev() {
        stage
            .secrets
            .apply(NAME, &Change::Make(version(number)), START + number as i64);
    }
    stage.change(Change::Label("AWSCURRENT", Some(version(130))));
    stage.hear(&[Happening::Touched]).await;
    let state = stage.state();
    assert_eq!(state.versions.len(), 130);
    for (place, version) in state.by_number().iter().enumerate() {
        assert_eq!(
            (version.number, &version.id),
            (place as u32 + 1, &world::version(place + 1))
        );
    }
    assert_eq!(stage.announced("greentic.secrets.put"), []);
}

#[tokio::test]
async fn what_no_word_came_for_is_settled_by_the_doctor_once_and_counted() {
    let mut stage = Stage::begun().await;
    let made = |stage: &Stage, number| {
        stage.change(Change::Make(version(number)));
        stage.change(Change::Label("AWSCURRENT", Some(version(number))));
    };
    made(&stage, 2);
    stage.now += 30 * MINUTE;
    stage.round().await;
    assert_eq!(
        stage.announced("greentic.secrets.put").len(),
        1,
        "a word may still come"
    );
    assert_eq!(stage.state().secret.found_late, 1);
    stage.now += 2 * HOUR;
    stage.round().await;
    stage.round().await;
    assert_eq!(stage.announced("greentic.secrets.put").len(), 2);
    // A rotation by a function that is not ours shows by LastRotatedDate.
    made(&stage, 3);
    stage.change(Change::Rotated);
    stage.now += 2 * HOUR;
    stage.round().await;
    stage.round().await;
    let ends = stage.announced("greentic.secrets.rotate.completed");
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0].detail["version"], 3);
    assert_eq!(ends[0].detail["rotated_from"], version(2).as_str());
    assert_eq!(stage.announced("greentic.secrets.put").len(), 2);
    assert_eq!(stage.state().secret.found_late, 2);
    assert_eq!(stage.explained().await, ["found_late"]);
}

#[tokio::test]
async fn drift_is_explained_until_it_is_recorded() {
    let stage = Stage::begun().await;
    stage.change(Change::Make(version(2)));
    stage.change(Change::Label("AWSCURRENT", Some(version(2))));
    let findings = stage.findings().await;
    let texts: Vec<_> = findings
        .iter()
        .map(|finding| finding.text.as_str())
        .collect();
    assert_eq!(findings.len(), 3, "{texts:?}");
    assert!(findings.iter().all(|finding| finding.code == "drift"));
    assert!(texts[0].contains(version(2).as_str()) && texts[0].contains(version(1).as_str()));
    stage.hear(&[Happening::Touched]).await;
    assert!(!stage.explained().await.contains(&"drift"));
}

#[tokio::test]
async fn the_key_of_an_announcement_is_the_name_its_users_know() {
    let mut stage = Stage::new();
    stage.policy.environment = Some("prod".to_owned());
    stage.put_by_hand(1).await;
    let put = &stage.announced("greentic.secrets.put")[0];
    assert_eq!(put.detail["key"], "db/app-primary");
    assert_eq!(put.detail["scope"], serde_json::json!({ "env": "prod" }));
    assert_eq!(put.detail["secret"]["name"], NAME);
    assert_eq!(put.resource, stage.state().secret.arn);
}
