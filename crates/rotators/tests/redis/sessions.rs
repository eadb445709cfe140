use redis::aio::MultiplexedConnection;
use rekey_rotation::{Revocation, Revoker as _};

use crate::case::{Case, failure, field, logs_in, secret, value};
use crate::own::Own;
use crate::servers;

async fn is_open(connection: &MultiplexedConnection) -> bool {
    let asked = redis::cmd("GET")
        .arg("app:x")
        .exec_async(&mut connection.clone())
        .await;
    match asked {
        Ok(()) => true,
        Err(error) => error.code().is_some(),
    }
}

#[tokio::test]
async fn a_retirement_ends_every_connection_of_the_user_and_no_other() {
    let mut case = Case::on(vec![servers::one("bare")]).await;
    case.current = crate::case::changed(&case.current, "persist", false.into());
    let session = async |of: &rekey_rotation::SecretValue| {
        let (user, password) = (field(of, "username"), field(of, "password"));
        case.server().log_in(&user, &password).await.unwrap()
    };
    let with_old = session(&case.current).await;
    let other = session(&case.superuser).await;
    let old = case.rotate().await;
    let (user, password) = (
        field(&case.current, "username"),
        field(&case.current, "password"),
    );
    let with_new = case.server().log_in(&user, &password).await.unwrap();
    assert!(is_open(&with_old).await && is_open(&with_new).await);

    assert_eq!(case.revoke(&old).await, Ok(2));
    assert!(!is_open(&with_old).await, "it came with the old password");
    assert!(!is_open(&with_new).await, "nothing tells it from the other");
    assert!(is_open(&other).await);
    assert!(logs_in(case.server(), &case.current).await, "it comes back");
    assert_eq!(case.revoke(&old).await, Ok(0), "a repetition finds none");
}

#[tokio::test]
async fn connections_count_when_they_are_older_than_the_switch() {
    let mut case = Case::on(vec![servers::one("aclfile")]).await;
    let (user, password) = (
        field(&case.current, "username"),
        field(&case.current, "password"),
    );
    let _session = case.server().log_in(&user, &password).await.unwrap();
    let old = case.rotate().await;
    // Servers tell the age of a connection in seconds.
    for (switched_at, count) in [(Some(1_001), 1), (Some(900), 0), (None, 1)] {
        let revocation = Revocation {
            switched_at,
            ..case.revocation(&old)
        };
        assert_eq!(
            case.sessions(revocation).await,
            Ok(count),
            "{switched_at:?}"
        );
    }
}

#[tokio::test]
async fn a_replica_that_may_know_the_old_password_only_is_not_cut_off() {
    let primary = Own::with_file(&["requirepass what-default-is-started-with"]).await;
    let follows = format!("replicaof 127.0.0.1 {}", primary.server.port);
    let replica = Own::with_file(&[
        "requirepass what-default-is-started-with",
        "masterauth what-default-is-started-with",
        &follows,
    ])
    .await;
    let root = replica.server.keeper().await;
    while !root
        .ask::<String>(&["INFO", "replication"])
        .await
        .contains("link_status:up")
    {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let mut case = Case::on(vec![primary.server.clone()]).await;
    let password = &primary.server.superuser_password;
    case.current = value(&secret(
        std::slice::from_ref(&primary.server),
        "default",
        password,
    ));
    let old = case.rotate().await;
    let before = case.root().rules("default").await;
    let rotator = case.rotator();
    let older = Revocation {
        switched_at: Some(1_001),
        ..case.revocation(&old)
    };
    let mut seized = rotator.seize(older).await.unwrap();
    let (class, text) = failure(rotator.revoke(&mut seized, older).await);
    assert_eq!(class, "throttled");
    assert!(text.contains("masterauth"), "{text}");
    assert_eq!(case.root().rules("default").await, before);

    // It has come again since, so it knows a password that stays.
    let younger = Revocation {
        switched_at: Some(900),
        ..older
    };
    rotator.revoke(&mut seized, younger).await.unwrap();
    assert!(!logs_in(&primary.server, &old).await);
}
