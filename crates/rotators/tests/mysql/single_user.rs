use rekey_rotation::{Credentials, Rotator as _};
use serde_json::json;

use crate::case::{Case, changed, failure, field};

#[tokio::test]
async fn a_user_without_any_privilege_changes_its_own_password() {
    let mut case = Case::single().await;
    case.sql("REVOKE ALL PRIVILEGES, GRANT OPTION FROM {app}@'%'")
        .await;
    case.sql("GRANT SELECT ON {db}.orders TO {app}@'%'").await;
    let old = case.rotate().await;
    assert!(case.logs_in(&case.current).await);
    assert!(!case.logs_in(&old).await);
}

#[tokio::test]
async fn whichever_password_is_valid_makes_the_change() {
    let case = Case::single().await;
    let (pending, superuser) = (case.next(), case.superuser_secret());
    case.set(&pending).await.unwrap();
    // Again, as after a lost answer: the current one is not valid any more.
    case.set(&pending).await.unwrap();
    assert!(case.logs_in(&pending).await);

    // AWSPREVIOUS is all that is valid, after a restore of the database.
    let rotator = case.rotator();
    let wrong = changed(&case.current, "password", json!("Not-valid-1"));
    let next = changed(&case.current, "password", json!("Set-by-previous-1"));
    let credentials = Credentials {
        current: &wrong,
        pending: &next,
        previous: Some(&pending),
        superuser: Some(&superuser),
        now: 0,
    };
    let hold = rotator.lock(credentials).await.unwrap();
    rotator.set(hold, credentials).await.unwrap();
    assert!(case.logs_in(&next).await);
}

#[tokio::test]
async fn a_rotation_logs_in_as_rarely_as_it_can() {
    let mut case = Case::single().await;
    let before = case.server.logins(&case.app);
    case.rotate().await;
    assert_eq!(case.server.logins(&case.app) - before, 2);
}

#[tokio::test]
async fn another_account_with_the_same_password_is_not_left_behind() {
    let mut case = Case::single().await;
    let hash = case
        .root
        .texts(&case.named("SELECT authentication_string FROM mysql.user WHERE User = '{app}'"))
        .await;
    case.sql(&format!(
        "CREATE USER {{app}}@'10.0.%' IDENTIFIED VIA mysql_native_password USING '{}'",
        hash[0]
    ))
    .await;
    case.sql("GRANT SELECT ON mysql.* TO {app}@'%'").await;
    let (class, text) = failure(case.try_rotate().await);
    assert_eq!(class, "invalid_request", "{text}");
    assert!(case.logs_in(&case.current).await);
    // Who may not look is told nothing.
    case.sql("REVOKE SELECT ON mysql.* FROM {app}@'%'").await;
    case.rotate().await;
}

#[tokio::test]
async fn a_rollback_of_one_user_sets_the_old_password_by_whichever_is_valid() {
    let mut case = Case::single().await;
    let old = case.rotate().await;
    case.restore(&old).await.unwrap();
    assert!(case.logs_in(&old).await && !case.logs_in(&case.current).await);
    // The answer was lost: again.
    case.restore(&old).await.unwrap();
    assert!(case.logs_in(&old).await);
    let (class, _) = failure(case.retire(&old).await);
    assert_eq!(
        class, "invalid_request",
        "there is no second user to retire"
    );
}

#[tokio::test]
async fn two_passwords_are_refused_where_the_server_keeps_one() {
    use getrandom::SysRng;
    use rekey_rotation::{Occasion, Overlap};
    use rekey_rotators::mysql::{Config, Mysql, Strategy};
    use rekey_rotators::{PasswordPolicy, Trust};

    let case = Case::single().await;
    let claimed = changed(&case.current, "dual_password", json!(true));
    let (class, text) = failure(case.rotator().overlap(&claimed));
    assert_eq!(class, "invalid_request", "{text}");

    // A secret that says `mysql`, of a server that is none.
    let claimed = changed(&claimed, "engine", json!("mysql"));
    let mysql = Mysql::mysql(Config {
        strategy: Strategy::Auto,
        trust: Trust::from_pem(&case.server.ca).unwrap(),
        passwords: PasswordPolicy::default(),
        bounds: crate::case::bounds(),
    });
    assert_eq!(mysql.overlap(&claimed), Ok(Overlap::TwoPasswords));
    let pending = mysql
        .next(&claimed, Occasion::default(), &mut SysRng)
        .unwrap();
    let credentials = Credentials {
        current: &claimed,
        pending: &pending,
        previous: None,
        superuser: None,
        now: 0,
    };
    let (class, text) = failure(mysql.lock(credentials).await.map(drop));
    assert_eq!(class, "invalid_request", "{text}");
    assert!(text.contains("8.0.14"), "{text}");
    let (class, _) = failure(mysql.probe(&claimed, None).await);
    assert_eq!(class, "invalid_request");
    assert_eq!(field(&pending, "username"), case.app);
}
