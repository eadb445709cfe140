//! The statements that docs/mysql.md and the catalogue give to copy and paste, run as they stand there.

use rekey_rotators::mysql::MARIADB;

use crate::case::Case;
use crate::servers::unique;

const PAGE: &str = include_str!("../../../../docs/mysql.md");

/// The statements of the first block of SQL after `heading`, with a test's own names in them.
fn block(text: &str, heading: &str, case: &Case, admin: &str) -> Vec<String> {
    let (_, rest) = text.split_once(heading).expect("the heading");
    let (_, rest) = rest.split_once("```sql\n").expect("a block");
    let (block, _) = rest.split_once("```").expect("the block's end");
    block
        .lines()
        .filter(|line| !line.starts_with("--") && !line.is_empty())
        .map(|line| {
            let line = line
                .split_once(';')
                .map_or(line, |(statement, _)| statement);
            line.replace("rekey_admin", admin)
                .replace("shop", &case.dbname)
                .replace("'...'", "'Admin-1'")
        })
        .collect()
}

async fn rotates_with(statements: impl Fn(&Case, &str) -> Vec<String>) {
    let mut case = Case::alternating().await;
    let admin = unique("admin");
    case.sql("GRANT UPDATE, DELETE ON {db}.* TO {app}@'%'")
        .await;
    for statement in statements(&case, &admin) {
        case.sql(&statement).await;
    }
    (case.master, case.master_password) = (admin, "Admin-1".to_owned());
    for _ in 0..3 {
        case.probe().await.unwrap();
        let old = case.rotate().await;
        let pool = case.session(&old).await;
        assert_eq!(case.retire(&old).await, Ok(1));
        assert!(!pool.is_open().await);
        case.restore(&old).await.unwrap();
        assert!(case.logs_in(&old).await);
    }
}

#[tokio::test]
async fn the_pages_grants_are_enough_to_rotate_to_retire_and_to_roll_back() {
    rotates_with(|case, admin| block(PAGE, "## What to grant", case, admin)).await;
}

#[tokio::test]
async fn the_catalogues_grants_are_enough_too() {
    rotates_with(|case, admin| block(MARIADB.permissions, "With two users", case, admin)).await;
}

#[tokio::test]
async fn what_the_page_says_may_be_needed_besides_is_enough() {
    let mut case = Case::alternating().await;
    let role = format!("{}_reporting", case.dbname);
    case.sql(&format!("CREATE ROLE {role}")).await;
    case.sql(&format!("GRANT {role} TO {{app}}@'%'")).await;
    case.sql(&format!("SET DEFAULT ROLE {role} FOR {{app}}@'%'"))
        .await;
    let admin = case.master.clone();
    let statements = block(PAGE, "Besides, when it is so", &case, &admin);
    let statements: Vec<String> = statements
        .iter()
        .map(|statement| statement.replace("reporting", &role))
        .collect();
    // The first two are about the role: each is asked for, by a dry run as by a rotation.
    let said = [
        (role.as_str(), role.as_str()),
        ("GRANT UPDATE", "SET DEFAULT ROLE"),
    ];
    for (statement, (by_dry_run, by_rotation)) in statements.iter().zip(said) {
        for (refused, says) in [
            (case.probe().await, by_dry_run),
            (case.try_rotate().await.map(drop), by_rotation),
        ] {
            let (class, text) = crate::case::failure(refused);
            assert_eq!(class, "permission", "{text}");
            assert!(text.contains(says), "{says}: {text}");
        }
        case.sql(statement).await;
    }
    case.probe().await.unwrap();
    case.rotate().await;
    for statement in statements.iter().skip(2) {
        case.sql(statement).await;
    }
}
