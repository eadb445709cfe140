//! What AWS says is done is done once the cache says so.

use rekey_rotation::testing::RevocableTarget as _;
use rekey_rotation::{Login, Revocation, Revoker as _};

use super::Case;
use super::api::Told;
use super::world::Kind;
use crate::case::failure;

#[tokio::test]
async fn connections_are_not_ended_before_the_cache_refuses_the_old_password() {
    for kind in [Kind::User, Kind::Auth] {
        let mut case = Case::of(kind).await;
        let old = case.rotate().await;
        let session = case.cache.open_session(&old).await;
        let not_there_yet = true;
        case.cache.cloud().tell(Told {
            not_there_yet,
            ..Told::default()
        });
        let (class, text) = failure(case.revoke(&old).await);
        assert_eq!(class, "throttled", "{text}");
        assert!(case.cache.is_open(&session).await);

        case.cache.cloud().tell(Told::default());
        assert!(case.revoke(&old).await.unwrap() >= 1);
        assert_eq!(case.knock(&old).await, Login::Refused);
        assert!(!case.cache.is_open(&session).await);
    }
}

#[tokio::test]
async fn a_version_is_brought_back_when_awscurrent_is_no_secret_of_this_kind() {
    for kind in [Kind::User, Kind::Auth] {
        let mut case = Case::of(kind).await;
        let old = case.rotate().await;
        case.revoke(&old).await.unwrap();
        let revocation = Revocation {
            current: &old,
            ..case.revocation(&old)
        };
        let rotator = case.rotator();
        let mut seized = rotator.seize(revocation).await.unwrap();
        rotator.restore(&mut seized, revocation).await.unwrap();
        assert_eq!(case.knock(&old).await, Login::Accepted);
    }
}
