//! ElastiCache: the API is played here, the cache is a real Redis.

mod another_account;
mod api;
mod connections;
mod first_version;
mod late;
mod newest;
mod open_door;
mod place;
mod trust;
mod world;

use getrandom::SysRng;
use rekey_rotation::testing::Target as _;
use rekey_rotation::testing::conformance::{self, Extent};
use rekey_rotation::{
    Credentials, Login, Moment, Occasion, Revocation, Revoker, Rotator, SecretValue,
};
use rekey_rotators::elasticache::ElastiCache;

use crate::case::{changed, failure, field};
use world::{Cache, Caches, Kind};

/// One cache, and the value that is current.
struct Case {
    _caches: Caches,
    cache: Cache,
    current: SecretValue,
}

impl Case {
    async fn of(kind: Kind) -> Self {
        let caches = Caches::of(kind).await;
        let cache = caches.cache().await;
        let current = cache.first();
        Self {
            _caches: caches,
            cache,
            current,
        }
    }

    fn rotator(&self) -> ElastiCache {
        self.cache.rotator()
    }

    fn next(&self) -> SecretValue {
        self.rotator()
            .next(&self.current, Occasion::default(), &mut SysRng)
            .unwrap()
    }

    async fn set(&self, pending: &SecretValue) -> Result<(), rekey_rotation::TargetError> {
        let rotator = self.rotator();
        let credentials = Credentials {
            current: &self.current,
            pending,
            previous: None,
            superuser: None,
            now: 1_000,
        };
        let hold = rotator.lock(credentials).await?;
        rotator.set(hold, credentials).await
    }

    async fn rotate(&mut self) -> SecretValue {
        let pending = self.next();
        self.set(&pending).await.unwrap();
        self.rotator().test(&pending).await.unwrap();
        std::mem::replace(&mut self.current, pending)
    }

    /// `setSecret`, repeated as Secrets Manager does it while the target is busy.
    async fn set_until_done(&self, pending: &SecretValue) {
        for _ in 0..10 {
            match self.set(pending).await {
                Err(rekey_rotation::TargetError::Busy(_)) => {}
                other => return other.unwrap(),
            }
        }
        panic!("it is repeated for ever: {:?}", self.changes());
    }

    fn revocation<'a>(&'a self, old: &'a SecretValue) -> Revocation<'a> {
        Revocation {
            old,
            current: &self.current,
            superuser: None,
            switched_at: Some(1_000),
            now: 1_000,
        }
    }

    async fn sessions(&self, old: &SecretValue) -> Result<u32, rekey_rotation::TargetError> {
        let rotator = self.rotator();
        let mut seized = rotator.seize(self.revocation(old)).await?;
        rotator.sessions(&mut seized, self.revocation(old)).await
    }

    /// The changes that the API was told since this was asked last.
    fn changes(&self) -> Vec<String> {
        let mut calls = self.cache.cloud().calls();
        calls.retain(|call| call.starts_with("Modify"));
        calls
    }

    async fn revoke(&self, old: &SecretValue) -> Result<u32, rekey_rotation::TargetError> {
        let rotator = self.rotator();
        let mut seized = rotator.seize(self.revocation(old)).await?;
        rotator.revoke(&mut seized, self.revocation(old)).await
    }

    async fn restore(&self, old: &SecretValue) -> Result<(), rekey_rotation::TargetError> {
        let rotator = self.rotator();
        let mut seized = rotator.seize(self.revocation(old)).await?;
        rotator.restore(&mut seized, self.revocation(old)).await
    }

    async fn knock(&self, value: &SecretValue) -> Login {
        let current = &self.current;
        let moment = Moment {
            current,
            now: 1_000,
        };
        self.rotator().try_login(value, moment).await.unwrap()
    }
}

#[tokio::test]
async fn a_user_of_awss_own_function_is_rotated_without_a_host_and_without_a_first_password() {
    let mut case = Case::of(Kind::User).await;
    let (whole, arn) = (case.current.clone(), field(&case.current, "user_arn"));
    let least = serde_json::json!({"username": field(&whole, "username"), "user_arn": arn});
    case.current = crate::case::value(&least);
    let _none = case.rotate().await;
    let pending = case.current.clone();
    let first_calls = case.cache.cloud().calls();
    assert!(
        first_calls.contains(&"ModifyUser".to_owned()),
        "{first_calls:?}"
    );
    let at = changed(&pending, "host", field(&whole, "host").into());
    let at = changed(&at, "port", field(&whole, "port").into());
    case.current = changed(&at, "ssl", false.into());
    assert_eq!(case.knock(&case.current).await, Login::Accepted);

    let (class, text) = failure(
        case.rotator()
            .try_login(
                &pending,
                Moment {
                    current: &pending,
                    now: 0,
                },
            )
            .await,
    );
    assert_eq!(class, "invalid_request");
    assert!(text.contains("`host`"), "{text}");
}

#[tokio::test]
async fn an_auth_token_is_added_by_rotate_and_the_old_one_goes_by_set() {
    let mut case = Case::of(Kind::Auth).await;
    let old = case.rotate().await;
    assert_eq!(case.changes(), ["ModifyReplicationGroupROTATE"]);
    assert_eq!(case.knock(&old).await, Login::Accepted);
    case.revoke(&old).await.unwrap();
    assert_eq!(case.changes(), ["ModifyReplicationGroupSET"]);
    assert_eq!(case.knock(&old).await, Login::Refused);
    assert_eq!(case.knock(&case.current).await, Login::Accepted);
    case.revoke(&old).await.unwrap();
    assert!(case.changes().is_empty(), "it is dead already");
}

#[tokio::test]
async fn what_the_api_answers_has_its_class() {
    for kind in [Kind::User, Kind::Auth] {
        let case = Case::of(kind).await;
        for (code, class) in [
            ("AccessDenied", "permission"),
            ("Throttling", "throttled"),
            ("InvalidParameterValue", "invalid_request"),
            ("InvalidUserState", "throttled"),
            ("SomethingNew", "internal"),
        ] {
            case.cache.cloud().refuse(Some(code));
            let (found, text) = failure(case.set(&case.next()).await);
            assert_eq!(found, class, "{text}");
        }
        case.cache.cloud().refuse(None);
        assert_eq!(case.knock(&case.current).await, Login::Accepted);

        let strange = match kind {
            Kind::User => changed(
                &case.current,
                "user_arn",
                "arn:aws:elasticache:r:1:user:no".into(),
            ),
            Kind::Auth => changed(&case.current, "replication_group_id", "no".into()),
        };
        let (class, _) = failure(case.rotator().probe(&strange, None).await);
        assert_eq!(class, "role_missing");
    }
}

#[test]
fn both_kinds_conform() {
    // That the suite sees bugs shows on the kind `redis`; each change takes its time here.
    let extent = Extent {
        bugs: &[],
        bugs_after: &[],
        schedules: 1..3,
        ..Extent::ON_A_SERVER
    };
    crate::page::every_one_conforms("elasticache", [Kind::User, Kind::Auth], async |kind| {
        conformance::run(&Caches::of(kind).await, &extent).await
    });
}
