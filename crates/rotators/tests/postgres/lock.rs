use std::time::Duration;

use rekey_rotation::Rotator;
use rekey_rotators::postgres::Bounds;

use crate::case::{Case, bounds, failure, rotator};
use crate::servers;

#[tokio::test]
async fn one_rotation_of_a_role_at_a_time_and_the_other_is_told_to_wait() {
    for server in servers::all() {
        for alternating in [false, true] {
            let mut case = Case::on(&server).await;
            if alternating {
                case = case.alternating();
            }
            let pending = case.next();
            let hold = case.lock(&pending).await.unwrap();
            let (class, text) = failure(case.lock(&pending).await);
            assert_eq!(class, "throttled", "{text}");

            // Somebody else's role is not in the way.
            let other = Case::on(&server).await;
            other.set(&other.next()).await.unwrap();

            drop(hold);
            case.set(&pending).await.unwrap();
            case.rotator().test(&pending).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_lock_that_is_dropped_has_changed_nothing() {
    for server in servers::all() {
        let case = Case::alternating_on(&server).await;
        let before = case.roles().await;
        drop(case.lock(&case.next()).await.unwrap());
        assert_eq!(case.roles().await, before);
    }
}

#[tokio::test]
async fn the_server_takes_the_lock_back_from_a_function_that_is_frozen() {
    for server in servers::all() {
        let case = Case::alternating_on(&server).await;
        let forgetful = rotator(
            &server.ca,
            Bounds {
                idle: Duration::from_millis(200),
                lock: Duration::from_secs(5),
                ..bounds()
            },
        );
        let (pending, superuser) = (case.next(), case.superuser_secret());
        let credentials = case.credentials(&pending, &superuser);
        let frozen = forgetful.lock(credentials).await.unwrap();
        // Waits until the server ends the first session, and not for its five seconds.
        let hold = forgetful.lock(credentials).await.unwrap();
        forgetful.set(hold, credentials).await.unwrap();

        // The first one wakes up later and does no harm.
        let after = case.roles().await;
        let (class, text) = failure(forgetful.set(frozen, credentials).await);
        assert!(
            ["target_unreachable", "throttled"].contains(&class),
            "{text}"
        );
        assert_eq!(case.roles().await, after);
        assert!(case.logs_in(&pending).await && case.logs_in(&case.current).await);
    }
}
