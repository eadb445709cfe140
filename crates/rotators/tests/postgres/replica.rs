use std::time::Duration;

use rekey_rotation::Rotator;
use rekey_rotators::postgres::Bounds;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::case::{Case, ask, bounds, changed, failure, rotator};
use crate::servers::{self, Server};

/// The one replica is held back by some of these tests.
pub static REPLICA: Mutex<()> = Mutex::const_new(());

/// A case whose secret names the replica, which has caught up with it.
pub async fn case_on_replica() -> (Case, Server, u16) {
    let (server, port) = servers::with_replica();
    let mut case = Case::alternating_on(&server).await;
    case.current = changed(&case.current, "port", port.into());
    let replica = server.superuser(port, "postgres").await;
    // A test that failed may have left it held back.
    replica
        .batch_execute("SELECT pg_wal_replay_resume()")
        .await
        .unwrap();
    let caught_up = format!(
        "SELECT count(*)::text FROM pg_database WHERE datname = '{}'",
        case.dbname
    );
    let deadline = Instant::now() + Duration::from_secs(20);
    while ask(&replica, &caught_up).await.as_deref() != Some("1") {
        assert!(Instant::now() < deadline, "the replica does not follow");
        sleep(Duration::from_millis(20)).await;
    }
    (case, server, port)
}

#[tokio::test]
async fn a_replicas_secret_is_set_on_the_primary_and_tested_on_the_replica() {
    let _alone = REPLICA.lock().await;
    let (mut case, _, _) = case_on_replica().await;
    for _ in 0..3 {
        let old = case.rotate().await;
        assert!(case.logs_in(&case.current).await);
        assert!(case.logs_in(&old).await);
    }
}

#[tokio::test]
async fn a_replica_that_is_behind_is_waited_for_and_not_for_ever() {
    let _alone = REPLICA.lock().await;
    let (case, server, port) = case_on_replica().await;
    let replica = server.superuser(port, "postgres").await;
    replica
        .batch_execute("SELECT pg_wal_replay_pause()")
        .await
        .unwrap();
    let pending = case.next();
    case.set(&pending).await.unwrap();

    let short = Bounds {
        replica_lag: Duration::from_millis(350),
        ..bounds()
    };
    let start = Instant::now();
    let (class, _) = failure(rotator(&server.ca, short).test(&pending).await);
    assert_eq!(class, "wrong_password");
    assert!(
        start.elapsed() >= short.replica_lag,
        "the last login is tried at the bound"
    );

    let patient = case.rotator();
    let (tested, ()) = tokio::join!(patient.test(&pending), async {
        sleep(Duration::from_millis(400)).await;
        replica
            .batch_execute("SELECT pg_wal_replay_resume()")
            .await
            .unwrap();
    });
    tested.unwrap();
}

#[tokio::test]
async fn a_login_that_fails_at_a_known_primary_is_not_waited_for() {
    let (server, _) = servers::with_replica();
    let case = Case::alternating_on(&server).await;
    let rotator = case.rotator();
    let pending = case.next();
    case.set_with(&rotator, &pending, &case.superuser_secret())
        .await
        .unwrap();
    let wrong = changed(&pending, "password", "not-it".into());
    let start = Instant::now();
    assert_eq!(failure(rotator.test(&wrong).await).0, "wrong_password");
    assert!(start.elapsed() < bounds().replica_lag / 2);
}

#[tokio::test]
async fn a_function_that_the_user_named_like_one_of_the_servers_is_not_run_by_the_superuser() {
    let _alone = REPLICA.lock().await;
    let (mut case, _, _) = case_on_replica().await;
    let primary = changed(&case.current, "port", case.server.port.into());
    let user = case.session(&primary).await;
    user.batch_execute(&format!(
        "ALTER DATABASE {} SET search_path = public, pg_catalog;
         CREATE FUNCTION public.pg_is_in_recovery() RETURNS boolean LANGUAGE plpgsql
         AS $$ BEGIN RAISE 'run as %', current_user; END $$",
        case.dbname
    ))
    .await
    .unwrap();
    let taken = case.session(&primary).await;
    let taken = taken.simple_query("SELECT pg_is_in_recovery()").await;
    assert!(taken.is_err(), "the planted function is found first");
    case.rotate().await;
}

#[tokio::test]
async fn a_single_users_secret_and_a_superuser_without_host_must_name_the_primary() {
    let _alone = REPLICA.lock().await;
    let (mut case, _, _) = case_on_replica().await;
    let superuser = case.superuser_secret();
    let managed = serde_json::json!({
        "username": crate::case::field(&superuser, "username"),
        "password": crate::case::field(&superuser, "password"),
    });
    let managed = crate::case::value(&managed);
    let result = case.set_with(&case.rotator(), &case.next(), &managed).await;
    let (class, text) = failure(result);
    assert_eq!(class, "invalid_request");
    assert!(text.contains("read replica"), "{text}");

    case.current = changed(&case.current, "masterarn", serde_json::Value::Null);
    let (class, text) = failure(case.set(&case.next()).await);
    assert_eq!(class, "invalid_request");
    assert!(text.contains("read replica"), "{text}");
}

#[tokio::test]
async fn a_primary_as_the_users_host_of_a_replicas_superuser_is_refused() {
    let _alone = REPLICA.lock().await;
    let (mut case, _, port) = case_on_replica().await;
    let primary = case.server.port;
    case.current = changed(&case.current, "port", primary.into());
    let superuser = changed(&case.superuser_secret(), "port", port.into());
    let result = case
        .set_with(&case.rotator(), &case.next(), &superuser)
        .await;
    assert_eq!(failure(result).0, "invalid_request");
}
