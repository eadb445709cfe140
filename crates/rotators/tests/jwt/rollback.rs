//! Back to a key that verifiers may not know any more.

use getrandom::SysRng;
use rekey_rotation::testing::aftermath::Book;
use rekey_rotation::testing::{SecretsManager, Verbs as _};
use rekey_rotation::{
    Aftermath, AftermathError, Cause, Dependants, DependantsError, Occasion, RollBackOutcome,
    RollBackRequest, Rotator as _, SecretId, SecretValue, StagingLabel, TargetError, VersionId,
};
use rekey_rotators::jwt::Jwt;
use serde_json::json as to_json;

use crate::issuer::{
    NOW, changed, failure, is_taken, json, kid, retire, rotate, rotator, set, unborn,
};
use crate::memory::{Memory, kids};

const PLACE: &str = "s3://keys/jwks.json";
const SECRET: &str = "jwt/signing";
const CACHE: i64 = 300;
const VERSIONS: [&str; 2] = [
    "first-version-00000000000000000000",
    "second-version-0000000000000000000",
];

struct Nobody;

impl Dependants for Nobody {
    async fn holds(&self, _: &SecretId, _: &VersionId) -> Result<Vec<Cause>, DependantsError> {
        Ok(Vec::new())
    }
}

/// A secret that was rotated twice, long ago.
struct Story {
    jwks: Memory,
    store: SecretsManager,
    aftermath: Aftermath<SecretsManager, Jwt<Memory>, Book, Nobody>,
    first: SecretValue,
    second: SecretValue,
}

impl Story {
    async fn begin() -> Self {
        let jwks = Memory::default();
        let cached = changed(&unborn("EdDSA", PLACE), "cache_seconds", CACHE.into());
        let first = rotate(&jwks, &cached, NOW - 20_000).await;
        let second = rotate(&jwks, &first, NOW - 10_000).await;
        let store = SecretsManager::new(NOW);
        let [one, two] = VERSIONS;
        let texts = [&first, &second].map(|value| json(value).to_string());
        let made = store.create_secret(SECRET, Some(&texts[0]), Some(one));
        made.await.unwrap();
        let put = store.put_secret_value(SECRET, Some(two), &texts[1], &["AWSCURRENT"]);
        put.await.unwrap();
        Self {
            aftermath: Aftermath {
                store: store.clone(),
                kinds: rotator(&jwks),
                ledger: Book::default(),
                dependants: Nobody,
            },
            jwks,
            store,
            first,
            second,
        }
    }

    async fn retire(&self) {
        retire(&self.jwks, &self.first, &self.second).await.unwrap();
        let taken =
            self.store
                .update_secret_version_stage(SECRET, "AWSPREVIOUS", None, Some(VERSIONS[0]));
        taken.await.unwrap();
        tokio::task::yield_now().await;
    }

    async fn roll_back(&self, now: i64) -> Result<RollBackOutcome, AftermathError> {
        let [to, from] = VERSIONS.map(|id| VersionId::parse(id).unwrap());
        let request = RollBackRequest {
            secret: SecretId::parse(SECRET).unwrap(),
            from,
            to,
            reason: "a test".to_owned(),
            occasion: "1".to_owned(),
            requested_by: None,
        };
        let rolled_back = self.aftermath.roll_back(&request, now).await;
        tokio::task::yield_now().await;
        rolled_back
    }

    fn is_back(&self) -> bool {
        let secret = SecretId::parse(SECRET).unwrap();
        let current = self.store.holder(&secret, &StagingLabel::Current);
        current.as_deref() == Some(VERSIONS[0])
    }

    /// What a rotation of the first value answers then.
    async fn rotates(&self, now: i64) -> Result<(), TargetError> {
        let occasion = Occasion {
            now,
            ..Occasion::default()
        };
        let pending = rotator(&self.jwks).next(&self.first, occasion, &mut SysRng)?;
        let set = set(&self.jwks, &self.first, &pending).await;
        tokio::task::yield_now().await;
        set
    }
}

const WENT_BACK: RollBackOutcome = RollBackOutcome::RolledBack { restored: true };

#[tokio::test]
async fn a_rollback_to_a_key_that_is_still_published_is_immediate() {
    let story = Story::begin().await;
    let outcome = story.roll_back(NOW).await;
    assert_eq!(outcome, Ok(RollBackOutcome::RolledBack { restored: false }));
    assert!(story.is_back());
    story.rotates(NOW).await.unwrap();
}

/// Verifiers that go by what they have cached would refuse its tokens.
#[tokio::test]
async fn a_rollback_to_a_retired_key_waits_until_no_cache_is_without_it() {
    let story = Story::begin().await;
    story.retire().await;
    for after in [0, 1, CACHE - 1] {
        let error = story.roll_back(NOW + after).await.unwrap_err();
        let AftermathError::Target(error) = error else {
            panic!("{error}");
        };
        let (class, text) = failure::<()>(Err(error));
        assert_eq!(class, "throttled");
        let rest = CACHE - after;
        assert!(text.contains(&format!("in {rest} s")), "{text}");
        assert!(!story.is_back(), "AWSCURRENT signs meanwhile");
        let published = story.jwks.text(PLACE).unwrap();
        assert!(is_taken(&story.first, &published) && is_taken(&story.second, &published));
    }
    let outcome = story.roll_back(NOW + CACHE).await;
    assert_eq!(outcome, Ok(RollBackOutcome::RolledBack { restored: false }));
    assert!(story.is_back());
    story.rotates(NOW + CACHE).await.unwrap();
}

/// What does not work cannot be waited with.
#[tokio::test]
async fn a_rollback_from_a_key_that_is_not_published_does_not_wait() {
    let story = Story::begin().await;
    story.jwks.put(PLACE, to_json!({"keys": []}).to_string());
    assert_eq!(story.roll_back(NOW).await, Ok(WENT_BACK));
    assert!(story.is_back());

    // The next key came with it, and no cache has it yet.
    for after in [0, CACHE - 1] {
        let (class, text) = failure(story.rotates(NOW + after).await);
        assert_eq!(class, "throttled");
        let rest = CACHE - after;
        assert!(text.contains(&format!("in {rest} s")), "{text}");
    }
    story.rotates(NOW + CACHE).await.unwrap();
}

#[tokio::test]
async fn a_retired_key_whose_rollback_was_given_up_leaves_with_the_next_rotation() {
    let story = Story::begin().await;
    story.retire().await;
    story.roll_back(NOW).await.unwrap_err();
    rotate(&story.jwks, &story.second, NOW + 10).await;
    let left = kids(&story.jwks.text(PLACE).unwrap());
    assert!(!left.contains(&kid(&story.first, "current")));
}

/// A clock that was wrong, or a hand, does not keep a rollback up for years.
#[tokio::test]
async fn a_time_that_is_still_to_come_is_not_waited_for() {
    let story = Story::begin().await;
    story.retire().await;
    story.roll_back(NOW + 1_000_000).await.unwrap_err();
    let outcome = story.roll_back(NOW).await;
    assert_eq!(outcome, Ok(RollBackOutcome::RolledBack { restored: false }));
}
