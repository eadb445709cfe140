//! The conformance suite, as far as it is about a ring.

use rekey_rotation::testing::conformance::{self, Extent};
use rekey_rotation::testing::{Bug, SecretsManager, Target as _, World as _, crash};

use crate::page;
use crate::trail::{Ring, Trails, key};

/// Nothing of a ring is ever retired.
#[test]
fn the_keys_of_the_audit_trail_conform() {
    let extent = Extent {
        schedules: 1..201,
        ..Extent::EVERYTHING
    };
    page::every_one_conforms("audit keys", [Trails], async |trails| {
        conformance::run(&trails, &extent).await
    });
}

/// Where nothing is set, nothing can be set too early: that bug is none here.
#[tokio::test]
async fn a_bug_that_takes_a_target_is_none_here() {
    let text = crash::must_catch(Bug::SetBeforePut, &Trails).await;
    assert!(text.is_err(), "{text:?}");
}

#[tokio::test]
async fn the_eyes_of_the_suite_tell_a_ring_that_lost_or_changed_a_key() {
    let trail = Trails.fresh(&SecretsManager::new(0)).await;
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
