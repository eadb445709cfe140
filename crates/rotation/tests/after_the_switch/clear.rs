use rekey_rotation::testing::aftermath::Ended;
use rekey_rotation::testing::{RevocableTarget, Verbs};
use rekey_rotation::{
    AftermathError, ClearOutcome, Cleared, Kept, Objection, Overlap, Patience, StagingLabel, Step,
    VersionId,
};

use crate::house::{House, SECRET};

const BOTH: [Overlap; 2] = [Overlap::AlternatingUsers, Overlap::SingleUser];

fn cleared(why: Cleared) -> Result<Ended, AftermathError> {
    Ok(Ended::Clear(ClearOutcome::Cleared(why)))
}

fn kept(why: Kept) -> Result<Ended, AftermathError> {
    Ok(Ended::Clear(ClearOutcome::Kept(why)))
}

/// A rotation that did so many steps and no more.
async fn stuck(overlap: Overlap, steps: usize) -> (House, VersionId) {
    let (house, _, _) = House::rotated(overlap).await;
    let token = house.begin(2).await;
    for step in Step::ALL.into_iter().take(steps) {
        house.step(step, &token).await;
    }
    (house, token)
}

#[tokio::test]
async fn an_empty_version_and_one_that_the_target_refuses_are_cleared_and_the_next_rotation_goes_on()
 {
    for overlap in BOTH {
        for (steps, why) in [(0, Cleared::Empty), (1, Cleared::Refused)] {
            let (house, token) = stuck(overlap, steps).await;
            let current = house.holder(&StagingLabel::Current);
            assert_eq!(house.clear(&token).await, cleared(why));
            assert_eq!(house.holder(&StagingLabel::Pending), None);
            assert_eq!(house.holder(&StagingLabel::Current), current);
            let described = house.store.describe_secret(SECRET).await;
            let enabled = described.map(|secret| secret.rotation_enabled);
            assert_eq!(enabled, Ok(Some(true)), "the schedule stays");
            assert_eq!(house.clear(&token).await, kept(Kept::NotOpen));
            let next = house.rotate(3).await;
            assert!(house.logs_in(&next).await);
        }
    }
}

#[tokio::test]
async fn a_pending_credential_that_works_is_kept_and_its_rotation_comes_to_its_end() {
    for overlap in BOTH {
        for steps in [2, 3] {
            let (house, token) = stuck(overlap, steps).await;
            assert_eq!(house.clear(&token).await, kept(Kept::PendingWorks));
            for step in Step::ALL {
                house.step(step, &token).await;
            }
            assert_eq!(house.holder(&StagingLabel::Current), Some(token));
        }
    }
}

#[tokio::test]
async fn nothing_is_cleared_while_the_current_credential_does_not_log_in() {
    for overlap in BOTH {
        for steps in [0, 1] {
            let (house, token) = stuck(overlap, steps).await;
            let current = house.holder(&StagingLabel::Current).expect("a current one");
            house.server.spoil(&house.value(&current)).await;
            let answer = house.clear(&token).await;
            let is_kept = matches!(
                answer,
                Ok(Ended::Clear(ClearOutcome::Kept(
                    Kept::CurrentRefused | Kept::Unproved(_)
                )))
            );
            assert!(is_kept, "{answer:?}");
            assert_eq!(house.holder(&StagingLabel::Pending), Some(token));
        }
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_read_for_a_moment_is_not_lost_with_its_label() {
    // With one user: what was set is all that works.
    let (house, token) = stuck(Overlap::SingleUser, 2).await;
    house.store.hide_pending(&house.secret, 10);
    let answer = house.clear(&token).await;
    assert!(
        matches!(answer, Ok(Ended::Clear(ClearOutcome::Kept(_)))),
        "{answer:?}"
    );
    assert_eq!(house.holder(&StagingLabel::Pending), Some(token));
}

#[tokio::test]
async fn a_version_that_is_current_or_has_no_label_is_no_stuck_rotation() {
    for overlap in BOTH {
        let (house, old, new) = House::rotated(overlap).await;
        for version in [&old, &new] {
            assert_eq!(house.clear(version).await, kept(Kept::NotOpen));
        }
        assert_eq!(house.holder(&StagingLabel::Previous), Some(old));
    }
}

#[tokio::test]
async fn a_label_that_is_left_on_a_version_that_was_current_is_cleared_and_its_retirement_goes_on()
{
    for overlap in BOTH {
        let (house, _, new) = House::rotated(overlap).await;
        let current = house.value(&new);
        let put = house
            .store
            .put_secret_value(SECRET, None, current.expose(), &[]);
        assert!(put.await.is_ok());
        assert_eq!(house.holder(&StagingLabel::Pending), Some(new.clone()));
        let refused = house.retire(&new, Patience::Forced).await;
        assert_eq!(refused, Err(Objection::RotationOpen.into()));
        assert_eq!(house.clear(&new).await, cleared(Cleared::Over));
        assert_eq!(house.holder(&StagingLabel::Pending), None);
        assert_eq!(house.holder(&StagingLabel::Previous), Some(new.clone()));
        assert!(house.retire(&new, Patience::Forced).await.is_ok());
        let next = house.rotate(2).await;
        assert!(house.logs_in(&next).await);
    }
}
