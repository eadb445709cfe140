//! Retiring and rolling back a credential whose secret names a read replica.

use std::time::Duration;

use rekey_rotation::{Login, Revoker};
use rekey_rotators::postgres::Bounds;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use crate::administrators::remedy;
use crate::case::{Case, ask, bounds, changed, failure, rotator};
use crate::documented_grants::block;
use crate::replica::{REPLICA, case_on_replica};
use crate::revoking::{at, is_open, retire, retire_with, revocation};

/// Lets the case's administrator end sessions at the replica too, and waits until the replica knows.
async fn grant(case: &Case, replica: &Client, statement: &str) {
    case.sql(statement).await;
    let known = format!(
        "SELECT pg_has_role('{}', 'pg_signal_backend', 'USAGE')::text",
        case.master
    );
    let deadline = Instant::now() + Duration::from_secs(20);
    while ask(replica, &known).await.as_deref() != Some("true") {
        assert!(Instant::now() < deadline, "the replica does not follow");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn sessions_at_the_replica_are_ended_too_and_the_right_to_is_asked_for() {
    let _alone = REPLICA.lock().await;
    let (mut case, server, port) = case_on_replica().await;
    let replica = server.superuser(port, "postgres").await;
    let old = case.rotate().await;
    let at_primary = changed(&old, "port", server.port.into());
    let pools = [case.session(&old).await, case.session(&at_primary).await];
    let current = case.session(&case.current).await;

    let before = case.roles().await;
    let (class, text) = failure(retire(&case, &old).await);
    assert_eq!(class, "permission");
    assert_eq!(
        remedy(&text),
        format!(
            r#"GRANT pg_signal_backend TO "{}" WITH INHERIT TRUE;"#,
            case.master
        )
    );
    assert_eq!(case.roles().await, before);
    for pool in &pools {
        assert!(is_open(pool).await);
    }
    grant(&case, &replica, remedy(&text)).await;

    let (rotator, superuser) = (case.rotator(), case.superuser_secret());
    let revocation = revocation(&case, &old, &superuser);
    let mut seized = rotator.seize(revocation).await.unwrap();
    assert_eq!(rotator.sessions(&mut seized, revocation).await, Ok(2));
    assert_eq!(rotator.revoke(&mut seized, revocation).await, Ok(2));
    for pool in &pools {
        assert!(!is_open(pool).await);
    }
    assert!(is_open(&current).await);
    assert_eq!(rotator.try_login(&old, at(&old)).await, Ok(Login::Refused));
    assert_eq!(
        rotator.try_login(&case.current, at(&case.current)).await,
        Ok(Login::Accepted)
    );

    // And back again, at both.
    rotator.restore(&mut seized, revocation).await.unwrap();
    assert_eq!(rotator.try_login(&old, at(&old)).await, Ok(Login::Accepted));
    assert!(case.logs_in(&old).await && case.logs_in(&at_primary).await);
}

#[tokio::test]
async fn a_replica_that_is_behind_is_no_proof_of_life_or_death() {
    let _alone = REPLICA.lock().await;
    let (mut case, server, port) = case_on_replica().await;
    let replica = server.superuser(port, "postgres").await;
    let documented = block("pg_signal_backend", &case, &case.master, "").concat();
    grant(&case, &replica, &documented).await;
    let old = case.rotate().await;
    let pool = case.session(&old).await;
    let hasty = rotator(
        &server.ca,
        Bounds {
            replica_lag: Duration::from_millis(300),
            ..bounds()
        },
    );
    let superuser = case.superuser_secret();
    let revocation = revocation(&case, &old, &superuser);

    let pause = |wanted: bool| {
        let word = if wanted { "pause" } else { "resume" };
        let statement = format!("SELECT pg_wal_replay_{word}()");
        let replica = &replica;
        async move { replica.batch_execute(&statement).await.unwrap() }
    };
    pause(true).await;
    let retired = retire_with(&case, &hasty, &old, &superuser).await;
    let (class, text) = failure(retired);
    assert_eq!(class, "throttled");
    assert!(text.contains("is behind"), "{text}");
    // Dead at the primary, and let in at the replica: neither the one nor the other is said.
    assert!(case.logs_in(&old).await);
    assert_eq!(
        failure(hasty.try_login(&old, at(&old)).await).0,
        "throttled"
    );
    pause(false).await;
    assert_eq!(retire(&case, &old).await, Ok(1));
    assert!(!is_open(&pool).await);
    assert_eq!(hasty.try_login(&old, at(&old)).await, Ok(Login::Refused));

    pause(true).await;
    let mut seized = hasty.seize(revocation).await.unwrap();
    let restored = hasty.restore(&mut seized, revocation).await;
    assert_eq!(failure(restored).0, "throttled");
    assert_eq!(
        failure(hasty.try_login(&old, at(&old)).await).0,
        "throttled"
    );
    drop(seized);
    pause(false).await;
    let mut seized = case.rotator().seize(revocation).await.unwrap();
    case.rotator()
        .restore(&mut seized, revocation)
        .await
        .unwrap();
    assert_eq!(hasty.try_login(&old, at(&old)).await, Ok(Login::Accepted));
}
