//! What `setSecret` and `testSecret` let through.

use rekey_rotation::Rotator as _;
use rekey_rotators::keyring::AuditKeys;

use crate::trail::{Ring, key, lock, next, refusal};

fn current() -> Ring {
    Ring::of(1, &[&key(1), &key(2), &key(3)])
}

fn pending() -> Ring {
    Ring::of(1, &[&key(1), &key(2), &key(3), &key(4)])
}

#[tokio::test]
async fn every_key_as_it_was_and_one_more_in_use_is_taken() {
    assert_eq!(lock(&current().value(), &pending().value()).await, Ok(()));
    let made = next(&current().value()).unwrap();
    assert_eq!(lock(&current().value(), &made).await, Ok(()));
    assert_eq!(AuditKeys.test(&made).await, Ok(()));
}

#[tokio::test]
async fn a_pending_ring_with_a_key_changed_lost_or_too_many_is_refused_and_nothing_is_quoted() {
    let changed = |number: u32| {
        let mut ring = pending();
        // One bit of one character.
        let last = ring.keys.get_mut(&number).unwrap();
        let end = if last.pop() == Some('0') { '1' } else { '0' };
        last.push(end);
        ring
    };
    let longer = {
        let mut ring = pending();
        ring.keys.get_mut(&2).unwrap().push('0');
        ring
    };
    for bad in [
        changed(1),
        changed(2),
        changed(3),
        longer,
        current(),
        Ring::of(1, &[&key(1), &key(2)]),
        Ring::of(2, &[&key(2), &key(3), &key(4)]),
        Ring::of(1, &[&key(1), &key(2), &key(3), &key(4), &key(5)]),
        Ring::of(1, &[&key(5), &key(6), &key(7), &key(8)]),
    ] {
        let text = refusal(lock(&current().value(), &bad.value()).await);
        assert!(text.contains("rotate again"), "{text}");
        for key in bad.keys.values() {
            assert!(!text.contains(key), "{text}");
        }
    }
}

#[tokio::test]
async fn a_pending_ring_whose_newest_key_is_not_in_use_is_refused_by_set_and_test() {
    let bad = Ring {
        current: 3,
        ..pending()
    };
    let text = refusal(lock(&current().value(), &bad.value()).await);
    assert!(text.contains("not its newest"), "{text}");
    assert_eq!(refusal(AuditKeys.test(&bad.value()).await), text);
}

#[tokio::test]
async fn a_current_key_that_is_not_the_newest_is_followed_by_a_new_number() {
    let rolled_back = Ring {
        current: 1,
        ..current()
    };
    let made = next(&rolled_back.value()).unwrap();
    assert_eq!(lock(&rolled_back.value(), &made).await, Ok(()));
    let made = Ring::read(&made);
    assert_eq!(made.current, 4);
    assert!(made.verifies(&current()));
}
