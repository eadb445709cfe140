//! A door that takes every password takes the new one too, and proves nothing.

use rekey_rotation::{Moment, Revoker as _, Rotator as _};

use super::Case;
use super::api::Told;
use super::world::Kind;
use crate::case::{changed, failure, field};

impl Case {
    /// Every password is taken at the server.
    async fn open_the_door(&self) {
        let user = match self.cache.kind() {
            Kind::User => field(&self.current, "username"),
            Kind::Auth => "default".to_owned(),
        };
        let root = self.cache.root();
        root.ask::<()>(&["ACL", "SETUSER", &user, "nopass"]).await;
    }
}

/// Nobody sets, proves or probes a password there, and each says why.
async fn is_refused_everywhere(case: &Case, because: &str) {
    for refused in [
        case.set(&case.next()).await,
        case.rotator().test(&case.current).await,
        case.rotator().probe(&case.current, None).await,
    ] {
        let (class, text) = failure(refused);
        assert_eq!(class, "permission", "{text}");
        assert!(text.contains(because), "{text}");
    }
}

#[tokio::test]
async fn a_user_without_password_and_one_of_iam_are_refused_and_not_promoted() {
    let case = Case::of(Kind::User).await;
    case.open_the_door().await;
    for by in ["no-password", "iam"] {
        let authentication = Some(by);
        case.cache.cloud().tell(Told {
            authentication,
            ..Told::default()
        });
        is_refused_everywhere(&case, by).await;
    }
    assert!(case.changes().is_empty());
}

#[tokio::test]
async fn a_group_that_has_no_token_is_refused() {
    let case = Case::of(Kind::Auth).await;
    case.open_the_door().await;
    let no_token = true;
    case.cache.cloud().tell(Told {
        no_token,
        ..Told::default()
    });
    is_refused_everywhere(&case, "no AUTH token").await;
    assert!(case.changes().is_empty());
}

#[tokio::test]
async fn a_cache_that_takes_any_password_proves_none() {
    for kind in [Kind::User, Kind::Auth] {
        let case = Case::of(kind).await;
        case.open_the_door().await;
        let pending = case.next();
        let current = &case.current;
        let moment = Moment { current, now: 0 };
        for refused in [
            case.set(&pending).await,
            case.rotator().test(&pending).await,
            case.rotator().try_login(&pending, moment).await.map(drop),
            case.revoke(&pending).await.map(drop),
        ] {
            let (class, text) = failure(refused);
            assert_eq!(class, "permission", "{text}");
            assert!(text.contains("any password"), "{text}");
        }
        assert!(case.changes().is_empty());
    }
}

#[tokio::test]
async fn the_first_rotation_of_a_user_without_password_closes_its_door() {
    let mut case = Case::of(Kind::User).await;
    let (host, port) = (field(&case.current, "host"), case.cache.port());
    case.open_the_door().await;
    case.cache.cloud().has_none(case.cache.id());
    let least = serde_json::json!({"username": field(&case.current, "username"),
        "user_arn": field(&case.current, "user_arn"), "host": host, "port": port, "ssl": false});
    case.current = crate::case::value(&least);
    let none = case.rotate().await;
    assert_eq!(case.changes(), ["ModifyUser"]);
    let other = changed(
        &case.current,
        "password",
        "another-password-than-that".into(),
    );
    assert_eq!(case.knock(&other).await, rekey_rotation::Login::Refused);
    assert_eq!(
        case.knock(&case.current).await,
        rekey_rotation::Login::Accepted
    );

    // The same step, once more.
    let pending = std::mem::replace(&mut case.current, none);
    case.set(&pending).await.unwrap();
    assert!(case.changes().is_empty(), "it is set");
}
