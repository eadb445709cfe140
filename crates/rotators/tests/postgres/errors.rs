use rekey_rotation::Rotator;
use tokio::net::TcpListener;

use crate::case::{Case, bounds, changed, failure, rotator};
use crate::servers::{self, unique};

/// Class and text of the failure to log in with what `field` is changed to.
async fn with(case: &Case, field: &str, to: serde_json::Value) -> (&'static str, String) {
    let value = changed(&case.current, field, to);
    let result = case.rotator().test(&value).await;
    let (class, text) = failure(result);
    assert!(
        !text.contains(&crate::case::field(&value, "password")),
        "{text}"
    );
    (class, text)
}

#[tokio::test]
async fn what_went_wrong_at_the_login_is_told_apart() {
    for server in servers::all() {
        let case = Case::on(&server).await;
        let (class, text) = with(&case, "host", "no-such-host.invalid".into()).await;
        assert_eq!(class, "target_unreachable");
        assert!(text.contains("does not resolve"), "{text}");

        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let (class, text) = with(&case, "port", port.into()).await;
        assert_eq!(class, "target_unreachable");
        assert!(text.contains("refuses connections"), "{text}");

        let (class, text) = with(&case, "password", "not-it".into()).await;
        assert_eq!(class, "wrong_password");
        assert!(text.contains("AWSPENDING"), "{text}");

        let (class, _) = with(&case, "username", unique("nobody").into()).await;
        assert_eq!(class, "wrong_password", "the server does not tell it apart");

        let (class, text) = with(&case, "dbname", "no_such_database".into()).await;
        assert_eq!(class, "role_missing");
        assert!(text.contains("`dbname`"), "{text}");
    }
}

#[tokio::test]
async fn what_the_server_forbids_at_the_login_is_told_with_the_statement_that_allows_it() {
    for server in servers::all() {
        let case = Case::on(&server).await;
        let (app, db) = (case.app.clone(), case.dbname.clone());
        let forbidden = [
            (
                format!("ALTER ROLE {app} NOLOGIN"),
                "permission",
                format!(r#"ALTER ROLE "{app}" LOGIN"#),
                format!("ALTER ROLE {app} LOGIN"),
            ),
            (
                format!(
                    "ALTER DATABASE {db} OWNER TO postgres; REVOKE CONNECT ON DATABASE {db} FROM PUBLIC"
                ),
                "permission",
                format!(r#"GRANT CONNECT ON DATABASE "{db}" TO "{app}""#),
                format!("GRANT CONNECT ON DATABASE {db} TO {app}"),
            ),
            (
                format!("ALTER ROLE {app} CONNECTION LIMIT 0"),
                "throttled",
                "CONNECTION LIMIT".to_owned(),
                format!("ALTER ROLE {app} CONNECTION LIMIT -1"),
            ),
            (
                format!("ALTER ROLE {app} VALID UNTIL '2001-01-01'"),
                "wrong_password",
                "VALID UNTIL".to_owned(),
                format!("ALTER ROLE {app} VALID UNTIL 'infinity'"),
            ),
        ];
        for (spoil, expected, says, mend) in forbidden {
            case.sql(&spoil).await;
            let (class, text) = failure(case.rotator().test(&case.current).await);
            assert_eq!(class, expected, "{text}");
            assert!(text.contains(&says), "{text}");
            case.sql(&mend).await;
            case.rotator().test(&case.current).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_server_whose_access_rules_shut_the_user_out_is_told_from_a_wrong_password() {
    for server in servers::all() {
        let case = Case::on(&server).await;
        // The servers' access rules reject this group; as often as it is missing it is made.
        let root = server.superuser(server.port, "postgres").await;
        let _there_already = root.batch_execute("CREATE ROLE shut_out").await;
        root.batch_execute(&format!("GRANT shut_out TO {}", case.app))
            .await
            .unwrap();
        let (class, text) = failure(case.rotator().test(&case.current).await);
        assert_eq!(class, "permission");
        assert!(text.contains("pg_hba.conf"), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_takes_the_connection_and_says_nothing_does_not_hold_the_function() {
    let server = &servers::all()[0];
    let case = Case::on(server).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let current = changed(&case.current, "port", port.into());
    let impatient = rekey_rotators::postgres::Bounds {
        connect: std::time::Duration::from_millis(300),
        ..bounds()
    };
    let (class, text) = failure(rotator(&server.ca, impatient).test(&current).await);
    assert_eq!(class, "target_unreachable");
    assert!(
        text.contains("did not finish the login within 0.3 s"),
        "{text}"
    );
}

#[tokio::test]
async fn an_expired_base_role_is_refused_by_name_rather_than_given_a_useless_password() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        case.rotate().await;
        case.sql(&format!("ALTER ROLE {} VALID UNTIL '2001-01-01'", case.app))
            .await;
        let (class, text) = failure(case.set(&case.next()).await);
        assert_eq!(class, "permission");
        assert!(text.contains("VALID UNTIL 'infinity'"), "{text}");
    }
}

#[tokio::test]
async fn bad_secrets_are_refused_without_a_connection_and_without_their_values() {
    let server = &servers::all()[0];
    let case = Case::alternating_on(server).await;
    for (field, to) in [
        ("engine", serde_json::json!("canary-engine")),
        ("port", "canary-port".into()),
        ("ssl", "canary-ssl".into()),
        ("masterarn", "canary arn".into()),
        ("username", "".into()),
        ("password", serde_json::Value::Null),
    ] {
        let pending = changed(&case.next(), field, to);
        let (class, text) = failure(case.set(&pending).await);
        assert_eq!(class, "invalid_request");
        assert!(
            text.contains(&format!("`{field}`")) && !text.contains("canary"),
            "{text}"
        );
    }
    assert_eq!(server.logins(&case.app), 0);
}
