//! What a dry run reads, since nothing can be tried and taken back.

use crate::case::{Case, failure};

#[tokio::test]
async fn a_rotation_that_would_work_is_said_to_and_nothing_is_changed() {
    for mut case in [Case::single().await, Case::alternating().await] {
        for _ in 0..2 {
            let before = case.kept().await;
            case.probe().await.unwrap();
            assert_eq!(case.kept().await, before);
            case.rotate().await;
        }
    }
}

#[tokio::test]
async fn each_right_that_is_missing_is_named_with_its_statement() {
    for (revoke, grant) in [
        (
            "CREATE USER ON *.*",
            "GRANT CREATE USER ON *.* TO `{master}`@`%`;",
        ),
        ("PROCESS ON *.*", "GRANT PROCESS ON *.* TO `{master}`@`%`;"),
        (
            "CONNECTION ADMIN ON *.*",
            "GRANT CONNECTION ADMIN ON *.* TO `{master}`@`%`;",
        ),
        (
            "INSERT ON {db}.*",
            "GRANT INSERT ON `{db}`.* TO `{master}`@`%` WITH GRANT OPTION;",
        ),
    ] {
        let case = Case::alternating().await;
        let before = case.kept().await;
        case.sql(&format!("REVOKE {revoke} FROM {{master}}@'%'"))
            .await;
        let (class, text) = failure(case.probe().await);
        assert_eq!(class, "permission", "{text}");
        let grant = case.named(grant);
        assert!(text.contains(&grant), "{grant}: {text}");
        assert_eq!(case.kept().await, before);
        // Word for word what helps.
        case.sql(grant.trim_end_matches(';')).await;
        case.probe().await.unwrap();
    }
}

#[tokio::test]
async fn rights_that_come_by_a_role_count() {
    let case = Case::alternating().await;
    for statement in [
        "CREATE ROLE {db}_admin",
        "GRANT CREATE USER, PROCESS, CONNECTION ADMIN ON *.* TO {db}_admin",
        "REVOKE CREATE USER, PROCESS, CONNECTION ADMIN ON *.* FROM {master}@'%'",
        "GRANT {db}_admin TO {master}@'%'",
        "SET DEFAULT ROLE {db}_admin FOR {master}@'%'",
    ] {
        case.sql(statement).await;
    }
    case.probe().await.unwrap();
    case.set(&case.next()).await.unwrap();
}

#[tokio::test]
async fn who_may_not_read_the_accounts_is_told_so() {
    let case = Case::alternating().await;
    case.sql("REVOKE SELECT ON mysql.* FROM {master}@'%'").await;
    let (class, text) = failure(case.probe().await);
    assert_eq!(class, "permission", "{text}");
    assert!(text.contains("SELECT"), "{text}");
}
