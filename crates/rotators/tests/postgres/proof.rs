//! What a login proves, and what it does not.

use rekey_rotation::Login;

use crate::case::{Case, changed, failure};
use crate::revoking::login;
use crate::servers::{self, unique};

#[tokio::test]
async fn only_a_refused_credential_is_refused() {
    for server in servers::all() {
        let case = Case::on(&server).await;
        assert_eq!(login(&case, &case.current).await, Ok(Login::Accepted));
        let app = &case.app;
        for (field, to) in [
            ("password", "not-it".to_owned()),
            ("username", unique("nobody")),
        ] {
            let value = changed(&case.current, field, to.into());
            assert_eq!(login(&case, &value).await, Ok(Login::Refused), "{field}");
        }
        for (spoil, mend) in [
            ("PASSWORD NULL", None),
            ("NOLOGIN", Some("LOGIN")),
            ("VALID UNTIL '2001-01-01'", Some("VALID UNTIL 'infinity'")),
        ] {
            let case = Case::on(&server).await;
            case.sql(&format!("ALTER ROLE {} {spoil}", case.app)).await;
            assert_eq!(
                login(&case, &case.current).await,
                Ok(Login::Refused),
                "{spoil}"
            );
            if let Some(mend) = mend {
                case.sql(&format!("ALTER ROLE {} {mend}", case.app)).await;
                assert_eq!(login(&case, &case.current).await, Ok(Login::Accepted));
            }
        }
        case.sql(&format!("ALTER ROLE {app} CONNECTION LIMIT 0"))
            .await;
        assert_eq!(failure(login(&case, &case.current).await).0, "throttled");
    }
}

#[tokio::test]
async fn whatever_else_keeps_a_login_from_succeeding_proves_nothing() {
    for server in servers::all() {
        let case = Case::on(&server).await;
        let closed = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        for (field, to, class) in [
            ("port", closed.into(), "target_unreachable"),
            ("host", "db.rekey.invalid".into(), "target_unreachable"),
            ("host", "127.0.0.2".into(), "tls_refused"),
            ("dbname", "no_such_database".into(), "role_missing"),
        ] {
            let value = changed(&case.current, field, to);
            let (said, text) = failure(login(&case, &value).await);
            assert_eq!(said, class, "{text}");
        }
        // The servers' access rules reject this group; as often as it is missing it is made.
        let root = server.superuser(server.port, "postgres").await;
        let _there_already = root.batch_execute("CREATE ROLE shut_out").await;
        case.sql(&format!("GRANT shut_out TO {}", case.app)).await;
        assert_eq!(failure(login(&case, &case.current).await).0, "permission");
    }
}

#[tokio::test]
async fn an_old_version_that_goes_without_tls_is_tried_over_tls_where_the_server_asks_for_it() {
    for server in servers::all() {
        let case = Case::on(&server).await;
        let root = server.superuser(server.port, "postgres").await;
        let _there_already = root.batch_execute("CREATE ROLE tls_only").await;
        case.sql(&format!("GRANT tls_only TO {}", case.app)).await;
        let plain = changed(&case.current, "ssl", false.into());
        assert_eq!(login(&case, &plain).await, Ok(Login::Accepted));
        let wrong = changed(&plain, "password", "not-it".into());
        assert_eq!(login(&case, &wrong).await, Ok(Login::Refused));
    }
}
