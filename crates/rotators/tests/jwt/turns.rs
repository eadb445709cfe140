//! Whose turn it is at a key set.

use std::time::Duration;

use rekey_rotation::{Revoker as _, Rotator as _};

use crate::issuer::{
    NOW, credentials, failure, is_taken, kid, next, restore, retire, revocation, rotate, rotator,
    set, unborn,
};
use crate::memory::{Memory, kids};

const PLACE: &str = "s3://keys/jwks.json";

#[tokio::test]
async fn a_turn_that_is_held_is_waited_for_and_one_that_was_given_back_is_free() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let pending = next(&jwks, &first, NOW);
    let before = kids(&jwks.text(PLACE).unwrap());
    let held = rotator(&jwks)
        .lock(credentials(&first, &pending))
        .await
        .unwrap();
    let (class, _) = failure(set(&jwks, &first, &pending).await);
    assert_eq!(class, "throttled");
    let (class, _) = failure(rotator(&jwks).seize(revocation(&pending, &first)).await);
    assert_eq!(class, "throttled");
    drop(held);
    set(&jwks, &first, &pending).await.unwrap();
    assert_ne!(kids(&jwks.text(PLACE).unwrap()), before);
}

#[tokio::test]
async fn a_holder_that_was_silent_for_too_long_cannot_change_anything_any_more() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let (late, newer) = (next(&jwks, &first, NOW), next(&jwks, &first, NOW));
    let rotator = rotator(&jwks);
    let hold = rotator.lock(credentials(&first, &late)).await.unwrap();
    jwks.state().age = Duration::from_secs(30);
    set(&jwks, &first, &newer).await.unwrap();
    let published = jwks.text(PLACE);
    let (class, text) = failure(rotator.set(hold, credentials(&first, &late)).await);
    assert_eq!(class, "throttled");
    assert!(text.contains("nothing was changed"), "{text}");
    assert_eq!(jwks.text(PLACE), published);
}

#[tokio::test]
async fn a_retirement_that_lost_its_turn_takes_nothing_out_and_a_rollback_puts_nothing_back() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let second = rotate(&jwks, &first, NOW).await;
    let (rotator, revocation) = (rotator(&jwks), revocation(&first, &second));
    for restores in [false, true] {
        jwks.state().age = Duration::ZERO;
        let mut seized = rotator.seize(revocation).await.unwrap();
        jwks.state().age = Duration::from_secs(30);
        drop(rotator.seize(revocation).await.unwrap());
        tokio::task::yield_now().await;
        let published = jwks.text(PLACE);
        let (class, _) = failure(if restores {
            rotator.restore(&mut seized, revocation).await.map(|()| 0)
        } else {
            rotator.revoke(&mut seized, revocation).await
        });
        assert_eq!(class, "target_unreachable");
        assert_eq!(jwks.text(PLACE), published);
    }
}

/// A client repeats a write whose answer was lost, and finds that something else is there: its own.
#[tokio::test]
async fn a_write_whose_answer_was_lost_is_known_for_ones_own() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let pending = next(&jwks, &first, NOW);
    jwks.state().answers_lost = 2;
    set(&jwks, &first, &pending).await.unwrap();
    assert_eq!(
        jwks.state().answers_lost,
        0,
        "both the turn's and the keys'"
    );
    assert!(is_taken(&pending, &jwks.text(PLACE).unwrap()));

    let (rotator, revocation) = (rotator(&jwks), revocation(&first, &pending));
    jwks.state().answers_lost = 2;
    let mut seized = rotator.seize(revocation).await.unwrap();
    rotator.revoke(&mut seized, revocation).await.unwrap();
    assert_eq!(jwks.state().answers_lost, 0);
    assert!(!kids(&jwks.text(PLACE).unwrap()).contains(&kid(&first, "current")));
}

#[tokio::test]
async fn a_run_that_comes_after_another_did_the_same_has_succeeded() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let pending = next(&jwks, &first, NOW);
    let rotator = rotator(&jwks);
    let late = rotator.lock(credentials(&first, &pending)).await.unwrap();
    jwks.state().age = Duration::from_secs(30);
    set(&jwks, &first, &pending).await.unwrap();
    rotator
        .set(late, credentials(&first, &pending))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_turn_changes_no_key() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let pending = next(&jwks, &first, NOW);
    let before = kids(&jwks.text(PLACE).unwrap());
    let hold = rotator(&jwks)
        .lock(credentials(&first, &pending))
        .await
        .unwrap();
    assert_eq!(kids(&jwks.text(PLACE).unwrap()), before);
    assert!(is_taken(&first, &jwks.text(PLACE).unwrap()));
    drop(hold);
    tokio::task::yield_now().await;
    assert_eq!(kids(&jwks.text(PLACE).unwrap()), before);
    assert!(!jwks.text(PLACE).unwrap().contains("held"));
}

/// Where a bucket may be listed, S3 says that nothing is there: an empty key set would be read as "no key is good".
#[tokio::test]
async fn a_key_set_that_is_gone_is_not_made_by_taking_a_turn_at_it() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &unborn("EdDSA", PLACE), NOW).await;
    let second = rotate(&jwks, &first, NOW).await;
    jwks.delete(PLACE);
    let seized = rotator(&jwks).seize(revocation(&first, &second)).await;
    assert_eq!(jwks.text(PLACE), None, "a clearing seizes, and no more");
    drop(seized.unwrap());
    tokio::task::yield_now().await;
    assert_eq!(jwks.text(PLACE), None);
    let (class, text) = failure(retire(&jwks, &first, &second).await);
    assert_eq!(class, "wrong_password");
    assert!(text.contains("earlier version"), "{text}");
    tokio::task::yield_now().await;
    assert_eq!(jwks.text(PLACE), None);

    // Of two rollbacks one publishes, and the other one changes nothing.
    let (rotator, revocation) = (rotator(&jwks), revocation(&first, &second));
    let mut late = rotator.seize(revocation).await.unwrap();
    restore(&jwks, &first, &second).await.unwrap();
    tokio::task::yield_now().await;
    let published = jwks.text(PLACE);
    assert!(is_taken(&first, published.as_ref().unwrap()));
    let (class, _) = failure(rotator.restore(&mut late, revocation).await);
    assert_eq!(class, "target_unreachable");
    tokio::task::yield_now().await;
    assert_eq!(jwks.text(PLACE), published);
}
