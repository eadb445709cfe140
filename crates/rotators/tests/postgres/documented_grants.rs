//! The statements that docs/postgres.md gives to copy and paste, run as they stand there.

use rekey_rotation::{Login, Revoker};

use crate::case::{Case, changed, failure};
use crate::revoking::{at, is_open, retire_with, revocation};
use crate::servers::{self, Server, connect, unique};

const PAGE: &str = include_str!("../../../../docs/postgres.md");

/// The statements of the page's block whose first line holds `sign`, with a test's own names in them.
pub fn block(sign: &str, case: &Case, admin: &str, group: &str) -> Vec<String> {
    let grants = PAGE
        .split_once("## What to grant")
        .and_then(|(_, rest)| rest.split_once("\n## "))
        .expect("the section")
        .0;
    let mut blocks = grants.split("```sql\n").skip(1).map(|rest| {
        let (block, _) = rest.split_once("```").expect("the block's end");
        block
    });
    let block = blocks
        .find(|block| block.contains(sign))
        .unwrap_or_else(|| panic!("no block says {sign}"));
    let clone = case.clone_name();
    let own = |word: &str| match word {
        "app" => case.app.clone(),
        "app_clone" => clone.clone(),
        "rekey_admin" => admin.to_owned(),
        "reporting" => group.to_owned(),
        other => other.to_owned(),
    };
    let named = |line: &str| {
        let mut text = String::new();
        let mut word = String::new();
        for character in line.chars().chain([' ']) {
            if character.is_alphanumeric() || character == '_' {
                word.push(character);
            } else {
                text.push_str(&own(&word));
                text.push(character);
                word.clear();
            }
        }
        text
    };
    block
        .lines()
        .filter(|line| !line.starts_with("--"))
        .map(named)
        .collect()
}

/// A user, and for it the administrator of the page, who made neither it nor its clone.
async fn documented(server: &Server, with_clone: bool) -> (Case, String) {
    let case = Case::alternating_on(server).await;
    let (app, clone, admin) = (case.app.clone(), case.clone_name(), unique("admin"));
    if with_clone {
        case.sql(&format!(
            "CREATE ROLE {clone} LOGIN; GRANT {app} TO {clone}"
        ))
        .await;
    }
    let sign = if server.major >= 16 {
        "PostgreSQL 16 and later"
    } else {
        "PostgreSQL 15 and earlier"
    };
    for statement in block(sign, &case, &admin, "") {
        if with_clone || !statement.contains("-- only if") {
            case.sql(&statement).await;
        }
    }
    case.sql(&format!("ALTER ROLE {admin} PASSWORD 'Admin-1'"))
        .await;
    (case, admin)
}

async fn rotate_as(case: &mut Case, admin: &str) -> Result<(), (&'static str, String)> {
    let superuser = changed(&case.superuser_secret(), "username", admin.into());
    let superuser = changed(&superuser, "password", "Admin-1".into());
    let pending = case.next();
    let rotator = case.rotator();
    match case.set_with(&rotator, &pending, &superuser).await {
        Ok(()) => {
            rekey_rotation::Rotator::test(&rotator, &pending)
                .await
                .unwrap();
            case.current = pending;
            Ok(())
        }
        refused => Err(failure(refused)),
    }
}

#[tokio::test]
async fn the_pages_grants_are_enough_to_rotate() {
    for server in servers::all() {
        for with_clone in [false, true] {
            let (mut case, admin) = documented(&server, with_clone).await;
            for _ in 0..3 {
                rotate_as(&mut case, &admin).await.unwrap();
            }
            if server.major >= 16 {
                let session = connect(server.port, &case.dbname, &admin, "Admin-1")
                    .await
                    .unwrap();
                let acts = session
                    .batch_execute(&format!("SET ROLE {}", case.app))
                    .await;
                assert!(
                    acts.is_err(),
                    "it may administer the two users, and not act as them"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_pages_grants_are_enough_to_retire_and_to_roll_back() {
    for server in servers::all() {
        let (mut case, admin) = documented(&server, false).await;
        let superuser = changed(&case.superuser_secret(), "username", admin.clone().into());
        let superuser = changed(&superuser, "password", "Admin-1".into());
        for _ in 0..2 {
            let old = case.current.clone();
            rotate_as(&mut case, &admin).await.unwrap();
            let pool = case.session(&old).await;
            let rotator = case.rotator();
            let retired = retire_with(&case, &rotator, &old, &superuser).await;
            assert_eq!(retired, Ok(1));
            assert!(!is_open(&pool).await);
            assert_eq!(rotator.try_login(&old, at(&old)).await, Ok(Login::Refused));
            let revocation = revocation(&case, &old, &superuser);
            let mut seized = rotator.seize(revocation).await.unwrap();
            rotator.restore(&mut seized, revocation).await.unwrap();
            assert_eq!(rotator.try_login(&old, at(&old)).await, Ok(Login::Accepted));
        }
    }
}

#[tokio::test]
async fn what_the_page_says_may_be_needed_besides_is_and_is_enough() {
    for server in servers::all() {
        let (mut case, admin) = documented(&server, true).await;
        let (app, clone, group) = (case.app.clone(), case.clone_name(), unique("reporting"));
        case.sql(&format!(
            "CREATE ROLE {group}; GRANT {group} TO {clone};
             ALTER ROLE {app} SET log_statement = 'ddl'"
        ))
        .await;
        if server.major >= 16 {
            case.sql(&format!("ALTER ROLE {app} REPLICATION")).await;
        }
        for (statement, says) in block("log_statement", &case, &admin, &group)
            .iter()
            .filter(|statement| !statement.is_empty())
            .zip(["REPLICATION", "log_statement", group.as_str()])
        {
            // Before 16 whoever may make roles may also take them away, and nobody but a superuser may
            // change one that has REPLICATION.
            if says != "log_statement" && server.major < 16 {
                continue;
            }
            let (class, text) = rotate_as(&mut case, &admin).await.unwrap_err();
            assert_eq!(class, "permission");
            assert!(text.contains(says), "{text}");
            case.sql(statement).await;
        }
        for _ in 0..3 {
            rotate_as(&mut case, &admin).await.unwrap();
        }
    }
}
