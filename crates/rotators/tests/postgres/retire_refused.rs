//! What a retirement asks for before it changes anything.

use std::time::Duration;

use rekey_rotation::{Login, Revoker};
use tokio::time::{Instant, sleep};

use crate::administrators::remedy;
use crate::case::{Case, ask, changed, failure, field};
use crate::revoking::{is_open, login, retire, retire_with, revocation};
use crate::servers::{self, unique};

#[tokio::test]
async fn nothing_is_taken_away_before_the_current_credential_has_logged_in() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let old = case.rotate().await;
        let pool = case.session(&old).await;
        let before = case.roles().await;
        let good = case.current.clone();
        case.current = changed(&good, "password", "not-it".into());
        let (class, text) = failure(retire(&case, &old).await);
        assert_eq!(class, "wrong_password");
        assert!(text.contains("AWSCURRENT"), "{text}");
        assert_eq!(case.roles().await, before);
        assert!(is_open(&pool).await && case.logs_in(&old).await);
        case.current = good;
        assert_eq!(retire(&case, &old).await, Ok(1));
    }
}

#[tokio::test]
async fn an_administrator_that_may_not_change_the_user_is_told_what_to_grant() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let old = case.rotate().await;
        let pool = case.session(&old).await;
        let (app, admin) = (case.app.clone(), unique("admin"));
        let (options, expected) = if server.major >= 16 {
            (
                "CREATEROLE",
                format!(r#"GRANT "{app}" TO "{admin}" WITH ADMIN OPTION;"#),
            )
        } else {
            ("", format!(r#"ALTER ROLE "{admin}" CREATEROLE;"#))
        };
        case.sql(&format!(
            "CREATE ROLE {admin} LOGIN {options} PASSWORD 'Admin-1'"
        ))
        .await;
        let superuser = changed(&case.superuser_secret(), "username", admin.into());
        let superuser = changed(&superuser, "password", "Admin-1".into());
        let before = case.roles().await;
        let (class, text) = failure(retire_with(&case, &case.rotator(), &old, &superuser).await);
        assert_eq!(class, "permission");
        assert_eq!(remedy(&text), expected);
        assert_eq!(case.roles().await, before);
        assert!(is_open(&pool).await);
        case.sql(remedy(&text)).await;
        let retired = retire_with(&case, &case.rotator(), &old, &superuser).await;
        assert_eq!(retired, Ok(1), "the right over both users is not needed");
    }
}

#[tokio::test]
async fn sessions_are_ended_by_a_membership_that_nobody_else_ever_sees() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let old = case.rotate().await;
        let pool = case.session(&old).await;
        let memberships = format!(
            "SELECT string_agg(m::text, ' ' ORDER BY m::text) FROM pg_auth_members m
             JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = '{}'",
            case.master
        );
        let before = case.ask(&memberships).await;
        let (rotator, superuser) = (case.rotator(), case.superuser_secret());
        let revocation = revocation(&case, &old, &superuser);
        let mut seized = rotator.seize(revocation).await.unwrap();
        // What the first time left open, the second would commit.
        assert_eq!(rotator.revoke(&mut seized, revocation).await, Ok(1));
        assert_eq!(rotator.revoke(&mut seized, revocation).await, Ok(0));
        assert_eq!(case.ask(&memberships).await, before);
        drop(seized);
        assert_eq!(case.ask(&memberships).await, before);
        assert!(!is_open(&pool).await);
    }
}

#[tokio::test]
async fn an_administrator_of_15_that_inherits_nothing_is_told_so_before_anything_is_changed() {
    let server = servers::all()
        .into_iter()
        .find(|server| server.major < 16)
        .unwrap();
    let mut case = Case::alternating_on(&server).await;
    let old = case.rotate().await;
    let pool = case.session(&old).await;
    case.sql(&format!("ALTER ROLE {} NOINHERIT", case.master))
        .await;
    let before = case.roles().await;
    let (class, text) = failure(retire(&case, &old).await);
    assert_eq!(class, "permission");
    assert!(text.contains("sessions open"), "{text}");
    assert_eq!(case.roles().await, before);
    assert!(is_open(&pool).await);
    case.sql(remedy(&text)).await;
    assert_eq!(retire(&case, &old).await, Ok(1));
}

#[tokio::test]
async fn a_retirement_needs_no_right_over_sessions_when_none_is_open() {
    let server = servers::all()
        .into_iter()
        .find(|server| server.major < 16)
        .unwrap();
    let mut case = Case::alternating_on(&server).await;
    let old = case.rotate().await;
    case.sql(&format!("ALTER ROLE {} NOINHERIT", case.master))
        .await;
    assert_eq!(retire(&case, &old).await, Ok(0));
    assert_eq!(login(&case, &old).await, Ok(Login::Refused));
}

#[tokio::test]
async fn a_role_that_is_only_named_like_one_of_a_pair_is_not_taken_out_of_use() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let (first, clone) = (case.current.clone(), case.clone_name());
        case.sql(&format!("CREATE ROLE {clone} LOGIN PASSWORD 'Stranger-1'"))
            .await;
        let stranger = changed(&first, "username", clone.clone().into());
        let stranger = changed(&stranger, "password", "Stranger-1".into());
        let before = case.roles().await;
        for (current, old) in [(&first, &stranger), (&stranger, &first)] {
            case.current = current.clone();
            let (class, text) = failure(retire(&case, old).await);
            assert_eq!(class, "permission");
            assert!(text.contains("not a member"), "{text}");
        }
        assert_eq!(case.roles().await, before);
    }
}

#[tokio::test]
async fn a_superuser_and_the_superuser_secrets_own_role_are_not_taken_out_of_use() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let old = case.rotate().await;
        let app = case.app.clone();
        case.sql(&format!("ALTER ROLE {app} CREATEROLE")).await;
        let itself = changed(&case.superuser_secret(), "username", app.clone().into());
        let itself = changed(&itself, "password", field(&old, "password").into());
        let before = case.roles().await;
        let (class, text) = failure(retire_with(&case, &case.rotator(), &old, &itself).await);
        assert_eq!(class, "permission");
        assert!(text.contains("the superuser secret too"), "{text}");
        assert_eq!(case.roles().await, before);

        case.sql(&format!("ALTER ROLE {app} SUPERUSER")).await;
        let root = changed(&case.superuser_secret(), "username", "postgres".into());
        let root = changed(&root, "password", server.superuser_password.as_str().into());
        let before = case.roles().await;
        let (class, text) = failure(retire_with(&case, &case.rotator(), &old, &root).await);
        assert_eq!(class, "permission");
        assert!(text.contains("is a superuser"), "{text}");
        assert_eq!(case.roles().await, before);
    }
}

#[tokio::test]
async fn a_server_that_asks_for_no_password_is_told_before_anything_is_changed() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let old = case.rotate().await;
        let group = unique("let_in");
        case.sql(&format!(
            "CREATE ROLE {group}; GRANT {group} TO {}",
            case.app
        ))
        .await;
        let rules = "SELECT setting FROM pg_settings WHERE name = 'hba_file'";
        let file = case.ask(rules).await.unwrap();
        // The line stands first; it is for this test's own user only.
        case.sql(&format!(
            "CREATE TEMP TABLE rules AS SELECT line, number
               FROM regexp_split_to_table(pg_read_file('{file}'), E'\\n')
                    WITH ORDINALITY AS lines(line, number) WHERE line NOT LIKE '%trust';
             INSERT INTO rules VALUES ('host all +{group} 127.0.0.0/8 trust', 0);
             COPY (SELECT line FROM rules ORDER BY number) TO '{file}';
             SELECT pg_reload_conf()"
        ))
        .await;
        let anything = changed(&old, "password", "anything".into());
        let deadline = Instant::now() + Duration::from_secs(10);
        while !case.logs_in(&anything).await {
            assert!(Instant::now() < deadline, "the rules are not read");
            sleep(Duration::from_millis(20)).await;
        }
        let before = case.roles().await;
        let (class, text) = failure(retire(&case, &old).await);
        assert_eq!(class, "permission");
        assert!(text.contains("pg_hba.conf"), "{text}");
        assert_eq!(case.roles().await, before);

        case.sql(&format!("REVOKE {group} FROM {}", case.app)).await;
        retire(&case, &old).await.unwrap();
        let master = ask(&case.session(&case.superuser_secret()).await, "SELECT 'in'").await;
        assert_eq!(master.as_deref(), Some("in"));
        assert_eq!(login(&case, &old).await, Ok(Login::Refused));
    }
}
