use rekey_rotation::testing::aftermath::{Ended, Entry, Order, Task};
use rekey_rotation::testing::{RevocableTarget, Target, Verbs};
use rekey_rotation::{
    AftermathError, Cause, ErrorClass, Objection, Operation, Overlap, Patience, RetireOutcome,
    StagingLabel, Step, VoidReason,
};

use crate::house::{House, SECRET};

const BOTH: [Overlap; 2] = [Overlap::AlternatingUsers, Overlap::SingleUser];

fn held(causes: &[Cause]) -> Result<Ended, AftermathError> {
    Ok(Ended::Retire(RetireOutcome::Held(causes.to_vec())))
}

fn retired(sessions_ended: u32, label_removed: bool) -> Result<Ended, AftermathError> {
    Ok(Ended::Retire(RetireOutcome::Retired {
        sessions_ended,
        label_removed,
    }))
}

fn void(why: VoidReason) -> Result<Ended, AftermathError> {
    Ok(Ended::Retire(RetireOutcome::Void(why)))
}

fn health() -> Cause {
    Cause::HealthCheck {
        what: "https://app.test/health".to_owned(),
    }
}

fn consumers() -> Cause {
    Cause::Consumers {
        services: vec!["billing".to_owned()],
    }
}

#[tokio::test]
async fn the_old_user_is_dead_its_sessions_are_ended_and_the_current_one_is_left_alone() {
    let (house, old, new) = House::rotated(Overlap::AlternatingUsers).await;
    let olds = house.server.open_session(&house.value(&old)).await;
    let news = house.server.open_session(&house.value(&new)).await;
    assert_eq!(house.retire(&old, Patience::Forced).await, retired(1, true));
    assert!(!house.logs_in(&old).await && !house.server.is_open(&olds).await);
    assert!(house.logs_in(&new).await && house.server.is_open(&news).await);
    assert_eq!(house.holder(&StagingLabel::Previous), None);
    assert!(!house.book.is_armed(&old));
}

#[tokio::test]
async fn with_one_user_the_dead_password_is_proved_and_no_session_is_touched() {
    let (house, old, new) = House::rotated(Overlap::SingleUser).await;
    let session = house.server.open_session(&house.value(&new)).await;
    let process = house.process(house.order(&old));
    assert_eq!(process.perform(Task::Retire).await, retired(0, true));
    let calls = process.trace.calls();
    assert!(calls.contains(&"login".to_owned()));
    assert!(!calls.contains(&"revoke".to_owned()) && !calls.contains(&"sessions".to_owned()));
    assert!(house.server.is_open(&session).await && house.logs_in(&new).await);
    assert_eq!(house.holder(&StagingLabel::Previous), None);
}

#[tokio::test]
async fn it_waits_for_health_consumers_and_sessions_and_changes_nothing_meanwhile() {
    let (house, old, _) = House::rotated(Overlap::AlternatingUsers).await;
    let session = house.server.open_session(&house.value(&old)).await;
    for causes in [
        vec![health()],
        vec![consumers()],
        vec![health(), consumers()],
    ] {
        house.objectors.are(causes.clone());
        assert_eq!(house.retire(&old, Patience::Wait).await, held(&causes));
    }
    house.objectors.are(Vec::new());
    let open = [Cause::Sessions { count: 1 }];
    assert_eq!(house.retire(&old, Patience::Wait).await, held(&open));
    assert!(house.logs_in(&old).await && house.server.is_open(&session).await);
    assert_eq!(house.holder(&StagingLabel::Previous), Some(old.clone()));
    assert!(house.book.is_armed(&old));
    let entries = house.book.entries();
    assert_eq!(entries.len(), 4);
    assert!(entries.iter().all(|entry| matches!(entry, Entry::Held(..))));
}

#[tokio::test]
async fn at_the_bound_it_goes_over_consumers_and_sessions_says_so_and_still_waits_for_health() {
    let (house, old, _) = House::rotated(Overlap::AlternatingUsers).await;
    let _session = house.server.open_session(&house.value(&old)).await;
    house.objectors.are(vec![health(), consumers()]);
    let bound = house.retire(&old, Patience::BoundReached).await;
    assert_eq!(bound, held(&[health()]));
    assert!(house.logs_in(&old).await);
    house.objectors.are(vec![consumers()]);
    let bound = house.retire(&old, Patience::BoundReached).await;
    assert_eq!(bound, retired(1, true));
    let said = Entry::Retired {
        version: old,
        sessions_ended: 1,
        forced: true,
        waited_for: vec![consumers(), Cause::Sessions { count: 1 }],
    };
    assert_eq!(house.book.entries().last(), Some(&said));
}

#[tokio::test]
async fn what_the_old_credential_has_made_is_waited_for_from_the_switch_on_and_also_at_the_bound() {
    let (house, old, _) = House::rotated(Overlap::AlternatingUsers).await;
    house.server.keep_for(3_600);
    let until = house.store.now() + 3_600;
    let kept = [Cause::KeptUntil { until }];
    for patience in [Patience::Wait, Patience::BoundReached] {
        assert_eq!(house.retire(&old, patience).await, held(&kept));
    }
    house.store.pass(3_599);
    assert_eq!(house.retire(&old, Patience::Wait).await, held(&kept));
    house.store.pass(1);
    assert_eq!(house.retire(&old, Patience::Wait).await, retired(0, true));
}

#[tokio::test]
async fn a_rollback_is_a_switch_too_though_secrets_manager_calls_only_rotations_so() {
    let (house, old, new) = House::rotated(Overlap::AlternatingUsers).await;
    house.server.keep_for(3_600);
    let rotated_at = house.store.now();
    house.store.pass(1_000);
    let back_at = house.store.now();
    assert!(house.roll_back(&old).await.is_ok());
    house.store.pass(10);
    let until = |at| [Cause::KeptUntil { until: at + 3_600 }];
    let retiring = house.retire(&new, Patience::Wait).await;
    assert_eq!(retiring, held(&until(back_at)));
    // A value put by hand, of which nothing is recorded: the record is of another switch.
    let value = house.value(&new);
    let put = house
        .store
        .put_secret_value(SECRET, None, value.expose(), &[]);
    assert!(put.await.is_ok());
    let retiring = house.retire(&old, Patience::Wait).await;
    assert_eq!(retiring, held(&until(rotated_at)));
}

#[tokio::test]
async fn force_asks_nobody() {
    let (house, old, _) = House::rotated(Overlap::AlternatingUsers).await;
    house.objectors.are(vec![health(), consumers()]);
    let order = Order {
        patience: Patience::Forced,
        ..house.order(&old)
    };
    let process = house.process(order);
    assert_eq!(process.perform(Task::Retire).await, retired(0, true));
    let calls = process.trace.calls();
    assert!(!calls.contains(&"ask dependants".to_owned()));
    assert!(!calls.contains(&"sessions".to_owned()));
}

#[tokio::test]
async fn nothing_changes_when_the_intent_is_not_taken() {
    let (house, old, _) = House::rotated(Overlap::AlternatingUsers).await;
    house.book.refuse(true);
    let refused = house.retire(&old, Patience::Wait).await;
    assert_eq!(
        refused.map_err(|e| e.class()),
        Err(ErrorClass::AuditUnavailable)
    );
    assert!(house.logs_in(&old).await);
    assert_eq!(house.holder(&StagingLabel::Previous), Some(old.clone()));
    house.book.refuse(false);
    assert_eq!(house.retire(&old, Patience::Wait).await, retired(0, true));
    let intended = Entry::Intended(Operation::Retire, old);
    assert_eq!(house.book.entries().first(), Some(&intended));
}

#[tokio::test]
async fn a_version_that_is_current_is_still_in_use_and_its_deadline_is_closed() {
    for overlap in BOTH {
        let (house, _, new) = House::rotated(overlap).await;
        house.book.arm(&new, house.store.now());
        assert_eq!(
            house.retire(&new, Patience::Forced).await,
            void(VoidReason::Current)
        );
        assert_eq!(VoidReason::Current.class(), ErrorClass::StillInUse);
        assert!(house.logs_in(&new).await && !house.book.is_armed(&new));
    }
}

#[tokio::test]
async fn a_void_retirement_closes_no_deadline_that_was_armed_after_it_began() {
    let (house, _, new) = House::rotated(Overlap::SingleUser).await;
    house.book.arm(&new, house.store.now() + 1);
    assert_eq!(
        house.retire(&new, Patience::Forced).await,
        void(VoidReason::Current)
    );
    assert!(house.book.is_armed(&new));
}

#[tokio::test]
async fn a_credential_that_is_also_the_current_one_is_left_alone() {
    for overlap in BOTH {
        let house = House::build(overlap).await;
        house.store.drop_pending_when_promoted(true);
        let new = house.rotate(1).await;
        // Somebody puts the same credential once more, with another field.
        let value = house
            .value(&new)
            .expose()
            .replace("toy.test\"", "toy.test\",\"port\":1");
        let put = house
            .store
            .put_secret_value(SECRET, None, &value, &[])
            .await;
        assert!(put.is_ok());
        assert_eq!(
            house.retire(&new, Patience::Forced).await,
            void(VoidReason::SameCredential)
        );
        assert!(house.logs_in(&new).await);
        assert_eq!(house.holder(&StagingLabel::Previous), Some(new));
    }
}

#[tokio::test]
async fn a_version_whose_value_was_pruned_has_nothing_to_retire() {
    let (house, old, _) = House::rotated(Overlap::SingleUser).await;
    house.rotate(2).await;
    house.store.pass(90_000);
    for n in 3..=101 {
        house.rotate(n).await;
    }
    assert!(house.store.peek_version(&house.secret, &old).is_none());
    assert_eq!(
        house.retire(&old, Patience::Wait).await,
        void(VoidReason::ValueGone)
    );
    assert!(!house.book.is_armed(&old));
}

#[tokio::test]
async fn while_a_rotation_is_open_it_is_refused_and_after_it_goes_on() {
    for overlap in BOTH {
        let (house, old, _) = House::rotated(overlap).await;
        let token = house.begin(2).await;
        for step in Step::ALL {
            let refused = house.retire(&old, Patience::Forced).await;
            assert_eq!(refused, Err(Objection::RotationOpen.into()));
            house.step(step, &token).await;
        }
        assert_eq!(
            house.retire(&old, Patience::Forced).await,
            retired(0, false)
        );
        assert!(house.logs_in(&token).await);
    }
}

#[tokio::test]
async fn a_secret_that_another_service_manages_is_forbidden() {
    let (house, old, new) = House::rotated(Overlap::AlternatingUsers).await;
    house.store.hand_over(&house.secret, "rds");
    for version in [&old, &new] {
        for refused in [
            house.retire(version, Patience::Forced).await,
            house.roll_back(&old).await,
            house.clear(version).await,
        ] {
            assert_eq!(refused.map_err(|e| e.class()), Err(ErrorClass::Forbidden));
        }
    }
    assert!(house.logs_in(&old).await);
}

#[tokio::test]
async fn a_credential_that_the_target_still_lets_in_keeps_its_label_and_its_deadline() {
    let (house, old, _) = House::rotated(Overlap::SingleUser).await;
    let password = house.server.set_password(&house.value(&old));
    assert_eq!(password, Ok(()));
    let refused = house.retire(&old, Patience::Forced).await;
    assert_eq!(refused, Err(AftermathError::StillAccepted));
    assert_eq!(
        AftermathError::StillAccepted.class(),
        ErrorClass::StillInUse
    );
    assert_eq!(house.holder(&StagingLabel::Previous), Some(old.clone()));
    assert!(house.book.is_armed(&old));
}

#[tokio::test]
async fn the_old_credential_stays_when_the_current_one_does_not_log_in() {
    let (house, old, new) = House::rotated(Overlap::AlternatingUsers).await;
    house.server.spoil(&house.value(&new)).await;
    let refused = house.retire(&old, Patience::Forced).await;
    assert_eq!(
        refused.map_err(|e| e.class()),
        Err(ErrorClass::WrongPassword)
    );
    assert!(house.logs_in(&old).await);
    assert_eq!(house.holder(&StagingLabel::Previous), Some(old));
}

#[tokio::test]
async fn a_retired_user_comes_back_with_the_next_rotation() {
    let (house, old, new) = House::rotated(Overlap::AlternatingUsers).await;
    assert_eq!(house.retire(&old, Patience::Wait).await, retired(0, true));
    let newest = house.rotate(2).await;
    assert!(house.logs_in(&newest).await && house.logs_in(&new).await);
    // A message that was delivered late changes nothing.
    assert_eq!(
        house.retire(&old, Patience::Forced).await,
        retired(0, false)
    );
    assert!(house.logs_in(&newest).await && house.logs_in(&new).await);
    assert_eq!(house.book.closings(&old), 1);
    assert!(!house.server.logs_in(&house.value(&old)).await);
}

#[tokio::test]
async fn a_version_that_never_was_has_nothing_to_retire() {
    let (house, _, new) = House::rotated(Overlap::AlternatingUsers).await;
    let stranger = rekey_rotation::VersionId::parse(&"x".repeat(40)).expect("a token");
    assert_eq!(
        house.retire(&stranger, Patience::Forced).await,
        void(VoidReason::ValueGone)
    );
    assert!(house.logs_in(&new).await);
}
