//! What the API changes is what was logged in to, and where it was logged in to is what AWS tells.

use rekey_rotation::{Revoker as _, Rotator as _, SecretValue, TargetError};
use serde_json::Value;

use super::Case;
use super::api::Told;
use super::world::Kind;
use crate::case::{changed, failure, field};

const TAG: &str = "rekey:host";

impl Case {
    /// What a rotation, a dry run and a retirement begin with.
    async fn refusals(&self) -> Vec<Result<(), TargetError>> {
        let pending = self.next();
        vec![
            self.set(&pending).await,
            self.rotator().probe(&self.current, None).await,
            self.rotator()
                .seize(self.revocation(&pending))
                .await
                .map(drop),
        ]
    }

    async fn all_refused(&self, named: &[&str]) {
        for refused in self.refusals().await {
            let (class, text) = failure(refused);
            assert_eq!(class, "invalid_request", "{text}");
            assert!(named.iter().all(|it| text.contains(it)), "{text}");
        }
        assert!(self.changes().is_empty());
    }

    fn without(&self, field: &str) -> SecretValue {
        // Exposed to take a field out of it.
        let mut json: Value = serde_json::from_str(self.current.expose()).unwrap();
        json.as_object_mut().unwrap().remove(field).unwrap();
        crate::case::value(&json)
    }
}

#[tokio::test]
async fn a_user_of_another_name_than_the_secrets_is_not_changed() {
    let case = Case::of(Kind::User).await;
    let user_name = Some("administrator");
    case.cache.cloud().tell(Told {
        user_name,
        ..Told::default()
    });
    case.all_refused(&["`username`", "`user_arn`"]).await;
}

#[tokio::test]
async fn a_group_that_does_not_have_the_host_is_not_changed_and_its_endpoints_are_named() {
    let case = Case::of(Kind::Auth).await;
    let endpoint = "master.shop.abc123.euw1.cache.amazonaws.com";
    case.cache.cloud().tell(Told {
        endpoint: Some(endpoint),
        ..Told::default()
    });
    case.all_refused(&["`host`", endpoint]).await;
}

#[tokio::test]
async fn a_user_with_a_tag_is_changed_only_by_who_logs_in_at_the_cache_that_the_tag_names() {
    let mut case = Case::of(Kind::User).await;
    let whole = case.current.clone();
    case.cache.cloud().tag(TAG, "cache.of.the.administrator");
    case.all_refused(&[TAG, "`host`"]).await;
    case.current = case.without("host");
    let (class, text) = failure(case.set(&case.next()).await);
    assert_eq!(class, "invalid_request", "{text}");
    assert!(text.contains(TAG) && text.contains("`host`"), "{text}");
    assert!(case.changes().is_empty());

    case.current = whole;
    let host = field(&case.current, "host");
    case.cache.cloud().tag(TAG, &host);
    let whole = case.current.clone();
    case.current = case.without("password");
    case.all_refused(&[TAG, "`password`"]).await;
    case.current = changed(&whole, "password", "not-of-this-user-at-all".into());
    let (class, _) = failure(case.set(&case.next()).await);
    assert_eq!(class, "wrong_password");
    assert!(case.changes().is_empty());

    case.current = whole;
    case.rotate().await;
    assert_eq!(case.changes(), ["ModifyUser"]);
}

#[tokio::test]
async fn a_user_with_a_tag_is_rolled_back_only_while_awscurrent_logs_in_there() {
    let mut case = Case::of(Kind::User).await;
    case.cache.cloud().tag(TAG, &field(&case.current, "host"));
    let old = case.rotate().await;
    case.revoke(&old).await.unwrap();
    case.changes();
    let current = case.current.clone();
    case.current = changed(&current, "password", "put-there-by-somebody".into());
    let (class, _) = failure(case.restore(&old).await);
    assert_eq!(class, "wrong_password");
    assert!(case.changes().is_empty());
    case.current = current;
    case.restore(&old).await.unwrap();
    assert_eq!(case.changes(), ["ModifyUser"]);
}
