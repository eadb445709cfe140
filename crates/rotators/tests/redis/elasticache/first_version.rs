//! A version without a password has nothing that could be taken away or brought back.

use rekey_rotation::testing::RevocableTarget as _;
use rekey_rotation::{Kinship, Login, Revoker as _};

use super::Case;
use super::world::Kind;
use crate::case::{failure, field};

impl Case {
    /// A value of the same user that has no password.
    fn without_password(&self) -> rekey_rotation::SecretValue {
        let of = |name: &str| field(&self.current, name);
        let json = serde_json::json!({"username": of("username"), "user_arn": of("user_arn"),
            "host": of("host"), "port": self.cache.port(), "ssl": false});
        crate::case::value(&json)
    }
}

#[tokio::test]
async fn a_first_version_without_a_password_is_void_to_retire_and_nobody_is_cut_off() {
    let mut case = Case::of(Kind::User).await;
    let first = case.without_password();
    let in_grace = case.rotate().await;
    case.changes();
    let session = case.cache.open_session(&in_grace).await;
    let kinship = case.rotator().kinship(&first, &case.current);
    assert_eq!(kinship, Ok(Kinship::Same), "there is nothing to retire");
    for refused in [
        case.sessions(&first).await.map(drop),
        case.revoke(&first).await.map(drop),
    ] {
        let (class, text) = failure(refused);
        assert_eq!(class, "invalid_request", "{text}");
    }
    assert!(case.changes().is_empty());
    assert_eq!(case.knock(&in_grace).await, Login::Accepted);
    assert!(case.cache.is_open(&session).await);
}

#[tokio::test]
async fn while_awscurrent_has_no_password_nothing_is_taken_away() {
    let mut case = Case::of(Kind::User).await;
    let old = case.rotate().await;
    let session = case.cache.open_session(&old).await;
    case.changes();
    case.current = case.without_password();
    for refused in [
        case.sessions(&old).await.map(drop),
        case.revoke(&old).await.map(drop),
    ] {
        let (class, text) = failure(refused);
        assert_eq!(class, "invalid_request", "{text}");
        assert!(text.contains("`password`"), "{text}");
    }
    assert!(case.changes().is_empty());
    assert!(case.cache.is_open(&session).await);
    // It can be rolled back from.
    let kinship = case.rotator().kinship(&old, &case.current);
    assert_eq!(kinship, Ok(Kinship::Separate));
}
