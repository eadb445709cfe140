use rekey_rotation::testing::aftermath::{Ended, Entry};
use rekey_rotation::testing::{RevocableTarget, Verbs};
use rekey_rotation::{
    AftermathError, ErrorClass, Objection, Operation, Overlap, Patience, RollBackOutcome,
    StagingLabel, Step, VersionId,
};

use crate::house::{House, SECRET};

const BOTH: [Overlap; 2] = [Overlap::AlternatingUsers, Overlap::SingleUser];

fn rolled_back(restored: bool) -> Result<Ended, AftermathError> {
    Ok(Ended::RollBack(RollBackOutcome::RolledBack { restored }))
}

fn refused(objection: Objection) -> Result<Ended, AftermathError> {
    Err(objection.into())
}

impl House {
    fn is_current(&self, version: &VersionId) -> bool {
        self.holder(&StagingLabel::Current).as_ref() == Some(version)
    }
}

#[tokio::test]
async fn inside_the_grace_the_earlier_credential_is_current_again_and_its_deadline_is_disarmed() {
    for overlap in BOTH {
        let (house, old, new) = House::rotated(overlap).await;
        let restored = !overlap.both_work();
        assert_eq!(house.roll_back(&old).await, rolled_back(restored));
        assert!(house.is_current(&old) && house.logs_in(&old).await);
        assert_eq!(house.holder(&StagingLabel::Previous), Some(new.clone()));
        assert_eq!(house.logs_in(&new).await, overlap.both_work());
        assert!(!house.book.is_armed(&old));
        let said = [
            Entry::Intended(Operation::RollBack, old.clone()),
            Entry::RolledBack(new, old),
        ];
        assert_eq!(house.book.entries(), said);
    }
}

#[tokio::test]
async fn after_the_retirement_the_credential_is_made_valid_again() {
    for overlap in BOTH {
        let (house, old, _) = House::rotated(overlap).await;
        assert!(house.retire(&old, Patience::Forced).await.is_ok());
        assert!(!house.logs_in(&old).await);
        assert_eq!(house.roll_back(&old).await, rolled_back(true));
        assert!(house.is_current(&old) && house.logs_in(&old).await);
    }
}

#[tokio::test]
async fn it_works_when_the_new_credential_does_not() {
    let (house, old, new) = House::rotated(Overlap::AlternatingUsers).await;
    house.server.spoil(&house.value(&new)).await;
    assert_eq!(house.roll_back(&old).await, rolled_back(false));
    assert!(house.is_current(&old) && house.logs_in(&old).await);
}

#[tokio::test]
async fn what_is_rolled_back_is_retired_by_its_own_deadline_and_a_rotation_goes_on() {
    for overlap in BOTH {
        let (house, old, new) = House::rotated(overlap).await;
        assert_eq!(
            house.roll_back(&old).await,
            rolled_back(!overlap.both_work())
        );
        house.book.arm(&new, house.store.now());
        let retired = house.retire(&new, Patience::Wait).await;
        assert!(retired.is_ok_and(|ended| ended.is_final()));
        assert!(!house.logs_in(&new).await && house.logs_in(&old).await);
        assert!(!house.book.is_armed(&new));
        let next = house.rotate(2).await;
        assert!(house.logs_in(&next).await);
    }
}

#[tokio::test]
async fn a_repeated_call_says_it_again_and_changes_nothing() {
    let (house, old, _) = House::rotated(Overlap::AlternatingUsers).await;
    let order = house.order(&old);
    for expected in [
        rolled_back(false),
        Ok(Ended::RollBack(RollBackOutcome::AlreadyDone)),
    ] {
        let task = rekey_rotation::testing::aftermath::Task::RollBack;
        assert_eq!(house.process(order.clone()).perform(task).await, expected);
    }
    let said = house.book.entries();
    let last = said.last().cloned();
    assert_eq!(last, Some(Entry::RolledBack(order.from, old)));
    assert_eq!(said.len(), 3);
}

#[tokio::test]
async fn while_a_rotation_is_open_it_is_refused() {
    for overlap in BOTH {
        let (house, old, _) = House::rotated(overlap).await;
        let token = house.begin(2).await;
        for step in Step::ALL {
            assert_eq!(
                house.roll_back(&old).await,
                refused(Objection::RotationOpen)
            );
            house.step(step, &token).await;
        }
        assert!(house.logs_in(&token).await);
    }
}

#[tokio::test]
async fn a_version_that_is_not_current_is_not_rolled_back() {
    let (house, old, new) = House::rotated(Overlap::SingleUser).await;
    let order = house.order(&old);
    house.rotate(2).await;
    let task = rekey_rotation::testing::aftermath::Task::RollBack;
    let answer = house.process(order).perform(task).await;
    assert_eq!(answer, refused(Objection::NotCurrent));
    assert_eq!(Objection::NotCurrent.class(), ErrorClass::InvalidRequest);
    assert_eq!(house.holder(&StagingLabel::Previous), Some(new));
}

#[tokio::test]
async fn nothing_changes_when_the_intent_is_not_taken() {
    for overlap in BOTH {
        let (house, old, new) = House::rotated(overlap).await;
        house.book.refuse(true);
        let refused = house.roll_back(&old).await;
        assert_eq!(
            refused.map_err(|e| e.class()),
            Err(ErrorClass::AuditUnavailable)
        );
        assert!(house.is_current(&new) && house.logs_in(&new).await);
        assert_eq!(house.logs_in(&old).await, overlap.both_work());
    }
}

#[tokio::test]
async fn a_rotation_is_not_tried_again_forwards_after_it_was_rolled_back() {
    for drops_pending in [false, true] {
        let (house, old, new) = {
            let house = House::build(Overlap::AlternatingUsers).await;
            house.store.drop_pending_when_promoted(drops_pending);
            let old = house.holder(&StagingLabel::Current).expect("a first value");
            let new = house.rotate(1).await;
            (house, old, new)
        };
        let stayed = house.holder(&StagingLabel::Pending) == Some(new);
        assert_eq!(stayed, !drops_pending);
        assert_eq!(house.roll_back(&old).await, rolled_back(false));
        assert_eq!(house.holder(&StagingLabel::Pending), None);
        let next = house.rotate(2).await;
        assert!(house.logs_in(&next).await);
    }
}

#[tokio::test]
async fn what_is_no_credential_at_all_is_rolled_back_too() {
    for overlap in BOTH {
        let (house, _, new) = House::rotated(overlap).await;
        let elsewhere = house.value(&new).expose().replace("toy.test", "moved.test");
        for nonsense in ["to be filled in", &elsewhere] {
            let put = house.store.put_secret_value(SECRET, None, nonsense, &[]);
            assert!(put.await.is_ok());
            assert!(!house.is_current(&new));
            assert_eq!(house.roll_back(&new).await, rolled_back(false));
            assert!(house.is_current(&new) && house.logs_in(&new).await);
        }
    }
}

#[tokio::test]
async fn with_two_users_none_that_works_is_cut_off() {
    let (house, first, second) = House::rotated(Overlap::AlternatingUsers).await;
    let third = house.rotate(2).await;
    // The user of the first version is the current one's now.
    assert_eq!(
        house.roll_back(&first).await,
        refused(Objection::CurrentUser)
    );
    let fourth = house.rotate(3).await;
    // And now that of AWSPREVIOUS, which is in its grace.
    assert_eq!(
        house.roll_back(&first).await,
        refused(Objection::PreviousUser)
    );
    assert_eq!(Objection::PreviousUser.class(), ErrorClass::StillInUse);
    assert_eq!(
        house.roll_back(&second).await,
        refused(Objection::CurrentUser)
    );
    assert!(house.logs_in(&third).await && house.logs_in(&fourth).await);
    // When that one is retired, nobody is in the way any more.
    assert!(house.retire(&third, Patience::Forced).await.is_ok());
    assert_eq!(house.roll_back(&first).await, rolled_back(true));
    assert!(house.logs_in(&first).await && house.logs_in(&fourth).await);
}

#[tokio::test]
async fn with_one_user_any_earlier_password_comes_back_and_is_labelled_before_it_works() {
    let (house, first, _) = House::rotated(Overlap::SingleUser).await;
    house.rotate(2).await;
    let process = house.process(house.order(&first));
    let task = rekey_rotation::testing::aftermath::Task::RollBack;
    assert_eq!(process.perform(task).await, rolled_back(true));
    assert!(house.is_current(&first) && house.logs_in(&first).await);
    let calls = process.trace.calls();
    let at = |name: &str| calls.iter().position(|call| call == name);
    let labelled = at("UpdateSecretVersionStage AWSPREVIOUS");
    assert!(labelled.is_some() && labelled < at("restore"), "{calls:?}");
}

#[tokio::test]
async fn a_version_in_its_grace_is_not_rolled_over_where_there_is_no_room_for_it() {
    assert_eq!(Objection::BetweenInGrace.class(), ErrorClass::StillInUse);
    for overlap in [
        Overlap::TwoPasswords,
        Overlap::DualPublish,
        Overlap::PreviousInside,
    ] {
        let (house, first, _) = House::rotated(overlap).await;
        let third = house.rotate(2).await;
        let fourth = house.rotate(3).await;
        assert_eq!(house.holder(&StagingLabel::Previous), Some(third.clone()));
        let between = house.roll_back(&first).await;
        assert_eq!(between, refused(Objection::BetweenInGrace));
        assert!(house.is_current(&fourth));
        assert!(house.logs_in(&third).await && house.logs_in(&fourth).await);
        assert!(!house.logs_in(&first).await && house.book.entries().is_empty());
        // When it is retired there is room.
        assert!(house.retire(&third, Patience::Forced).await.is_ok());
        assert_eq!(house.roll_back(&first).await, rolled_back(true));
        assert!(house.is_current(&first) && house.logs_in(&first).await);
    }
    // The one before the current is between nothing.
    let (house, _, second) = House::rotated(Overlap::TwoPasswords).await;
    house.rotate(2).await;
    assert_eq!(house.roll_back(&second).await, rolled_back(false));
    // One user needs no room: the password between is dead already.
    let (house, first, second) = House::rotated(Overlap::SingleUser).await;
    house.rotate(2).await;
    assert_eq!(house.holder(&StagingLabel::Previous), Some(second));
    assert_eq!(house.roll_back(&first).await, rolled_back(true));
    assert!(house.is_current(&first));
}

#[tokio::test]
async fn a_version_without_a_value_or_with_the_same_credential_is_refused() {
    let (house, _, new) = House::rotated(Overlap::SingleUser).await;
    let stranger = VersionId::parse(&"x".repeat(40)).expect("a token");
    assert_eq!(
        house.roll_back(&stranger).await,
        refused(Objection::ValueGone)
    );
    assert_eq!(house.roll_back(&new).await, refused(Objection::SameVersion));
    // The same value is put once more, as another version.
    let value = house.value(&new);
    let put = house
        .store
        .put_secret_value(SECRET, None, value.expose(), &[]);
    assert!(put.await.is_ok());
    let same = house.roll_back(&new).await;
    assert_eq!(same, refused(Objection::SameCredential));
}

#[tokio::test]
async fn a_value_that_was_put_by_hand_is_rolled_back_though_the_label_of_the_last_rotation_is_left()
{
    let (house, old, new) = House::rotated(Overlap::AlternatingUsers).await;
    let wrong = house.value(&old).expose().replace("first", "wrong");
    let put = house.store.put_secret_value(SECRET, None, &wrong, &[]);
    assert!(put.await.is_ok());
    assert_eq!(house.holder(&StagingLabel::Pending), Some(new.clone()));
    assert_eq!(house.roll_back(&new).await, rolled_back(false));
    assert!(house.is_current(&new) && house.logs_in(&new).await);
    let next = house.rotate(2).await;
    assert!(house.logs_in(&next).await);
}

#[tokio::test]
async fn a_current_credential_that_died_after_the_label_moved_is_restored_by_the_repetition() {
    let (house, old, _) = House::rotated(Overlap::AlternatingUsers).await;
    let order = house.order(&old);
    let task = rekey_rotation::testing::aftermath::Task::RollBack;
    let first = house.process(order.clone()).perform(task).await;
    assert_eq!(first, rolled_back(false));
    house.server.spoil(&house.value(&old)).await;
    let second = house.process(order).perform(task).await;
    assert_eq!(second, rolled_back(true));
    assert!(house.is_current(&old) && house.logs_in(&old).await);
}
