//! What the server says, by class, each from a real refusal.

use std::time::Duration;

use rekey_rotation::Rotator as _;
use rekey_rotators::mysql::Bounds;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::case::{Case, bounds, changed, failure, field, rotator};
use crate::servers::Session;

#[tokio::test]
async fn a_login_that_fails_has_the_class_of_its_cause() {
    let case = Case::single().await;
    for (name, to, class, says) in [
        (
            "password",
            json!("Wrong-1"),
            "wrong_password",
            "does not take",
        ),
        (
            "username",
            json!("nobody-at-all"),
            "wrong_password",
            "does not take",
        ),
        ("dbname", json!("no_such_db"), "permission", "dbname"),
        (
            "host",
            json!("no-such-host.invalid"),
            "target_unreachable",
            "does not resolve",
        ),
        (
            "port",
            json!(1),
            "target_unreachable",
            "refuses connections",
        ),
    ] {
        let value = changed(&case.current, name, to);
        let (found, text) = failure(case.rotator().test(&value).await);
        assert_eq!(found, class, "{name}: {text}");
        assert!(text.contains(says), "{name}: {text}");
    }
}

#[tokio::test]
async fn a_database_that_is_gone_is_told_from_one_that_may_not_be_used() {
    let case = Case::single().await;
    case.sql("GRANT SELECT ON *.* TO {app}@'%'").await;
    let gone = changed(&case.current, "dbname", json!("no_such_db"));
    let (class, text) = failure(case.rotator().test(&gone).await);
    assert_eq!(class, "role_missing", "{text}");
}

#[tokio::test]
async fn an_account_that_the_server_holds_back_is_told_by_its_reason() {
    for (statement, class, says) in [
        (
            "ALTER USER {app}@'%' ACCOUNT LOCK",
            "permission",
            "ACCOUNT UNLOCK",
        ),
        (
            "ALTER USER {app}@'%' PASSWORD EXPIRE",
            "permission",
            "expired",
        ),
        (
            "ALTER USER {app}@'%' IDENTIFIED VIA unix_socket",
            "wrong_password",
            "unix_socket",
        ),
        (
            "ALTER USER {app}@'%' REQUIRE X509",
            "wrong_password",
            "does not take",
        ),
    ] {
        let case = Case::single().await;
        case.sql(statement).await;
        let (found, text) = failure(case.rotator().test(&case.current).await);
        assert_eq!(found, class, "{statement}: {text}");
        assert!(text.contains(says), "{statement}: {text}");
    }
}

#[tokio::test]
async fn a_user_without_a_connection_left_is_busy() {
    let case = Case::single().await;
    case.sql("ALTER USER {app}@'%' WITH MAX_USER_CONNECTIONS 1")
        .await;
    let held = case.session(&case.current).await;
    let (class, text) = failure(case.rotator().test(&case.current).await);
    assert_eq!(class, "throttled", "{text}");
    assert!(held.is_open().await);
}

#[tokio::test]
async fn the_superusers_own_password_is_named_as_such() {
    let case = Case::alternating().await;
    let wrong = changed(&case.superuser_secret(), "password", json!("Wrong-1"));
    let pending = case.next();
    let (class, text) = failure(case.set_with(&case.rotator(), &pending, &wrong).await);
    assert_eq!(class, "wrong_password", "{text}");
    assert!(text.contains("superuser secret"), "{text}");
}

/// The server that only few tests use, one at a time: they change more of it than a user.
static PLAIN: Mutex<()> = Mutex::const_new(());

/// A single user there.
async fn at_the_plain_server() -> (Case, Session) {
    let mut case = Case::single().await;
    let port = case.server.plain_port;
    let password = field(&case.current, "password");
    let root = case.server.root(port).await;
    let account = format!("{}@'%' IDENTIFIED BY '{password}'", case.app);
    root.run(&format!("CREATE USER {account}")).await.unwrap();
    for (name, to) in [
        ("port", json!(port)),
        ("dbname", json!(null)),
        ("ssl", json!(false)),
    ] {
        case.current = changed(&case.current, name, to);
    }
    (case, root)
}

#[tokio::test]
async fn a_lock_of_the_servers_own_is_waited_for_and_then_left() {
    let _alone = PLAIN.lock().await;
    let (case, root) = at_the_plain_server().await;
    let pending = case.next();
    let hurried = rotator(
        &case.server.ca,
        Bounds {
            lock: Duration::from_secs(1),
            ..bounds()
        },
    );
    let superuser = case.superuser_secret();
    let credentials = case.credentials(&pending, &superuser);
    let hold = hurried.lock(credentials).await.unwrap();
    // A backup.
    root.run("FLUSH TABLES WITH READ LOCK").await.unwrap();
    let waited = hurried.set(hold, credentials).await;
    root.run("UNLOCK TABLES").await.unwrap();
    let (class, text) = failure(waited);
    assert_eq!(class, "throttled", "{text}");
    assert!(case.logs_in(&case.current).await);
    case.set(&pending).await.unwrap();
    assert!(case.logs_in(&pending).await);
}

#[tokio::test]
async fn a_server_that_wants_to_read_every_password_is_not_sent_one() {
    let _alone = PLAIN.lock().await;
    let (mut case, root) = at_the_plain_server().await;
    root.run("INSTALL SONAME 'simple_password_check'")
        .await
        .unwrap();
    let rotated = case.try_rotate().await;
    root.run("SET GLOBAL strict_password_validation = OFF")
        .await
        .unwrap();
    let remedied = case.try_rotate().await;
    for statement in [
        "SET GLOBAL strict_password_validation = ON",
        "UNINSTALL SONAME 'simple_password_check'",
    ] {
        root.run(statement).await.unwrap();
    }
    let (class, text) = failure(rotated);
    assert_eq!(class, "permission", "{text}");
    assert!(text.contains("strict_password_validation = OFF"), "{text}");
    remedied.unwrap();
}

#[tokio::test]
async fn what_is_no_such_server_is_unreachable() {
    let case = Case::single().await;
    for greeting in [&b""[..], b"SSH-2.0-OpenSSH_9.2\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                stream.write_all(greeting).await.unwrap();
            }
        });
        let value = changed(&case.current, "host", json!("127.0.0.1"));
        let value = changed(&value, "port", json!(port));
        let (class, text) = failure(case.rotator().test(&value).await);
        assert_eq!(class, "target_unreachable", "{text}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let case = Case::single().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let value = changed(&case.current, "host", json!("127.0.0.1"));
    let value = changed(&value, "port", json!(listener.local_addr().unwrap().port()));
    let hurried = rotator(
        &case.server.ca,
        Bounds {
            connect: Duration::from_millis(300),
            ..bounds()
        },
    );
    let (class, text) = failure(hurried.test(&value).await);
    assert_eq!(class, "target_unreachable", "{text}");
    assert!(text.contains("within 0.3 s"), "{text}");
}
