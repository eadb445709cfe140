//! ElastiCache keeps the two newest tokens. Which is the newest stands in a tag, and a group that is tagged is
//! `modifying`.

use rekey_rotation::{Login, Rotator as _, SecretValue};
use sha2::{Digest as _, Sha256};

use super::Case;
use super::world::Kind;
use crate::case::{failure, field};

#[tokio::test]
async fn after_a_rollback_the_token_in_use_is_made_the_newest_before_another_is_added() {
    let mut case = Case::of(Kind::Auth).await;
    let first = case.rotate().await;
    // Rolled back inside the grace: only the label moves.
    let undone = std::mem::replace(&mut case.current, first);
    let pending = case.next();
    let (class, text) = failure(case.set(&pending).await);
    assert_eq!(class, "throttled");
    assert!(text.contains("newest"), "{text}");
    case.set_until_done(&pending).await;
    case.rotator().test(&pending).await.unwrap();
    assert_eq!(
        case.knock(&case.current).await,
        Login::Accepted,
        "AWSCURRENT"
    );
    assert_eq!(case.knock(&undone).await, Login::Refused);
}

#[tokio::test]
async fn what_was_noted_before_a_change_that_did_not_come_to_be_is_not_noted_again() {
    let mut case = Case::of(Kind::Auth).await;
    let first = case.rotate().await;
    let undone = std::mem::replace(&mut case.current, first);
    // A change is refused as often as one likes, at AWS because the tag has not been taken in yet.
    let pending = case.next();
    case.cache.cloud().calls();
    case.cache
        .cloud()
        .refuse(Some("InvalidReplicationGroupState"));
    for _ in 0..3 {
        let (class, _) = failure(case.set(&pending).await);
        assert_eq!(class, "throttled");
    }
    let mut calls = case.cache.cloud().calls();
    calls.retain(|call| call == "AddTagsToResource");
    assert_eq!(calls.len(), 1, "once, and not for ever");
    case.cache.cloud().refuse(None);
    case.set_until_done(&pending).await;
    assert_eq!(case.knock(&case.current).await, Login::Accepted);
    assert_eq!(case.knock(&undone).await, Login::Refused);
}

#[tokio::test]
async fn a_rotation_that_was_given_up_after_its_note_does_not_make_another_token_the_newest() {
    let mut case = Case::of(Kind::Auth).await;
    case.rotate().await;
    let given_up = case.next();
    case.cache.cloud().refuse(Some("InvalidParameterValue"));
    failure(case.set(&given_up).await);
    case.cache.cloud().refuse(None);
    case.changes();
    let old = case.rotate().await;
    assert_eq!(case.changes(), ["ModifyReplicationGroupROTATE"]);
    assert_eq!(case.knock(&old).await, Login::Accepted);
    case.revoke(&old).await.unwrap();
    assert_eq!(case.changes(), ["ModifyReplicationGroupSET"]);
}

#[tokio::test]
async fn a_retirement_is_not_taken_for_the_change_that_was_given_up_before_it() {
    let mut case = Case::of(Kind::Auth).await;
    let old = case.rotate().await;
    case.cache.cloud().refuse(Some("InvalidParameterValue"));
    failure(case.set(&case.next()).await);
    case.cache.cloud().refuse(None);
    case.revoke(&old).await.unwrap();
    case.changes();
    case.rotate().await;
    assert_eq!(case.changes(), ["ModifyReplicationGroupROTATE"]);
}

#[tokio::test]
async fn a_rollback_notes_which_token_it_made_the_newest_even_when_its_first_attempt_fails() {
    let mut case = Case::of(Kind::Auth).await;
    let old = case.rotate().await;
    case.revoke(&old).await.unwrap();
    case.cache
        .cloud()
        .refuse(Some("InvalidReplicationGroupState"));
    failure(case.restore(&old).await);
    case.cache.cloud().refuse(None);
    case.restore(&old).await.unwrap();
    // The one that was rolled back from is the older of two now.
    let undone = std::mem::replace(&mut case.current, old);
    case.changes();
    case.rotate().await;
    assert_eq!(case.changes(), ["ModifyReplicationGroupROTATE"]);
    assert_eq!(case.knock(&undone).await, Login::Refused);
}

#[tokio::test]
async fn the_tag_tells_little_of_a_token() {
    let mut case = Case::of(Kind::Auth).await;
    case.rotate().await;
    let tag = case
        .cache
        .cloud()
        .tagged("rekey:newest-auth-token")
        .unwrap();
    let marks = tag.split(['@', '+', '=']).take(2);
    assert!(marks.clone().all(|mark| mark.len() <= 2), "{tag}");
}

#[tokio::test]
async fn what_the_tag_tells_is_enough_for_a_token_and_the_one_before_it() {
    let case = Case::of(Kind::Auth).await;
    let mark = |value: &SecretValue| Sha256::digest(field(value, "auth_token"))[0];
    let before = mark(&case.current);
    // Of so many at random, about twelve would have the same mark.
    assert!((0..3_000).all(|_| mark(&case.next()) != before));
}
