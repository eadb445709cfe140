//! Moving over from AWS's own functions, with the second user that they made.

use serde_json::json;

use crate::case::{Case, changed};

/// What SecretsManagerRDSMariaDBRotationMultiUser does in its first rotation: each grant of the user, without what
/// follows ` TO `, and then what TLS must be.
async fn made_by_aws(case: &mut Case) {
    let grants = case
        .root
        .texts(&case.named("SHOW GRANTS FOR {app}@'%'"))
        .await;
    for grant in grants {
        let (what, _) = grant.split_once(" TO ").unwrap();
        case.sql(&format!("{what} TO '{{clone}}' IDENTIFIED BY 'Aws-made-1'"))
            .await;
    }
    case.sql("ALTER USER '{clone}'@'%' REQUIRE NONE").await;
    case.current = changed(&case.current, "username", json!(case.clone_name()));
    case.current = changed(&case.current, "password", json!("Aws-made-1"));
}

#[tokio::test]
async fn a_pair_that_awss_function_made_goes_on_and_the_first_user_loses_nothing() {
    let mut case = Case::alternating().await;
    // AWS's function copies none of these.
    case.sql("GRANT UPDATE ON {db}.* TO {app}@'%' WITH GRANT OPTION")
        .await;
    case.sql("ALTER USER {app}@'%' WITH MAX_USER_CONNECTIONS 20")
        .await;
    // NO_AUTO_CREATE_USER is off for it.
    case.sql("SET SESSION sql_mode = ''").await;
    let (app, clone) = (case.app.clone(), case.clone_name());
    let before = case.shape(&app, "%").await;
    made_by_aws(&mut case).await;

    case.rotate().await;
    assert_eq!(case.shape(&app, "%").await, before);
    case.rotate().await;
    assert_eq!(case.shape(&clone, "%").await, before);
}

#[tokio::test]
async fn awss_function_can_come_back_after_a_retirement() {
    let mut case = Case::alternating().await;
    let old = case.rotate().await;
    case.retire(&old).await.unwrap();
    // What it would say next, of the user that was retired.
    case.sql("GRANT USAGE ON *.* TO '{app}' IDENTIFIED BY 'Aws-made-2'")
        .await;
    let again = changed(&old, "password", json!("Aws-made-2"));
    assert!(case.logs_in(&again).await);
}
