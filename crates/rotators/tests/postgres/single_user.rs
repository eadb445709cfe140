use rekey_rotation::{Credentials, Overlap, Rotator};

use crate::case::{Case, changed, failure, field};
use crate::servers;

#[tokio::test]
async fn a_rotation_replaces_the_password_of_the_user() {
    for server in servers::all() {
        let mut case = Case::on(&server).await;
        assert_eq!(
            case.rotator().overlap(&case.current).unwrap(),
            Overlap::SingleUser
        );
        for _ in 0..2 {
            let old = case.rotate().await;
            assert!(case.logs_in(&case.current).await);
            assert!(!case.logs_in(&old).await);
            assert_eq!(field(&old, "username"), field(&case.current, "username"));
        }
    }
}

#[tokio::test]
async fn it_takes_one_login_to_set_and_one_to_test() {
    for server in servers::all() {
        let mut case = Case::on(&server).await;
        case.rotate().await;
        assert_eq!(server.logins(&case.app), 2);
    }
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_made_again() {
    for server in servers::all() {
        let case = Case::on(&server).await;
        let pending = case.next();
        case.set(&pending).await.unwrap();
        assert!(!case.logs_in(&case.current).await);
        case.set(&pending).await.unwrap();
        case.rotator().test(&pending).await.unwrap();
    }
}

#[tokio::test]
async fn a_password_that_was_put_back_by_hand_is_found_under_awsprevious() {
    for server in servers::all() {
        let mut case = Case::on(&server).await;
        let old = case.rotate().await;
        let (user, password) = (field(&old, "username"), field(&old, "password"));
        case.sql(&format!("ALTER ROLE {user} PASSWORD '{password}'"))
            .await;
        let pending = case.next();
        let (class, text) = failure(case.set(&pending).await);
        assert_eq!(class, "wrong_password", "{text}");

        let rotator = case.rotator();
        let credentials = Credentials {
            current: &case.current,
            pending: &pending,
            previous: Some(&old),
            superuser: None,
            now: 0,
        };
        let hold = rotator.lock(credentials).await.unwrap();
        rotator.set(hold, credentials).await.unwrap();
        assert!(case.logs_in(&pending).await);

        let other = changed(&old, "username", "someone_else".into());
        let credentials = Credentials {
            previous: Some(&other),
            ..credentials
        };
        let (class, text) = failure(rotator.lock(credentials).await);
        assert_eq!(class, "invalid_request");
        assert!(text.contains("AWSPREVIOUS"), "{text}");
    }
}

#[tokio::test]
async fn user_host_port_database_and_engine_do_not_change_between_versions() {
    for server in servers::all() {
        let case = Case::on(&server).await;
        let before = case.roles().await;
        for (name, to) in [
            ("username", "postgres".into()),
            ("host", "127.0.0.1".into()),
            ("port", 5432.into()),
            ("dbname", "postgres".into()),
            ("engine", "aurora-postgresql".into()),
        ] {
            let (class, text) = failure(case.set(&changed(&case.next(), name, to)).await);
            assert_eq!(class, "invalid_request");
            assert!(text.contains(&format!("`{name}`")), "{text}");
        }
        assert_eq!(case.roles().await, before);
        assert_eq!(server.logins(&case.app), 0);
    }
}

#[tokio::test]
async fn a_user_that_acts_as_another_role_and_only_reads_can_be_rotated() {
    for server in servers::all() {
        let mut case = Case::on(&server).await;
        let owner = servers::unique("owner");
        case.sql(&format!(
            "CREATE ROLE {owner};
             GRANT {owner} TO {app};
             ALTER ROLE {app} SET role = '{owner}';
             ALTER ROLE {app} SET default_transaction_read_only = on;
             ALTER ROLE {app} SET synchronous_commit = off",
            app = case.app
        ))
        .await;
        let old = case.rotate().await;
        assert!(!case.logs_in(&old).await);
        assert!(case.logs_in(&case.current).await);
    }
}

#[tokio::test]
async fn names_and_databases_that_need_quotes_are_quoted() {
    for server in servers::all() {
        for text in [r#"it's "quoted" \ %s"#, "Größe; DROP ROLE x"] {
            let mut case = Case::named(&server, &servers::unique(text)).await;
            let old = case.rotate().await;
            assert!(case.logs_in(&case.current).await && !case.logs_in(&old).await);
            let mut case = case.alternating();
            let old = case.rotate().await;
            assert!(case.logs_in(&case.current).await && case.logs_in(&old).await);
        }
    }
}
