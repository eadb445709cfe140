//! The crash suite: every cut, overtaking and repetition of a rotation.

use rekey_rotation::testing::{Bug, Target as _, World as _, crash};

use crate::trail::{Ring, Trails, key};

#[tokio::test]
async fn every_promise_holds_whatever_cuts_a_rotation() {
    let report = crash::run(&Trails).await.unwrap_or_else(|v| panic!("{v}"));
    println!("{report}");
    assert_eq!(report.cuts, 3 * report.calls.len());
}

#[tokio::test]
async fn every_promise_holds_in_random_schedules_of_many_processes() {
    let calls = crash::shuffled(&Trails, 1..201).await;
    let calls = calls.unwrap_or_else(|v| panic!("{v}"));
    println!("crash: audit keys: 200 random schedules, {calls} calls: all invariants held");
    assert!(calls > 1_000);
}

/// Where nothing is set, nothing can be set too early: that bug is none here.
#[tokio::test]
async fn every_planted_bug_is_caught_but_one_that_takes_a_target() {
    for bug in Bug::ALL {
        match crash::must_catch(bug, &Trails).await {
            Ok(violation) => {
                println!("{bug:?}: {violation}");
                assert_ne!(bug, Bug::SetBeforePut);
            }
            Err(text) => assert_eq!(bug, Bug::SetBeforePut, "{text}"),
        }
    }
}

#[tokio::test]
async fn the_eyes_of_the_suite_tell_a_ring_that_lost_or_changed_a_key() {
    let trail = Trails.fresh().await;
    let first = Ring::read(&trail.first());
    for bad in [
        Ring::of(2, &[&key(4)]),
        Ring::of(1, &[&key(4), &key(5)]),
        Ring {
            current: 2,
            ..first.clone()
        },
    ] {
        assert!(!trail.logs_in(&bad.value()).await, "{bad:?}");
    }
    assert!(trail.logs_in(&first.value()).await);
}
