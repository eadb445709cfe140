use std::time::{Duration, Instant};

use rekey_rotation::Rotator as _;
use rekey_rotators::mysql::Bounds;
use tokio::time::sleep;

use crate::case::{Case, bounds, failure, rotator};

#[tokio::test]
async fn one_rotation_of_a_user_at_a_time_and_the_other_is_told_to_wait() {
    for case in [Case::single().await, Case::alternating().await] {
        let pending = case.next();
        let hold = case.lock(&pending).await.unwrap();
        let (class, text) = failure(case.lock(&pending).await);
        assert_eq!(class, "throttled", "{text}");

        // Somebody else's user is not in the way.
        let other = Case::single().await;
        other.set(&other.next()).await.unwrap();

        drop(hold);
        case.set(&pending).await.unwrap();
        case.rotator().test(&pending).await.unwrap();
    }
}

#[tokio::test]
async fn a_lock_that_is_dropped_has_changed_nothing() {
    let case = Case::alternating().await;
    let before = case.kept().await;
    drop(case.lock(&case.next()).await.unwrap());
    assert_eq!(case.kept().await, before);
}

#[tokio::test]
async fn the_server_takes_the_lock_back_from_a_function_that_is_frozen() {
    for case in [Case::single().await, Case::alternating().await] {
        let forgetful = rotator(
            &case.server.ca,
            Bounds {
                idle: Duration::from_secs(1),
                lock: Duration::from_secs(5),
                ..bounds()
            },
        );
        let (pending, superuser) = (case.next(), case.superuser_secret());
        let credentials = case.credentials(&pending, &superuser);
        let frozen = forgetful.lock(credentials).await.unwrap();
        // Waits until the server ends the first session, and not for its five seconds.
        let start = Instant::now();
        let hold = forgetful.lock(credentials).await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(4));
        forgetful.set(hold, credentials).await.unwrap();

        // The first one wakes up later and does no harm.
        let after = case.kept().await;
        let (class, text) = failure(forgetful.set(frozen, credentials).await);
        assert_eq!(class, "target_unreachable", "{text}");
        assert_eq!(case.kept().await, after);
        assert!(case.logs_in(&pending).await);
    }
}

#[tokio::test]
async fn a_lock_is_held_for_as_long_as_its_session_says_something() {
    let case = Case::alternating().await;
    let hold = case.lock(&case.next()).await.unwrap();
    let holder = format!("SELECT IS_USED_LOCK('rekey:{}')", case.app);
    assert_ne!(case.root.texts(&holder).await, ["NULL"]);
    drop(hold);
    for _ in 0..500 {
        if case.root.texts(&holder).await == ["NULL"] {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("the lock outlived its session");
}
