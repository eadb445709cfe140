//! Several accounts of one name.

use crate::case::{Case, failure};

async fn with_two_hosts() -> Case {
    let case = Case::alternating().await;
    // The same password: the hash has no salt.
    let hash = case
        .root
        .texts(&case.named("SELECT authentication_string FROM mysql.user WHERE User = '{app}'"))
        .await;
    case.sql(&format!(
        "CREATE USER {{app}}@'10.0.%' IDENTIFIED VIA mysql_native_password USING '{}' WITH MAX_USER_CONNECTIONS 4",
        hash[0]
    ))
    .await;
    case.sql("GRANT SELECT ON {db}.orders TO {app}@'10.0.%'")
        .await;
    case
}

#[tokio::test]
async fn accounts_of_one_password_are_one_credential_and_change_together() {
    let mut case = with_two_hosts().await;
    let (app, clone) = (case.app.clone(), case.clone_name());
    for _ in 0..3 {
        case.rotate().await;
        for host in ["%", "10.0.%"] {
            assert_eq!(
                case.shape(&clone, host).await,
                case.shape(&app, host).await,
                "{host}"
            );
        }
        let hashes = case
            .root
            .texts(&format!(
                "SELECT COUNT(DISTINCT authentication_string) FROM mysql.user WHERE User = '{}'",
                crate::case::field(&case.current, "username")
            ))
            .await;
        assert_eq!(hashes, ["1"]);
    }
    let old = case.rotate().await;
    case.retire(&old).await.unwrap();
    let closed = case
        .root
        .texts(&format!(
            "SELECT DISTINCT authentication_string FROM mysql.user WHERE User = '{}'",
            crate::case::field(&old, "username")
        ))
        .await;
    assert_eq!(closed, [format!("*{}", "0".repeat(40))]);
}

#[tokio::test]
async fn an_account_with_another_password_is_a_contradiction_and_nothing_is_changed() {
    let mut case = with_two_hosts().await;
    case.sql("ALTER USER {app}@'10.0.%' IDENTIFIED BY 'Another-1'")
        .await;
    let before = case.kept().await;
    let (class, text) = failure(case.try_rotate().await);
    assert_eq!(class, "invalid_request", "{text}");
    assert!(text.contains("`10.0.%` has another password"), "{text}");
    assert_eq!(case.kept().await, before);
}

#[tokio::test]
async fn a_locked_account_among_others_is_a_contradiction() {
    let mut case = with_two_hosts().await;
    case.sql("ALTER USER {app}@'10.0.%' ACCOUNT LOCK").await;
    let (class, text) = failure(case.try_rotate().await);
    assert_eq!(class, "permission", "{text}");
    assert!(text.contains("is locked"), "{text}");
}

#[tokio::test]
async fn an_account_of_the_second_user_alone_is_asked_about() {
    let mut case = Case::alternating().await;
    case.rotate().await;
    case.rotate().await;
    case.sql("CREATE USER {clone}@'10.9.%' IDENTIFIED BY 'Stray-1'")
        .await;
    let (class, text) = failure(case.try_rotate().await);
    assert_eq!(class, "invalid_request", "{text}");
    let statement = case.named("DROP USER `{clone}`@`10.9.%`");
    assert!(text.contains(&statement), "{text}");
    case.sql(&statement).await;
    case.rotate().await;
}

#[tokio::test]
async fn an_account_that_the_second_user_lacks_is_made_in_its_turn() {
    let mut case = with_two_hosts().await;
    case.rotate().await;
    case.sql("DROP USER {clone}@'10.0.%'").await;
    case.rotate().await;
    case.rotate().await;
    let clone = case.clone_name();
    assert_eq!(
        case.shape(&clone, "10.0.%").await,
        case.shape(&case.app, "10.0.%").await
    );
}

#[tokio::test]
async fn an_account_that_somebody_else_made_by_that_name_is_not_closed_with_the_credential() {
    let mut case = Case::alternating().await;
    let old = case.rotate().await;
    case.sql("CREATE USER {app}@'10.9.%' IDENTIFIED BY 'Somebody-1'")
        .await;
    let before = case.kept().await;
    for refused in [case.retire(&old).await.map(drop), case.restore(&old).await] {
        let (class, text) = failure(refused);
        assert_eq!(class, "invalid_request", "{text}");
        assert!(text.contains("`10.9.%` has another password"), "{text}");
    }
    assert_eq!(case.kept().await, before);
    case.sql("RENAME USER {app}@'10.9.%' TO {app}_other@'10.9.%'")
        .await;
    case.retire(&old).await.unwrap();
}
