//! What is changed is what the secret names, and not what has the same id elsewhere.

use rekey_rotation::testing::RevocableTarget as _;
use rekey_rotation::{Login, Revoker as _, Rotator as _};
use serde_json::Value;

use super::Case;
use super::world::Kind;
use crate::case::{changed, failure, field};

#[tokio::test]
async fn a_user_of_another_account_or_region_is_refused_before_anything_is_changed() {
    let mut case = Case::of(Kind::User).await;
    let old = case.rotate().await;
    let _told = case.changes();
    let (current, arn) = (case.current.clone(), field(&case.current, "user_arn"));
    for (here, there) in [
        ("eu-west-1", "eu-central-1"),
        ("123456789012", "210987654321"),
        ("arn:aws:", "arn:aws-cn:"),
    ] {
        let elsewhere = Value::from(arn.replacen(here, there, 1));
        case.current = changed(&current, "user_arn", elsewhere.clone());
        let old = changed(&old, "user_arn", elsewhere);
        let revocation = case.revocation(&old);
        for refused in [
            case.set(&case.next()).await,
            case.rotator().probe(&case.current, None).await,
            case.rotator().test(&case.current).await,
            // What a retirement and a rollback begin with.
            case.rotator().seize(revocation).await.map(drop),
        ] {
            let (class, text) = failure(refused);
            assert_eq!(class, "invalid_request", "{there}: {text}");
            assert!(text.contains("`user_arn`"), "{text}");
        }
    }
    case.current = current;
    assert!(case.changes().is_empty());
    assert_eq!(case.knock(&old).await, Login::Accepted);
    assert_eq!(case.knock(&case.current).await, Login::Accepted);
}

#[tokio::test]
async fn a_version_that_names_another_user_or_group_is_not_one_of_the_same_credential() {
    for (kind, name, other) in [
        (
            Kind::User,
            "user_arn",
            "arn:aws:elasticache:eu-west-1:123456789012:user:another",
        ),
        (Kind::Auth, "replication_group_id", "another"),
    ] {
        let case = Case::of(kind).await;
        let strange = changed(&case.next(), name, other.into());
        let session = case.cache.open_session(&case.current).await;
        for refused in [
            case.set(&strange).await,
            case.revoke(&strange).await.map(drop),
        ] {
            let (class, text) = failure(refused);
            assert_eq!(class, "invalid_request", "{text}");
            assert!(text.contains(name), "{text}");
        }
        assert!(case.changes().is_empty());
        assert!(case.cache.is_open(&session).await);
    }
}
