use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rekey_rotation::{Credentials, Rotator as _};
use rekey_rotators::redis::Bounds;
use tokio::time::sleep;

use crate::case::{Case, bounds, changed, failure, with_bounds};
use crate::servers;
use crate::world::{end_named, lock_name};

#[tokio::test]
async fn of_many_contenders_one_at_a_time_has_the_lock_and_each_comes_to_it() {
    let case = Arc::new(Case::on(vec![servers::one("aclfile")]).await);
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut contenders = Vec::new();
    for _ in 0..12 {
        let (case, inside, most) = (Arc::clone(&case), Arc::clone(&inside), Arc::clone(&most));
        contenders.push(tokio::spawn(async move {
            let pending = case.next();
            let rotator = with_bounds(&case.server().ca, Bounds::default());
            let credentials = Credentials {
                current: &case.current,
                pending: &pending,
                previous: None,
                superuser: Some(&case.superuser),
                now: 1_000,
            };
            let hold = rotator.lock(credentials).await.unwrap();
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(Duration::from_millis(15)).await;
            inside.fetch_sub(1, Ordering::SeqCst);
            drop(hold);
        }));
    }
    for contender in contenders {
        contender.await.unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_holder_that_is_silent_loses_the_lock_and_what_it_began_takes_no_effect() {
    let case = Case::on(vec![servers::one("aclfile")]).await;
    let (late, next) = (case.next(), case.next());
    let credentials = Credentials {
        current: &case.current,
        pending: &late,
        previous: None,
        superuser: Some(&case.superuser),
        now: 1_000,
    };
    let rotator = case.rotator();
    let hold = rotator.lock(credentials).await.unwrap();
    let (class, _) = failure(case.set(&next).await);
    assert_eq!(class, "throttled", "while the holder may be alive");

    // The server counts silence in seconds.
    let impatient = Bounds {
        idle: Duration::from_secs(1),
        lock: Duration::from_secs(5),
        ..bounds()
    };
    let impatient = with_bounds(&case.server().ca, impatient);
    case.set_with(&impatient, &next).await.unwrap();
    let after = case.root().rules(&case.app).await;
    let (class, _) = failure(rotator.set(hold, credentials).await);
    assert_eq!(class, "target_unreachable");
    assert_eq!(case.root().rules(&case.app).await, after);
    assert_eq!(case.works_at(&late).await, [false]);
    assert_eq!(case.works_at(&next).await, [true]);
}

#[tokio::test]
async fn a_lock_that_is_lost_at_one_node_changes_nothing_at_any() {
    let mut case = Case::on(servers::cluster()).await;
    case.current = changed(&case.current, "persist", false.into());
    let pending = case.next();
    let credentials = Credentials {
        current: &case.current,
        pending: &pending,
        previous: None,
        superuser: Some(&case.superuser),
        now: 1_000,
    };
    let rotator = case.rotator();
    let hold = rotator.lock(credentials).await.unwrap();
    assert_eq!(end_named(&case.roots[2], &lock_name(&case.app)).await, 1);
    let (class, _) = failure(rotator.set(hold, credentials).await);
    assert_eq!(class, "target_unreachable");
    assert_eq!(case.works_at(&pending).await, [false; 3]);
}
