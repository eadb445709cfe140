//! How long keys are kept, and how soon the next one may sign.

use getrandom::SysRng;
use rekey_rotation::{Occasion, Revoker as _, Rotator as _, SecretValue};

use crate::issuer::{
    NOW, changed, failure, json, kid, retire, rotate, rotator, set, unborn, without,
};
use crate::memory::{Memory, kids};

const PLACE: &str = "s3://keys/jwks.json";

/// Tokens of an hour, clocks a minute apart, key sets cached for five minutes: 3960 s.
fn hourly() -> SecretValue {
    let unborn = changed(
        &unborn("EdDSA", PLACE),
        "token_lifetime_seconds",
        3600.into(),
    );
    let unborn = changed(&unborn, "skew_seconds", 60.into());
    changed(&unborn, "cache_seconds", 300.into())
}

const KEPT: i64 = 3600 + 60 + 300;

#[tokio::test]
async fn an_old_key_is_kept_for_lifetime_skew_and_cache_from_the_switch() {
    let jwks = Memory::default();
    let unborn = hourly();
    let first = rotate(&jwks, &unborn, NOW).await;
    let second = rotate(&jwks, &first, NOW + 10_000).await;
    let kept = |old, current, switched_at| {
        rotator(&jwks)
            .kept_until(old, current, switched_at)
            .unwrap()
    };
    let switched_at = NOW + 10_007;
    assert_eq!(
        kept(&first, &second, Some(switched_at)),
        Some(switched_at + KEPT)
    );
    // A date that Secrets Manager has not moved yet is that of the rotation before.
    assert_eq!(kept(&first, &second, Some(NOW)), Some(NOW + 10_000 + KEPT));
    assert_eq!(kept(&first, &second, None), Some(NOW + 10_000 + KEPT));
    assert_eq!(kept(&unborn, &first, Some(NOW)), None, "it has no key");
    // Tokens that were signed with a longer lifetime are good for it.
    let longer = changed(&first, "token_lifetime_seconds", 86_400.into());
    assert_eq!(
        kept(&longer, &second, Some(switched_at)),
        Some(switched_at + 86_400 + 360)
    );
}

#[tokio::test]
async fn without_their_fields_the_clocks_differ_by_a_minute_and_caches_keep_five() {
    let jwks = Memory::default();
    let secret = without(&without(&hourly(), "skew_seconds"), "cache_seconds");
    let first = rotate(&jwks, &secret, NOW).await;
    let second = rotate(&jwks, &first, NOW + 300).await;
    let kept = rotator(&jwks).kept_until(&first, &second, Some(NOW + 300));
    assert_eq!(kept, Ok(Some(NOW + 300 + KEPT)));
    assert_eq!(jwks.max_age(PLACE), 300);
}

#[tokio::test]
async fn the_next_key_does_not_sign_before_every_cache_may_have_it() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &hourly(), NOW).await;
    let at = |now| {
        let occasion = Occasion {
            now,
            ..Occasion::default()
        };
        rotator(&jwks).next(&first, occasion, &mut SysRng)
    };
    let (class, text) = failure(at(NOW + 299));
    assert_eq!(class, "throttled");
    assert!(text.contains("again in 1 s"), "{text}");
    assert!(at(NOW + 300).is_ok());
}

#[tokio::test]
async fn a_second_rotation_within_the_lifetime_of_tokens_keeps_the_key_before_the_last() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &hourly(), NOW).await;
    let second = rotate(&jwks, &first, NOW + 10_000).await;
    let third = rotate(&jwks, &second, NOW + 10_300).await;
    let names = || kids(&jwks.text(PLACE).unwrap());
    let oldest = kid(&first, "current");
    assert!(names().contains(&oldest));
    assert_eq!(json(&third)["earlier"][0]["until"], NOW + 10_000 + KEPT);
    assert!(json(&third)["earlier"][0]["key"].get("d").is_none());

    // It is retired by its own deadline, or goes with the first rotation after its time.
    let fourth = rotate(&jwks, &third, NOW + 10_000 + KEPT).await;
    assert!(!names().contains(&oldest));
    assert!(
        names().contains(&kid(&second, "current")),
        "its time is not over"
    );
    assert_eq!(json(&fourth)["earlier"].as_array().unwrap().len(), 1);
    assert_eq!(names().len(), 4);
    let fifth = rotate(&jwks, &fourth, NOW + 100_000).await;
    assert!(json(&fifth).get("earlier").is_none());
    assert_eq!(names().len(), 3);
}

/// A retirement that counted from the newest switch would be put off by each rotation.
#[tokio::test]
async fn a_key_before_the_last_is_kept_until_its_own_time_however_often_is_rotated() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &hourly(), NOW).await;
    let second = rotate(&jwks, &first, NOW + 10_000).await;
    let third = rotate(&jwks, &second, NOW + 12_000).await;
    let kept = |old, current, switched_at| {
        rotator(&jwks)
            .kept_until(old, current, Some(switched_at))
            .unwrap()
    };
    let until = Some(NOW + 10_000 + KEPT);
    assert_eq!(kept(&first, &third, NOW + 12_000), until);
    let fourth = rotate(&jwks, &third, NOW + 13_000).await;
    assert_eq!(kept(&first, &fourth, NOW + 13_000), until);
    let fifth = rotate(&jwks, &fourth, NOW + 14_000).await;
    assert_eq!(kept(&first, &fifth, NOW + 14_000), None, "it was let go");

    // A version that was rolled back from has signed until the rollback.
    let rolled_back = NOW + 14_500;
    let kept = kept(&fifth, &third, rolled_back);
    assert_eq!(kept, Some(rolled_back + KEPT));
}

#[tokio::test]
async fn a_key_that_was_taken_out_by_force_does_not_come_back_with_the_next_rotation() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &hourly(), NOW).await;
    let second = rotate(&jwks, &first, NOW + 10_000).await;
    retire(&jwks, &first, &second).await.unwrap();
    let third = rotate(&jwks, &second, NOW + 10_300).await;
    assert!(!kids(&jwks.text(PLACE).unwrap()).contains(&kid(&first, "current")));
    assert_eq!(json(&third)["earlier"].as_array().unwrap().len(), 1);
}

/// A step failed for a day, and the value was put in use long after it was made.
#[tokio::test]
async fn a_rotation_that_was_stuck_counts_from_its_switch_and_not_from_the_making_of_its_keys() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &hourly(), NOW).await;
    let second = rotate(&jwks, &first, NOW + 10_000).await;
    let switched_at = NOW + 96_400;
    let at = |now| {
        let occasion = Occasion {
            now,
            switched_at: Some(switched_at),
            ..Occasion::default()
        };
        rotator(&jwks).next(&second, occasion, &mut SysRng)
    };
    // Its next key may have been published a moment before the switch, by clocks that are not quite one.
    for now in [switched_at - 2, switched_at, switched_at + 299] {
        let (class, text) = failure(at(now));
        assert_eq!(class, "throttled");
        let rest = switched_at + 300 - now;
        assert!(text.contains(&format!("again in {rest} s")), "{text}");
    }
    let third = at(switched_at + 300).unwrap();
    set(&jwks, &second, &third).await.unwrap();
    assert_eq!(json(&third)["earlier"][0]["until"], switched_at + KEPT);
    let names = kids(&jwks.text(PLACE).unwrap());
    assert!(
        names.contains(&kid(&first, "current")),
        "its last token is good"
    );
}

#[tokio::test]
async fn a_value_that_does_not_say_when_it_was_made_goes_by_the_last_switch() {
    let jwks = Memory::default();
    let first = rotate(&jwks, &hourly(), NOW).await;
    let second = without(&rotate(&jwks, &first, NOW + 10_000).await, "made_at");
    let occasion = |now| Occasion {
        now,
        switched_at: Some(NOW + 10_000),
        ..Occasion::default()
    };
    let next = |now| rotator(&jwks).next(&second, occasion(now), &mut SysRng);
    assert_eq!(failure(next(NOW + 10_299)).0, "throttled");
    let third = next(NOW + 10_300).unwrap();
    assert_eq!(json(&third)["earlier"][0]["until"], NOW + 10_000 + KEPT);
}
