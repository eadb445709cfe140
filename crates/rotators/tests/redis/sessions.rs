use redis::aio::MultiplexedConnection;
use rekey_rotation::Revocation;

use crate::case::{Case, field, logs_in};
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
