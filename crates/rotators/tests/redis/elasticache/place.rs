//! A secret that is told where its cache is has the credential that it had.

use rekey_rotation::{Credentials, Kinship, Login, Revoker as _, Rotator as _};
use serde_json::json;

use super::Case;
use super::world::Kind;
use crate::case::{changed, failure, field, value};

#[tokio::test]
async fn a_version_from_before_the_host_was_added_is_retired_at_the_host_of_awscurrent() {
    let mut case = Case::of(Kind::User).await;
    let whole = case.rotate().await;
    let of = |name: &str| field(&whole, name);
    let least =
        json!({"username": of("username"), "password": of("password"), "user_arn": of("user_arn")});
    let old = value(&least);
    let moved = changed(&whole, "host", "moved.since.then".into());
    for old in [&old, &moved] {
        let kinship = case.rotator().kinship(old, &case.current);
        assert_eq!(kinship, Ok(Kinship::Separate));
        assert_eq!(case.knock(old).await, Login::Accepted);
    }
    case.revoke(&old).await.unwrap();
    for old in [&old, &moved] {
        assert_eq!(case.knock(old).await, Login::Refused);
    }
}

#[tokio::test]
async fn a_rotation_does_not_move_its_secret_to_another_host() {
    for kind in [Kind::User, Kind::Auth] {
        let case = Case::of(kind).await;
        let pending = changed(&case.next(), "host", "localhost".into());
        let credentials = Credentials {
            current: &case.current,
            pending: &pending,
            previous: None,
            superuser: None,
            now: 1_000,
        };
        let refused = case.rotator().lock(credentials).await.map(drop);
        let (class, text) = failure(refused);
        assert_eq!(class, "invalid_request", "{text}");
        assert!(text.contains("`host`"), "{text}");
    }
}
