//! A secret that names a read replica of the superuser's server.

use rekey_rotation::{Login, Rotator as _};
use serde_json::json;

use crate::case::{Case, changed, failure, kept};

async fn at_the_replica() -> Case {
    at_the_replica_with("SLAVE MONITOR").await
}

/// With this right besides.
async fn at_the_replica_with(right: &str) -> Case {
    let mut case = Case::alternating().await;
    let port = case.server.replica_port;
    case.sql(&format!("GRANT {right} ON *.* TO {{master}}@'%'"))
        .await;
    case.current = changed(&case.current, "port", json!(port));
    case.replicas = vec![port];
    // The scenario's own statements must have come through.
    let here = format!(
        "SELECT COUNT(*) FROM mysql.global_priv WHERE User = '{}'",
        case.master
    );
    let root = case.server.root(port).await;
    let grants = format!("SHOW GRANTS FOR {}@'%'", case.master);
    for _ in 0..500 {
        if root.texts(&here).await == ["1"] && root.texts(&grants).await.join(" ").contains(right) {
            return case;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the replica does not follow");
}

#[tokio::test]
async fn the_change_is_made_at_the_primary_and_tested_at_the_replica() {
    let mut case = at_the_replica().await;
    for _ in 0..2 {
        let old = case.rotate().await;
        assert!(case.logs_in(&case.current).await && case.logs_in(&old).await);
        let at_primary = changed(&case.current, "port", json!(case.server.port));
        assert!(case.logs_in(&at_primary).await);
    }
}

#[tokio::test]
async fn retiring_ends_sessions_at_both_and_both_must_refuse() {
    let mut case = at_the_replica().await;
    let rotator = case.rotator();
    let old = case.rotate().await;
    let at_primary = changed(&old, "port", json!(case.server.port));
    let pools = [case.session(&old).await, case.session(&at_primary).await];
    let superuser = case.superuser_secret();
    assert_eq!(case.retire_with(&rotator, &old, &superuser).await, Ok(2));
    for pool in pools {
        assert!(!pool.is_open().await);
    }
    let moment = rekey_rotation::Moment {
        current: &case.current,
        now: 0,
    };
    use rekey_rotation::Revoker as _;
    assert_eq!(rotator.try_login(&old, moment).await, Ok(Login::Refused));
    case.restore(&old).await.unwrap();
    assert_eq!(case.login(&old).await, Ok(Login::Accepted));
}

#[tokio::test]
async fn nothing_is_written_at_a_replica() {
    // A single user whose secret names one.
    let mut single = Case::single().await;
    let port = single.server.replica_port;
    let replica = single.server.root(port).await;
    single.current = changed(&single.current, "port", json!(port));
    // The last statement about it must have come through.
    for _ in 0..500 {
        if kept(&replica, &single.app)
            .await
            .join(" ")
            .contains("INSERT")
        {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let before = kept(&replica, &single.app).await;
    let (class, text) = failure(single.try_rotate().await);
    assert_eq!(class, "invalid_request", "{text}");
    assert!(text.contains("primary"), "{text}");
    assert_eq!(failure(single.probe().await).0, "invalid_request");
    assert_eq!(kept(&replica, &single.app).await, before);

    // A superuser secret that names one.
    let case = at_the_replica().await;
    let superuser = changed(&case.superuser_secret(), "port", json!(port));
    let pending = case.next();
    let (class, text) = failure(case.set_with(&case.rotator(), &pending, &superuser).await);
    assert_eq!(class, "invalid_request", "{text}");
}

#[tokio::test]
async fn a_server_that_follows_another_one_is_no_replica() {
    let case = Case::alternating().await;
    let root = case.server.root(case.server.plain_port).await;
    let password = crate::case::field(&case.current, "password");
    for statement in [
        format!("CREATE DATABASE {}", case.dbname),
        format!("CREATE USER {}@'%' IDENTIFIED BY '{password}'", case.app),
        format!("GRANT ALL ON {}.* TO {}@'%'", case.dbname, case.app),
        format!(
            "CREATE USER {}@'%' IDENTIFIED BY '{}'",
            case.master, case.master_password
        ),
        format!("GRANT ALL ON *.* TO {}@'%'", case.master),
    ] {
        root.run(&statement).await.unwrap();
    }
    // Both secrets name it as a replica, which it is not.
    let mut case = case;
    case.replicas = vec![case.server.plain_port];
    case.current = changed(&case.current, "port", json!(case.server.plain_port));
    case.current = changed(&case.current, "ssl", json!(false));
    let before = case.kept().await;
    let (class, text) = failure(case.try_rotate().await);
    // The superuser does not go there without TLS, whatever the user's secret says.
    assert_eq!(class, "tls_refused", "{text}");
    assert_eq!(case.kept().await, before);
    case.rotator().test(&case.current).await.unwrap();
}

#[tokio::test]
async fn the_superuser_is_sent_to_no_replica_that_its_own_secret_does_not_name() {
    let mut case = at_the_replica().await;
    let old = case.rotate().await;
    case.replicas.clear();
    let before = case.server.logins_at_both(&case.master);
    assert!(before[1] > 0);
    let kept = case.kept().await;
    for failed in [
        case.try_rotate().await.map(drop),
        case.probe().await,
        case.retire(&old).await.map(drop),
        case.restore(&old).await,
    ] {
        let (class, text) = failure(failed);
        assert_eq!(class, "invalid_request", "{text}");
        assert!(text.contains("\"replicas\": ["), "{text}");
    }
    assert_eq!(case.server.logins_at_both(&case.master), before);
    assert_eq!(case.kept().await, kept);
}

#[tokio::test]
async fn who_may_not_ask_a_replica_is_told_so_and_on_rds_a_procedure_asks() {
    let mut case = at_the_replica_with("EVENT").await;
    let (class, text) = failure(case.try_rotate().await);
    assert_eq!(class, "permission", "{text}");
    assert!(text.contains("SLAVE MONITOR"), "{text}");

    // What RDS has on its replicas.
    let root = case.server.root(case.server.replica_port).await;
    let execute = format!(
        "GRANT EXECUTE ON PROCEDURE mysql.rds_replica_status TO {}@'%'",
        case.master
    );
    for statement in [
        "SET SESSION sql_log_bin = 0",
        "CREATE OR REPLACE PROCEDURE mysql.rds_replica_status() SQL SECURITY DEFINER SHOW SLAVE STATUS",
        &execute,
    ] {
        root.run(statement).await.unwrap();
    }
    let rotated = case.try_rotate().await;
    root.run("DROP PROCEDURE mysql.rds_replica_status")
        .await
        .unwrap();
    rotated.unwrap();
}
