use rekey_rotation::Rotator;

use crate::case::{Case, bounds, changed, failure, rotator};
use crate::servers::{self, unique};

#[tokio::test]
async fn without_ssl_in_the_secret_the_connection_is_verified_and_encrypted() {
    for server in servers::all() {
        let mut case = Case::on(&server).await;
        case.rotate().await;
        let encrypted = format!("connection authorized: user={} ", case.app);
        let log = std::fs::read_to_string(&server.log_file).unwrap();
        let logins: Vec<&str> = log.lines().filter(|l| l.contains(&encrypted)).collect();
        assert!(!logins.is_empty());
        assert!(logins.iter().all(|line| line.contains("SSL enabled")));
    }
}

#[tokio::test]
async fn ssl_false_is_plaintext_on_purpose() {
    for server in servers::all() {
        for off in [false.into(), "False".into()] {
            let mut case = Case::on(&server).await;
            case.current = changed(&case.current, "ssl", off);
            let rotator = case.rotator();
            rotator.test(&case.current).await.unwrap();
            let log = std::fs::read_to_string(&server.log_file).unwrap();
            let login = format!("connection authorized: user={} ", case.app);
            let line = log.lines().find(|line| line.contains(&login)).unwrap();
            assert!(!line.contains("SSL"), "{line}");
        }
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let servers = servers::all();
    for (server, other) in [(&servers[0], &servers[1]), (&servers[1], &servers[0])] {
        let case = Case::on(server).await;
        let (class, text) = failure(rotator(&other.ca, bounds()).test(&case.current).await);
        assert_eq!(class, "tls_refused");
        assert!(text.contains("REKEY_CA_FILE"), "{text}");
        assert_eq!(server.logins(&case.app), 0);
    }
}

#[tokio::test]
async fn a_host_that_the_certificate_does_not_name_is_refused_with_what_to_do() {
    for server in servers::all() {
        let case = Case::on(&server).await;
        // The server listens there too, and its certificate says localhost and 127.0.0.1.
        let alias = changed(&case.current, "host", "127.0.0.2".into());
        let (class, text) = failure(case.rotator().test(&alias).await);
        assert_eq!(class, "tls_refused");
        assert!(text.contains("CNAME"), "{text}");
        assert_eq!(server.logins(&case.app), 0);
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_and_never_spoken_to_in_plaintext() {
    let (server, port) = servers::with_plain();
    let case = Case::on(&server).await;
    let role = unique("plain");
    let root = server.superuser(port, "postgres").await;
    let password = unique("Pw");
    root.batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'"))
        .await
        .unwrap();
    let mut current = case.current.clone();
    for (name, to) in [
        ("port", port.into()),
        ("username", role.clone().into()),
        ("password", password.into()),
        ("dbname", "postgres".into()),
    ] {
        current = changed(&current, name, to);
    }
    let log = || std::fs::read_to_string(server.directory.join("plain.log")).unwrap();
    let login = format!("user={role} ");
    for on in [serde_json::Value::Null, true.into(), "true".into()] {
        let secret = changed(&current, "ssl", on);
        let (class, text) = failure(case.rotator().test(&secret).await);
        assert_eq!(class, "tls_refused");
        assert!(text.contains("offers no TLS"), "{text}");
    }
    assert!(!log().contains(&login));
    let plain = changed(&current, "ssl", false.into());
    case.rotator().test(&plain).await.unwrap();
    assert!(log().contains(&login), "the log does tell of logins");
}

#[tokio::test]
async fn a_server_that_demands_tls_says_so_to_a_plaintext_login() {
    for server in servers::all() {
        let case = Case::on(&server).await;
        // The servers' access rules reject this group without TLS; as often as it is missing it is made.
        let root = server.superuser(server.port, "postgres").await;
        let _there_already = root.batch_execute("CREATE ROLE tls_only").await;
        root.batch_execute(&format!("GRANT tls_only TO {}", case.app))
            .await
            .unwrap();
        let plain = changed(&case.current, "ssl", false.into());
        let (class, text) = failure(case.rotator().test(&plain).await);
        assert_eq!(class, "tls_refused");
        assert!(text.contains("`ssl`"), "{text}");
        case.rotator().test(&case.current).await.unwrap();
    }
}
