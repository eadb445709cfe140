//! What the second user is given, and what is taken from it.

use crate::case::{Case, failure};

/// Everything that an account may have, granted to `{app}`.
const RICH: &[&str] = &[
    "GRANT PROCESS, CREATE TEMPORARY TABLES ON *.* TO {app}@'%'",
    "GRANT UPDATE ON {db}.* TO {app}@'%' WITH GRANT OPTION",
    r"GRANT SELECT ON `other\_db`.* TO {app}@'%'",
    "CREATE TABLE {db}.`odd TO ``name``` (id INT, `a,b` INT)",
    "GRANT DELETE, SELECT (`a,b`), UPDATE (id) ON {db}.`odd TO ``name``` TO {app}@'%'",
    "CREATE PROCEDURE {db}.buy() SELECT 1",
    "GRANT EXECUTE ON PROCEDURE {db}.buy TO {app}@'%'",
    "CREATE ROLE {db}_reader",
    "GRANT SELECT ON {db}.orders TO {db}_reader",
    "GRANT {db}_reader TO {app}@'%' WITH ADMIN OPTION",
    "SET DEFAULT ROLE {db}_reader FOR {app}@'%'",
    "ALTER USER {app}@'%' WITH MAX_QUERIES_PER_HOUR 100000 MAX_USER_CONNECTIONS 50 MAX_STATEMENT_TIME 1.5 PASSWORD EXPIRE INTERVAL 90 DAY",
    "GRANT PROXY ON {master}@'%' TO {app}@'%'",
];

/// What the administrator needs to hand all of that on.
const TO_MASTER: &[&str] = &[
    "GRANT PROCESS, CREATE TEMPORARY TABLES, SELECT ON *.* TO {master}@'%' WITH GRANT OPTION",
    "GRANT {db}_reader TO {master}@'%' WITH ADMIN OPTION",
    "GRANT UPDATE ON mysql.* TO {master}@'%'",
    "GRANT PROXY ON {master}@'%' TO {master}@'%' WITH GRANT OPTION",
];

async fn rich() -> Case {
    let case = Case::alternating().await;
    for statement in RICH.iter().chain(TO_MASTER) {
        case.sql(statement).await;
    }
    case
}

#[tokio::test]
async fn the_second_user_may_do_what_the_first_may_at_every_level_and_nothing_else() {
    let mut case = rich().await;
    let (app, clone) = (case.app.clone(), case.clone_name());
    let wanted = case.shape(&app, "%").await;
    assert!(wanted.len() >= 9, "{wanted:#?}");
    let before = case
        .root
        .texts(&format!("SHOW CREATE USER {app}@'%'"))
        .await;
    case.rotate().await;
    assert_eq!(case.shape(&clone, "%").await, wanted);
    let after = case
        .root
        .texts(&format!("SHOW CREATE USER {app}@'%'"))
        .await;
    assert_eq!(after, before, "the user in use is not touched");
    let rows = case
        .session(&case.current)
        .await
        .texts(&case.named("SELECT COUNT(`a,b`) FROM {db}.`odd TO ``name```"))
        .await;
    assert_eq!(rows, ["0"]);
}

#[tokio::test]
async fn what_only_the_idle_user_has_is_taken_from_it() {
    let mut case = rich().await;
    let (app, clone) = (case.app.clone(), case.clone_name());
    case.rotate().await;
    case.rotate().await;
    for statement in [
        "REVOKE PROCESS ON *.* FROM {app}@'%'",
        "REVOKE GRANT OPTION ON {db}.* FROM {app}@'%'",
        "REVOKE DELETE, SELECT (`a,b`) ON {db}.`odd TO ``name``` FROM {app}@'%'",
        "REVOKE EXECUTE ON PROCEDURE {db}.buy FROM {app}@'%'",
        "SET DEFAULT ROLE NONE FOR {app}@'%'",
        "REVOKE {db}_reader FROM {app}@'%'",
        "ALTER USER {app}@'%' WITH MAX_QUERIES_PER_HOUR 0 PASSWORD EXPIRE NEVER",
        "REVOKE PROXY ON {master}@'%' FROM {app}@'%'",
        "GRANT ALL PRIVILEGES ON {db}.orders TO {clone}@'%'",
    ] {
        case.sql(statement).await;
    }
    let wanted = case.shape(&app, "%").await;
    assert_ne!(case.shape(&clone, "%").await, wanted);
    case.rotate().await;
    assert_eq!(case.shape(&clone, "%").await, wanted);
}

#[tokio::test]
async fn in_the_first_users_turn_it_follows_the_second_and_keeps_its_own_options() {
    let mut case = Case::alternating().await;
    let (app, clone) = (case.app.clone(), case.clone_name());
    case.sql("GRANT INSERT ON {db}.* TO {app}@'%' WITH GRANT OPTION")
        .await;
    case.rotate().await;
    for statement in [
        "GRANT DELETE ON {db}.orders TO {clone}@'%'",
        "REVOKE INSERT ON {db}.* FROM {clone}@'%'",
        "REVOKE GRANT OPTION ON {db}.* FROM {clone}@'%'",
        "ALTER USER {clone}@'%' WITH MAX_USER_CONNECTIONS 7",
    ] {
        case.sql(statement).await;
    }
    case.rotate().await;
    let of_app = case.shape(&app, "%").await.join("\n");
    assert!(
        of_app.contains(&case.named("DELETE ON `{db}`.`orders`")),
        "{of_app}"
    );
    assert!(
        of_app.contains(&case.named("GRANT SELECT ON `{db}`.* TO ACCOUNT WITH GRANT OPTION")),
        "{of_app}"
    );
    assert!(!of_app.contains("MAX_USER_CONNECTIONS"), "{of_app}");
    case.rotate().await;
    assert_eq!(case.shape(&clone, "%").await, case.shape(&app, "%").await);
}

#[tokio::test]
async fn a_grant_on_what_is_gone_is_missed_by_nobody() {
    let mut case = Case::alternating().await;
    case.sql("CREATE TABLE {db}.gone (id INT)").await;
    case.sql("GRANT SELECT ON {db}.gone TO {app}@'%'").await;
    case.sql("DROP TABLE {db}.gone").await;
    case.rotate().await;
    case.rotate().await;
}

#[tokio::test]
async fn a_rotation_that_was_cut_between_two_statements_is_healed_by_the_next_attempt() {
    let mut case = rich().await;
    // What a process leaves behind that died after making the account.
    case.sql("CREATE USER {clone}@'%' IDENTIFIED VIA mysql_native_password USING '*0000000000000000000000000000000000000000'")
        .await;
    case.sql("GRANT PROCESS ON *.* TO {clone}@'%'").await;
    case.rotate().await;
    let (app, clone) = (case.app.clone(), case.clone_name());
    assert_eq!(case.shape(&clone, "%").await, case.shape(&app, "%").await);
}

#[tokio::test]
async fn a_missing_right_is_named_and_the_user_in_use_works_on() {
    let mut case = Case::alternating().await;
    case.sql("GRANT FILE ON *.* TO {app}@'%'").await;
    let (class, text) = failure(case.try_rotate().await);
    assert_eq!(class, "permission", "{text}");
    assert!(text.contains("GRANT FILE ON *.*"), "{text}");
    assert!(case.logs_in(&case.current).await);
    case.sql("GRANT FILE ON *.* TO {master}@'%' WITH GRANT OPTION")
        .await;
    case.rotate().await;
}

#[tokio::test]
async fn a_user_that_is_only_named_like_a_clone_is_not_taken_over() {
    let mut case = Case::alternating().await;
    case.sql("CREATE USER {clone}@'%' IDENTIFIED BY 'Somebody-1'")
        .await;
    case.sql("GRANT SUPER ON *.* TO {clone}@'%'").await;
    let before = case.kept().await;
    let (class, text) = failure(case.try_rotate().await);
    assert_eq!(class, "permission", "{text}");
    assert!(text.contains("SUPER"), "{text}");
    assert_eq!(case.kept().await, before);
}

#[tokio::test]
async fn the_superusers_own_user_is_not_rotated_by_itself() {
    let mut case = Case::alternating().await;
    let (master, password) = (case.master.clone(), case.master_password.clone());
    case.sql("CREATE USER {clone}@'%' IDENTIFIED BY 'Second-1'")
        .await;
    case.master = case.clone_name();
    case.master_password = "Second-1".to_owned();
    let (class, text) = failure(case.try_rotate().await);
    assert_eq!(class, "permission", "{text}");
    (case.master, case.master_password) = (master, password);
    case.rotate().await;
}

#[tokio::test]
async fn a_user_that_was_locked_by_hand_is_let_in_with_its_new_password() {
    let mut case = Case::alternating().await;
    case.rotate().await;
    case.sql("ALTER USER {app}@'%' ACCOUNT LOCK").await;
    case.rotate().await;
    assert!(case.logs_in(&case.current).await);
}
