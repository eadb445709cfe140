//! What somebody asked for, and what came of it: the id of the request leads from one to the other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod world;

use rekey_registry::request::{Requests as _, Standing};
use rekey_registry::{Happening, Report, VersionId};
use serde_json::json;
use world::{Change, HOUR, MINUTE, NAME, Stage, book, supersede, version};

const COMPLETED: &str = "greentic.secrets.rotate.completed";

async fn standing(stage: &Stage, token: &VersionId) -> Standing {
    let request = stage.store.request(token).await.unwrap();
    request.unwrap().standing
}

/// The word, the time, and the class.
async fn ended(stage: &Stage, token: &VersionId) -> (String, i64, Option<String>) {
    match standing(stage, token).await {
        Standing::Ended {
            outcome, at, class, ..
        } => (outcome, at, class),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_version_of_a_request_has_its_reason_and_its_end_names_who_asked() {
    let mut stage = Stage::begun().await;
    stage.tag("rekey:sites", "shop blog").await;
    book(&stage.store, NAME, &version(2), stage.now).await;
    stage.rotate(2).await;
    let state = stage.state();
    let made = &state.versions[&version(2)];
    assert_eq!(
        made.rotation_reason.as_deref(),
        Some("the quarter's rotation")
    );
    assert_eq!(made.created_by(), Some("release train"));
    let told = stage.announced(COMPLETED);
    assert_eq!(told.len(), 1);
    let told = &told[0].detail;
    assert_eq!(told["requested_by"], "release train");
    assert_eq!(told["reason"], "the quarter's rotation");
    assert_eq!(told["correlation_id"], "c-1");
    let metadata = json!({ "request": version(2), "sites": ["blog", "shop"] });
    assert_eq!(told["metadata"], metadata);
    let expected = ("success".to_owned(), stage.now, None);
    assert_eq!(ended(&stage, &version(2)).await, expected);
}

#[tokio::test]
async fn an_outcome_is_written_once_whatever_else_is_heard() {
    let mut stage = Stage::begun().await;
    book(&stage.store, NAME, &version(2), stage.now).await;
    stage.rotate(2).await;
    let before = stage.store.request(&version(2)).await.unwrap();
    stage.now += MINUTE;
    stage.tag("rekey:max-age", "90").await;
    stage.rotate(3).await;
    let after = stage.store.request(&version(2)).await.unwrap();
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_rotation_that_nobody_asked_us_for_ends_as_ever() {
    let stage = Stage::rotated().await;
    let told = &stage.announced(COMPLETED)[0].detail;
    assert_eq!(told.get("metadata"), None);
    assert_eq!(told.get("reason"), None);
    assert_eq!(
        stage.state().versions[&version(2)]
            .rotation_reason
            .as_deref(),
        Some("rotation")
    );
}

#[tokio::test]
async fn the_word_of_cloudtrail_names_who_asked_and_who_called() {
    let mut stage = Stage::begun().await;
    book(&stage.store, NAME, &version(2), stage.now).await;
    stage.open(2).await;
    let called = Happening::RotateRequested {
        version: Some(version(2)),
        at: stage.now,
        actor: Some("the role of the function".to_owned()),
    };
    stage.hear(&[called]).await;
    let told = &stage.announced("greentic.secrets.rotate.requested")[0].detail;
    assert_eq!(told["requested_by"], "release train");
    assert_eq!(told["reason"], "the quarter's rotation");
    assert_eq!(told["correlation_id"], "c-1");
    let metadata = json!({ "request": version(2), "called_by": "the role of the function" });
    assert_eq!(told["metadata"], metadata);
}

#[tokio::test]
async fn a_request_that_became_an_older_rotation_ends_with_it_whenever_that_is_noted() {
    let token = version(77);
    for noted_late in [false, true] {
        let mut stage = Stage::begun().await;
        stage.open(2).await;
        book(&stage.store, NAME, &token, stage.now).await;
        if !noted_late {
            supersede(&stage.store, NAME, &token, &version(2)).await;
        }
        stage.activate(2).await;
        let switched = stage.now;
        if noted_late {
            assert_eq!(standing(&stage, &token).await.as_str(), "accepted");
            stage.now += MINUTE;
            supersede(&stage.store, NAME, &token, &version(2)).await;
            stage.hear(&[Happening::Touched]).await;
        }
        let expected = ("success".to_owned(), switched, None);
        assert_eq!(ended(&stage, &token).await, expected, "late: {noted_late}");
        let made = stage.state().versions[&version(2)].clone();
        let rotation = made.rotation.unwrap();
        assert_eq!(rotation.request, Some(token.clone()));
        assert_eq!(
            made.rotation_reason.as_deref(),
            Some("the quarter's rotation")
        );
        assert_eq!(stage.announced(COMPLETED).len(), 1);
    }
}

#[tokio::test]
async fn of_several_requests_that_end_in_one_version_each_has_its_outcome() {
    let mut stage = Stage::begun().await;
    book(&stage.store, NAME, &version(2), stage.now).await;
    stage.open(2).await;
    for number in [77, 78] {
        book(&stage.store, NAME, &version(number), stage.now).await;
        supersede(&stage.store, NAME, &version(number), &version(2)).await;
    }
    stage.activate(2).await;
    for number in [2, 77, 78] {
        assert_eq!(ended(&stage, &version(number)).await.0, "success");
    }
    let told = &stage.announced(COMPLETED)[0].detail;
    assert_eq!(told["metadata"]["request"], json!(version(2)));
}

#[tokio::test]
async fn a_value_put_by_hand_that_was_seen_in_place_of_a_request_is_not_its_rotation() {
    let mut stage = Stage::begun().await;
    book(&stage.store, NAME, &version(77), stage.now).await;
    supersede(&stage.store, NAME, &version(77), &version(2)).await;
    stage.put_by_hand(2).await;
    let made = stage.state().versions[&version(2)].clone();
    assert_eq!(made.rotation, None);
    assert_eq!(made.rotation_reason.as_deref(), Some("put"));
    assert_eq!(standing(&stage, &version(77)).await.as_str(), "superseded");
}

#[tokio::test]
async fn a_rotation_that_is_rolled_back_ends_its_request_a_second_time() {
    let mut stage = Stage::begun().await;
    book(&stage.store, NAME, &version(2), stage.now).await;
    stage.rotate(2).await;
    assert_eq!(ended(&stage, &version(2)).await.0, "success");
    stage.now += MINUTE;
    let intended = Report::RollbackIntended {
        from: version(2),
        to: version(1),
        requested_by: Some("somebody".to_owned()),
        reason: Some("it broke".to_owned()),
    };
    stage.report(&intended).await;
    stage.activate(1).await;
    assert_eq!(ended(&stage, &version(2)).await.0, "rolled_back");
    let told = stage.announced(COMPLETED);
    let told = &told.last().unwrap().detail;
    assert_eq!(told["result"], "rolled_back");
    assert_eq!(told["requested_by"], "somebody");
    assert_eq!(told["correlation_id"], "c-1");
    let metadata = json!({ "request": version(2), "current_version": version(1) });
    assert_eq!(told["metadata"], metadata);
}

#[tokio::test]
async fn a_rotation_that_is_given_up_fails_its_request_and_a_late_success_mends_that() {
    let mut stage = Stage::begun().await;
    book(&stage.store, NAME, &version(2), stage.now).await;
    stage.open(2).await;
    let failed = Happening::StepFailed {
        version: version(2),
        id: "f-1".to_owned(),
        step: Some("setSecret".to_owned()),
        class: "permission".to_owned(),
        message: "the user may not".to_owned(),
        at: stage.now,
    };
    stage.hear(&[failed]).await;
    for _ in 0..4 {
        stage.now += HOUR;
        stage.round().await;
    }
    let (outcome, _, class) = ended(&stage, &version(2)).await;
    assert_eq!(
        (outcome.as_str(), class.as_deref()),
        ("failed", Some("permission"))
    );
    stage.activate(2).await;
    let expected = ("success".to_owned(), stage.now, None);
    assert_eq!(ended(&stage, &version(2)).await, expected);
}

#[tokio::test]
async fn a_rotation_that_is_abandoned_ends_its_request() {
    let mut stage = Stage::begun().await;
    book(&stage.store, NAME, &version(2), stage.now).await;
    stage.open(2).await;
    stage.change(Change::Label("AWSPENDING", None));
    stage.put_by_hand(3).await;
    let abandoned = Happening::RotationAbandoned {
        version: None,
        at: stage.now,
    };
    stage.hear(&[abandoned]).await;
    let expected = ("abandoned".to_owned(), stage.now, None);
    assert_eq!(ended(&stage, &version(2)).await, expected);
}
