use rekey_rotation::SecretValue;

use crate::case::{Case, field};
use crate::revoking::{login, restore, retire};
use crate::servers::{self, Server};

/// Where the password shows: the server writes every statement to its log.
fn in_the_log(server: &Server, value: &SecretValue) -> bool {
    let password = field(value, "password");
    let hex: String = password.bytes().map(|byte| format!("{byte:02x}")).collect();
    let log = std::fs::read_to_string(&server.log_file).unwrap();
    log.contains(&password) || log.contains(&password.replace('\'', "''")) || log.contains(&hex)
}

#[tokio::test]
async fn a_credential_that_is_retired_and_brought_back_is_in_no_log() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        // Twice, so that the old one's password was never in a statement of the test's own.
        case.rotate().await;
        let old = case.rotate().await;
        retire(&case, &old).await.unwrap();
        restore(&case, &old).await.unwrap();
        login(&case, &old).await.unwrap();
        retire(&case, &old).await.unwrap();
        login(&case, &old).await.unwrap();
        assert!(!in_the_log(&server, &old) && !in_the_log(&server, &case.current));
        let log = std::fs::read_to_string(&server.log_file).unwrap();
        for statement in ["PASSWORD NULL", "LOGIN PASSWORD 'SCRAM-SHA-256$"] {
            let statement = format!("ALTER ROLE \"{}\" {statement}", field(&old, "username"));
            assert!(log.contains(&statement), "the log does hold the statement");
        }
    }
}

#[tokio::test]
async fn the_server_keeps_a_scram_verifier_whatever_it_would_choose_itself() {
    for server in servers::all() {
        let mut case = Case::alternating_on(&server).await;
        let (app, master) = (case.app.clone(), case.master.clone());
        for role in [&app, &master] {
            case.sql(&format!(
                "ALTER ROLE {role} SET password_encryption = 'md5'"
            ))
            .await;
        }
        case.rotate().await;
        let kept = case
            .ask(&format!(
                "SELECT rolpassword FROM pg_authid WHERE rolname = '{app}_clone'"
            ))
            .await;
        assert!(kept.unwrap().starts_with("SCRAM-SHA-256$4096:"));
    }
}
