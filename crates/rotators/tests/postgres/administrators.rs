use serde_json::json;

use crate::case::{Case, changed, failure, value};
use crate::servers::{self, unique};

/// The statements that an error text asks for.
pub fn remedy(text: &str) -> &str {
    let starts = ["GRANT ", "ALTER ROLE ", "CREATE ROLE ", "ALTER POLICY "];
    let start = starts.iter().filter_map(|start| text.find(start)).min();
    &text[start.unwrap_or_else(|| panic!("no statement to run in {text}"))..]
}

#[tokio::test]
async fn a_user_that_somebody_else_made_needs_the_admin_option_from_16_on_and_the_error_says_how() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let (app, master) = (case.app.clone(), case.master.clone());
        if server.major >= 16 {
            case.sql(&format!("REVOKE {app} FROM {master}")).await;
            let before = case.roles().await;
            let (class, text) = failure(case.set(&case.next()).await);
            assert_eq!(class, "permission");
            assert_eq!(
                remedy(&text),
                format!(r#"GRANT "{app}" TO "{master}" WITH ADMIN OPTION;"#)
            );
            assert_eq!(case.roles().await, before);
            case.sql(remedy(&text)).await;
        }
        case.rotate().await;
        case.rotate().await;

        // A clone that the last administrator's own predecessor made.
        let clone = case.clone_name();
        if server.major >= 16 {
            case.sql(&format!("REVOKE {clone} FROM {master}")).await;
            let (class, text) = failure(case.set(&case.next()).await);
            assert_eq!(class, "permission");
            case.sql(remedy(&text)).await;
        }
        case.rotate().await;
    }
}

#[tokio::test]
async fn a_superuser_secret_whose_role_makes_no_roles_is_told_so() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        case.sql(&format!("ALTER ROLE {} NOCREATEROLE", case.master))
            .await;
        let (class, text) = failure(case.set(&case.next()).await);
        assert_eq!(class, "permission");
        case.sql(remedy(&text)).await;
        case.rotate().await;
    }
}

#[tokio::test]
async fn a_setting_that_only_a_superuser_may_carry_over_is_named() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let (app, clone) = (case.app.clone(), case.clone_name());
        case.sql(&format!("ALTER ROLE {app} SET log_statement = 'ddl'"))
            .await;
        let before = case.roles().await;
        let (class, text) = failure(case.set(&case.next()).await);
        assert_eq!(class, "permission");
        assert!(text.contains("log_statement"), "{text}");
        assert_eq!(case.roles().await, before, "all or nothing");
        // Once given by hand it is left alone.
        let make = format!("SET ROLE {}; CREATE ROLE {clone}; RESET ROLE", case.master);
        case.sql(&format!("GRANT {} TO postgres", case.master))
            .await;
        case.sql(&make).await;
        case.sql(&format!("ALTER ROLE {clone} SET log_statement = 'ddl'"))
            .await;
        case.rotate().await;
    }
}

#[tokio::test]
async fn a_superuser_secret_that_rds_manages_has_no_host_and_works_over_tls_only() {
    for server in servers::all() {
        let case = Case::alternating_on(&server).await;
        let full = case.superuser_secret();
        let managed = value(&json!({
            "username": crate::case::field(&full, "username"),
            "password": crate::case::field(&full, "password"),
        }));
        let pending = case.next();
        case.set_with(&case.rotator(), &pending, &managed)
            .await
            .unwrap();
        assert!(case.logs_in(&pending).await);

        // Its password goes where another secret says: never in plaintext, whatever that one asks for.
        let mut case = case;
        case.current = changed(&case.current, "ssl", false.into());
        let (plain, port) = servers::with_plain();
        case.current = changed(&case.current, "port", port.into());
        if plain.major != server.major {
            continue;
        }
        let user = unique("stranger");
        let root = plain.superuser(port, "postgres").await;
        let (db, password) = (&case.dbname, unique("Pw"));
        root.batch_execute(&format!("CREATE ROLE {user} LOGIN PASSWORD '{password}'"))
            .await
            .unwrap();
        root.batch_execute(&format!("CREATE DATABASE {db}"))
            .await
            .unwrap();
        case.current = changed(&case.current, "username", user.into());
        case.current = changed(&case.current, "password", password.into());
        let result = case.set_with(&case.rotator(), &case.next(), &managed).await;
        assert_eq!(failure(result).0, "tls_refused");
    }
}

#[tokio::test]
async fn a_superuser_of_another_server_is_refused_before_anything_is_changed() {
    let servers = servers::all();
    let (here, there) = (&servers[0], &servers[1]);
    let case = Case::alternating_on(here).await;
    let before = case.roles().await;
    let elsewhere = Case::alternating_on(there).await;
    // One rotator that trusts both servers' authorities.
    let both = [here.ca.clone(), there.ca.clone()].concat();
    let rotator = crate::case::rotator(&both, crate::case::bounds());
    let root = there.superuser(there.port, "postgres").await;
    root.batch_execute(&format!("CREATE DATABASE {}", case.dbname))
        .await
        .unwrap();
    let result = case
        .set_with(&rotator, &case.next(), &elsewhere.superuser_secret())
        .await;
    let (class, text) = failure(result);
    assert_eq!(class, "invalid_request");
    assert!(text.contains("read replica"), "{text}");
    assert_eq!(case.roles().await, before);
}

#[tokio::test]
async fn replication_is_given_to_the_second_user_or_asked_for() {
    for server in servers::all() {
        for with_clone in [false, true] {
            let mut case = Case::alternating_on(&server).await;
            let (app, clone, master) = (case.app.clone(), case.clone_name(), case.master.clone());
            if with_clone {
                case.rotate().await;
                case.rotate().await;
            }
            case.sql(&format!("ALTER ROLE {app} REPLICATION")).await;
            let before = case.roles().await;
            let (class, text) = failure(case.set(&case.next()).await);
            assert_eq!(class, "permission");
            let expected = if server.major < 16 {
                format!(r#"ALTER ROLE "{master}" SUPERUSER;"#)
            } else if with_clone {
                format!(r#"ALTER ROLE "{clone}" REPLICATION;"#)
            } else {
                format!(
                    r#"CREATE ROLE "{clone}" REPLICATION; GRANT "{clone}" TO "{master}" WITH ADMIN OPTION;"#
                )
            };
            assert_eq!(remedy(&text), expected);
            assert_eq!(case.roles().await, before);
            case.sql(remedy(&text)).await;
            case.rotate().await;
            assert!(replicates(&case, &clone).await);
            case.rotate().await;
        }
    }
}

#[tokio::test]
async fn a_superuser_gives_replication_itself() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let (app, clone, master) = (case.app.clone(), case.clone_name(), case.master.clone());
        case.sql(&format!(
            "ALTER ROLE {app} REPLICATION; ALTER ROLE {master} SUPERUSER"
        ))
        .await;
        case.rotate().await;
        assert!(replicates(&case, &clone).await);
    }
}

async fn replicates(case: &Case, role: &str) -> bool {
    let query = format!("SELECT rolreplication::text FROM pg_roles WHERE rolname = '{role}'");
    case.ask(&query).await.as_deref() == Some("true")
}
