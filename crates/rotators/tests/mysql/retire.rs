use rekey_rotation::{Login, Revoker as _};
use serde_json::json;

use crate::case::{Case, changed, failure, field};

#[tokio::test]
async fn only_the_old_users_sessions_are_ended() {
    let mut case = Case::alternating().await;
    let old = case.rotate().await;
    let pool = [case.session(&old).await, case.session(&old).await];
    let (ours, root) = (
        case.session(&case.current).await,
        case.server.root(case.server.port).await,
    );
    // Names are told apart by case: this one is somebody else's.
    let other = case.app.to_uppercase();
    case.sql(&format!("CREATE USER {other}@'%' IDENTIFIED BY 'Other-1'"))
        .await;
    let theirs = crate::servers::connect(case.server.port, &other, "Other-1")
        .await
        .unwrap();

    let (rotator, superuser) = (case.rotator(), case.superuser_secret());
    let revocation = case.revocation(&old, &superuser);
    let mut seized = rotator.seize(revocation).await.unwrap();
    assert_eq!(rotator.sessions(&mut seized, revocation).await, Ok(2));
    assert_eq!(rotator.revoke(&mut seized, revocation).await, Ok(2));
    assert_eq!(rotator.sessions(&mut seized, revocation).await, Ok(0));
    // Again, as after a lost answer.
    assert_eq!(rotator.revoke(&mut seized, revocation).await, Ok(0));
    for session in pool {
        assert!(!session.is_open().await);
    }
    assert!(ours.is_open().await && theirs.is_open().await && root.is_open().await);
    assert_eq!(case.login(&old).await, Ok(Login::Refused));
    assert_eq!(case.login(&case.current).await, Ok(Login::Accepted));
}

#[tokio::test]
async fn a_right_that_is_missing_for_its_sessions_is_found_before_anything_is_changed() {
    for (right, says) in [
        ("PROCESS", "does not see"),
        ("CONNECTION ADMIN", "may not end"),
    ] {
        let mut case = Case::alternating().await;
        let old = case.rotate().await;
        let pool = case.session(&old).await;
        case.sql(&format!("REVOKE {right} ON *.* FROM {{master}}@'%'"))
            .await;
        let before = case.kept().await;
        let (class, text) = failure(case.retire(&old).await);
        assert_eq!(class, "permission", "{text}");
        assert!(text.contains(says) && text.contains("GRANT"), "{text}");
        assert_eq!(case.kept().await, before);
        assert!(pool.is_open().await);
    }
}

#[tokio::test]
async fn with_no_session_open_nobody_needs_the_right_to_end_one() {
    let mut case = Case::alternating().await;
    let old = case.rotate().await;
    case.sql("REVOKE CONNECTION ADMIN ON *.* FROM {master}@'%'")
        .await;
    assert_eq!(case.retire(&old).await, Ok(0));
}

#[tokio::test]
async fn rds_ends_sessions_by_a_procedure() {
    let mut case = Case::alternating().await;
    // What RDS gives its master user in place of CONNECTION ADMIN.
    case.sql("REVOKE CONNECTION ADMIN ON *.* FROM {master}@'%'")
        .await;
    let made = "CREATE OR REPLACE PROCEDURE mysql.rds_kill(IN id BIGINT) SQL SECURITY DEFINER KILL CONNECTION id";
    let old = case.rotate().await;
    let pool = case.session(&old).await;
    case.sql(made).await;
    case.sql("GRANT EXECUTE ON PROCEDURE mysql.rds_kill TO {master}@'%'")
        .await;
    let retired = case.retire(&old).await;
    case.sql("DROP PROCEDURE mysql.rds_kill").await;
    assert_eq!(retired, Ok(1));
    assert!(!pool.is_open().await);
}

#[tokio::test]
async fn the_old_one_is_kept_when_the_current_one_does_not_log_in() {
    let mut case = Case::alternating().await;
    let old = case.rotate().await;
    case.sql("ALTER USER {clone}@'%' IDENTIFIED BY 'By-hand-1'")
        .await;
    let before = case.kept().await;
    let (class, text) = failure(case.retire(&old).await);
    assert_eq!(class, "wrong_password", "{text}");
    assert_eq!(case.kept().await, before);
    // A rollback is needed most now.
    case.restore(&old).await.unwrap();
    assert_eq!(case.login(&old).await, Ok(Login::Accepted));
}

#[tokio::test]
async fn what_is_gone_is_retired_already_and_cannot_be_brought_back() {
    let mut case = Case::alternating().await;
    let old = case.rotate().await;
    case.sql("DROP USER {app}@'%'").await;
    assert_eq!(case.retire(&old).await, Ok(0));
    assert_eq!(case.login(&old).await, Ok(Login::Refused));
    assert_eq!(failure(case.restore(&old).await).0, "role_missing");
}

#[tokio::test]
async fn a_user_with_super_is_left_to_people() {
    let mut case = Case::alternating().await;
    case.sql("GRANT SUPER ON *.* TO {app}@'%'").await;
    case.sql("GRANT SUPER ON *.* TO {master}@'%' WITH GRANT OPTION")
        .await;
    let old = case.rotate().await;
    let (class, text) = failure(case.retire(&old).await);
    assert_eq!(class, "permission", "{text}");
    assert!(text.contains("SUPER"), "{text}");
    assert_eq!(case.login(&old).await, Ok(Login::Accepted));
}

#[tokio::test]
async fn a_locked_user_counts_as_refused_and_comes_back_with_a_rollback() {
    let mut case = Case::alternating().await;
    let old = case.rotate().await;
    case.sql("ALTER USER {app}@'%' ACCOUNT LOCK").await;
    assert_eq!(case.login(&old).await, Ok(Login::Refused));
    case.restore(&old).await.unwrap();
    assert_eq!(case.login(&old).await, Ok(Login::Accepted));
}

/// An application reads the old secret with `"ssl": false`, and the account asks for TLS since.
#[tokio::test]
async fn a_login_without_tls_proves_nothing_where_the_account_asks_for_it() {
    let mut case = Case::alternating().await;
    let old = case.rotate().await;
    let plain = changed(&old, "ssl", json!(false));
    case.sql("ALTER USER {app}@'%' REQUIRE SSL").await;
    assert_eq!(case.login(&plain).await, Ok(Login::Accepted));
    case.retire(&plain).await.unwrap();
    assert_eq!(case.login(&plain).await, Ok(Login::Refused));
    assert_eq!(field(&plain, "ssl"), "false");
}

#[tokio::test]
async fn without_the_superuser_the_other_user_is_left_alone() {
    let mut case = Case::alternating().await;
    let old = case.rotate().await;
    case.current = changed(&case.current, "masterarn", json!(null));
    let before = case.kept().await;
    let (class, text) = failure(case.retire(&old).await);
    assert_eq!(class, "invalid_request", "{text}");
    assert_eq!(case.kept().await, before);
}
