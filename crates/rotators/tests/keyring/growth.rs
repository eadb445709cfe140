//! What a rotation adds, and that it takes nothing away.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, proptest};
use proptest::sample::Index;
use proptest::{prop_assert, prop_assert_eq};
use rekey_rotation::testing::TestRandomness;
use rekey_rotation::{ErrorClass, Occasion, Overlap, Rotator as _, SecretValue, TargetError};
use rekey_rotators::keyring::AuditKeys;

use crate::trail::{Ring, key, lock, next, value};

fn by_hand(future: impl Future<Output = Result<(), TargetError>>) -> Result<(), TargetError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

/// Rings that people may have made: any text that is long enough, numbers from anywhere, any key in use.
fn rings() -> impl Strategy<Value = Ring> {
    let texts = vec("[\\PC\"\\\\\n]{32,70}", 1..12);
    (texts, 1_u32..5_000, any::<Index>()).prop_map(|(texts, first, current)| {
        let keys: Vec<&str> = texts.iter().map(String::as_str).collect();
        let current = first + u32::try_from(current.index(keys.len())).unwrap();
        Ring {
            current,
            ..Ring::of(first, &keys)
        }
    })
}

proptest! {
    #[test]
    fn any_number_of_rotations_of_any_ring_keeps_every_earlier_key(
        ring in rings(), rotations in 1_usize..25, seed in any::<u64>(),
    ) {
        let mut randomness = TestRandomness::seeded(seed);
        let mut rings = vec![ring];
        for _ in 0..rotations {
            let last = &rings[rings.len() - 1];
            let current = last.value();
            let pending = AuditKeys.next(&current, Occasion::default(), &mut randomness).unwrap();
            prop_assert_eq!(by_hand(lock(&current, &pending)), Ok(()));
            prop_assert_eq!(by_hand(AuditKeys.test(&pending)), Ok(()));
            let ring = Ring::read(&pending);
            let newest = last.keys.keys().last().unwrap() + 1;
            prop_assert_eq!(ring.current, newest);
            prop_assert_eq!(ring.keys.len(), last.keys.len() + 1);
            let made = &ring.keys[&newest];
            prop_assert_eq!(made.len(), 64);
            prop_assert!(made.chars().all(|c| c.is_ascii_alphanumeric()), "another character");
            prop_assert!(!last.keys.values().any(|old| old == made), "made before");
            rings.push(ring);
        }
        let last = &rings[rings.len() - 1];
        prop_assert!(rings.iter().all(|earlier| last.verifies(earlier)), "a key is lost");
    }
}

#[test]
fn the_value_that_cloudformation_makes_is_rotated() {
    let made = value(&format!(r#"{{"current":"1","1":"{}"}}"#, key(1)));
    let ring = Ring::read(&next(&made).unwrap());
    assert!(ring.verifies(&Ring::read(&made)));
    assert_eq!(ring.current, 2);
    assert_eq!(AuditKeys.overlap(&made), Ok(Overlap::Keyring));
    assert_eq!(AuditKeys.superuser(&made), Ok(None));
    assert_eq!(AuditKeys.kind(), "audit-key");
}

#[test]
fn old_and_new_work_side_by_side() {
    assert!(Overlap::Keyring.both_work());
    assert_eq!(Overlap::Keyring.as_str(), "keyring");
}

#[test]
fn every_letter_and_digit_comes_and_each_type_is_in_every_key() {
    let mut seen = std::collections::BTreeSet::new();
    let current = Ring::of(1, &[&key(1)]).value();
    for _ in 0..200 {
        let made = Ring::read(&next(&current).unwrap()).keys[&2].clone();
        assert!(made.chars().any(|c| c.is_ascii_lowercase()));
        assert!(made.chars().any(|c| c.is_ascii_uppercase()));
        assert!(made.chars().any(|c| c.is_ascii_digit()));
        seen.extend(made.chars());
    }
    assert_eq!(seen.len(), 62);
}

/// The largest ring of such keys that a version holds.
fn largest() -> SecretValue {
    let keys: Vec<String> = (1..=890).map(key).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut current = Ring::of(1, &keys).value();
    while let Ok(pending) = next(&current) {
        current = pending;
    }
    current
}

#[test]
fn a_ring_that_is_full_is_refused_with_what_to_do_and_loses_no_key() {
    let full = largest();
    let bytes = full.expose().len();
    assert!(
        (SecretValue::MAX_BYTES - 80..=SecretValue::MAX_BYTES).contains(&bytes),
        "{bytes}"
    );
    let keys = Ring::read(&full).keys;
    println!("{} keys in {bytes} bytes", keys.len());
    assert_eq!(keys.len(), 899);
    let refused = next(&full).unwrap_err();
    assert_eq!(refused.class(), ErrorClass::InvalidRequest);
    for part in [
        "65536",
        "none is ever dropped",
        "rotate less often",
        "by hand",
    ] {
        assert!(refused.to_string().contains(part), "{refused}");
    }
    assert!(!refused.to_string().contains(&keys[&1]));
    let probed = by_hand(AuditKeys.probe(&full, None)).unwrap_err();
    assert_eq!(probed, refused, "known before the rotation");
}

#[test]
fn the_oldest_keys_can_be_taken_out_by_hand_and_rotations_go_on() {
    let mut ring = Ring::read(&largest());
    ring.keys.retain(|number, _| *number > 100);
    let after = Ring::read(&next(&ring.value()).unwrap());
    assert!(after.verifies(&ring));
    assert_eq!(after.keys.keys().next(), Some(&101));
}

#[test]
fn a_number_that_can_be_counted_no_further_is_refused() {
    let last = Ring::of(u32::MAX, &[&key(1)]);
    assert!(next(&last.value()).is_err());
}

#[test]
fn randomness_that_fails_makes_no_key() {
    struct Broken;
    impl rand_core::TryRng for Broken {
        type Error = std::io::Error;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Err(std::io::ErrorKind::Other.into())
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Err(std::io::ErrorKind::Other.into())
        }
        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
            Err(std::io::ErrorKind::Other.into())
        }
    }
    impl rand_core::TryCryptoRng for Broken {}
    let current = Ring::of(1, &[&key(1)]).value();
    let refused = AuditKeys
        .next(&current, Occasion::default(), &mut Broken)
        .unwrap_err();
    assert_eq!(refused.class(), ErrorClass::Internal);
}
