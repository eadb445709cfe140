//! What every kind promises, on key sets in memory and in S3.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rekey_rotation::testing::aftermath;
use rekey_rotation::testing::conformance::{self, ConformingTarget, Extent, Reach};
use rekey_rotation::testing::{Bug, RevocableTarget, SecretsManager, Target, World};
use rekey_rotation::{Overlap, SecretId, SecretValue};
use rekey_rotators::jwt::{Jwks, Jwt};
use serde_json::{Value, json};

use crate::issuer::{NOW, changed, is_taken, kid, patient, rotate, shared, unborn};
use crate::memory::{Memory, NOBODY, kids};
use crate::page;
use crate::s3::Cloud;

/// What a test does to key sets without the product.
pub trait ByHand: Jwks {
    /// As in the first column of the page.
    const NAME: &str;
    const VERSION: &str;
    /// How long a turn that was given back may take to be free.
    const GIVEN_BACK: Duration;

    /// An object that no other scenario has.
    fn place(&self) -> impl Future<Output = String> + Send;
    fn text(&self, place: &str) -> impl Future<Output = Option<String>> + Send;
    fn put(&self, place: &str, text: String) -> impl Future<Output = ()> + Send;
    /// All that was ever published there.
    fn log(&self, place: &str) -> impl Future<Output = String> + Send;

    fn forbid(&self) -> bool {
        false
    }

    fn nobody(&self) -> Option<&'static str> {
        None
    }
}

impl ByHand for Memory {
    const NAME: &str = "jwt EdDSA in memory";
    const VERSION: &str = "in memory";
    const GIVEN_BACK: Duration = Duration::from_millis(1);

    async fn place(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        format!("s3://keys/{}.json", NEXT.fetch_add(1, Ordering::Relaxed))
    }

    async fn text(&self, place: &str) -> Option<String> {
        self.text(place)
    }

    async fn put(&self, place: &str, text: String) {
        self.put(place, text);
    }

    async fn log(&self, _place: &str) -> String {
        self.state().log.join("\n")
    }

    fn forbid(&self) -> bool {
        self.state().forbidden = true;
        true
    }

    fn nobody(&self) -> Option<&'static str> {
        Some(NOBODY)
    }
}

/// Ed25519 keys of two secrets in one key set, made once and published anew in each scenario.
struct Keys<F> {
    jwks: F,
    published: String,
    first: SecretValue,
    bystander: SecretValue,
}

impl<F> Keys<F> {
    async fn at(jwks: F) -> Self {
        let memory = Memory::default();
        let place = "s3://keys/jwks.json";
        memory.put(place, shared());
        let unborn = unborn("EdDSA", place);
        let first = rotate(&memory, &unborn, NOW - 86_400).await;
        let bystander = rotate(&memory, &unborn, NOW - 86_400).await;
        Self {
            jwks,
            published: memory.text(place).unwrap(),
            first,
            bystander,
        }
    }
}

struct Issuer<J> {
    jwks: J,
    place: String,
    first: SecretValue,
    bystander: SecretValue,
}

impl<J: ByHand, F: Fn() -> J + Sync> World for Keys<F> {
    type Target = Issuer<J>;

    fn name(&self) -> String {
        J::NAME.to_owned()
    }

    fn overlap(&self) -> Overlap {
        Overlap::DualPublish
    }

    async fn fresh(&self, _store: &SecretsManager) -> Issuer<J> {
        let jwks = (self.jwks)();
        let place = jwks.place().await;
        jwks.put(&place, self.published.clone()).await;
        let there = |value| changed(value, "jwks", place.as_str().into());
        Issuer {
            first: there(&self.first),
            bystander: there(&self.bystander),
            jwks,
            place,
        }
    }
}

impl<J: ByHand> Issuer<J> {
    async fn set(&self) -> Value {
        let text = self.jwks.text(&self.place).await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    async fn change(&self, change: impl FnOnce(&mut Value) + Send) {
        let mut set = self.set().await;
        change(&mut set);
        self.jwks.put(&self.place, set.to_string()).await;
    }
}

impl<J: ByHand> Target for Issuer<J> {
    type Rotator = Jwt<J>;

    fn first(&self) -> SecretValue {
        self.first.clone()
    }

    fn superuser(&self) -> Option<(SecretId, SecretValue)> {
        None
    }

    fn bystander(&self) -> SecretValue {
        self.bystander.clone()
    }

    fn rotator(&self) -> Jwt<J> {
        patient(&self.jwks, J::GIVEN_BACK)
    }

    async fn logs_in(&self, value: &SecretValue) -> bool {
        is_taken(value, &self.jwks.text(&self.place).await.unwrap())
    }

    /// Every key is one: three at most, where there were two.
    async fn users(&self) -> Vec<String> {
        let others = ["current", "next"].map(|field| kid(&self.bystander, field));
        let mut kids = kids(&self.jwks.text(&self.place).await.unwrap());
        kids.retain(|kid| !others.contains(kid));
        kids
    }

    async fn free_locks(&self) {
        self.change(|set| set["rekey"] = json!({"turn": "nobody's", "keys": set["rekey"]["keys"]}))
            .await;
    }
}

impl<J: ByHand> RevocableTarget for Issuer<J> {
    type Session = ();

    async fn open_session(&self, _value: &SecretValue) {}

    async fn is_open(&self, _session: &()) -> bool {
        true
    }

    /// Takes the next key of the value out of the key set: its signing key is another value's next one.
    async fn spoil(&self, value: &SecretValue) {
        let next = kid(value, "next");
        self.change(|set| {
            set["keys"]
                .as_array_mut()
                .unwrap()
                .retain(|key| key["kid"] != *next);
        })
        .await;
    }
}

impl<J: ByHand> ConformingTarget for Issuer<J> {
    fn version(&self) -> String {
        J::VERSION.to_owned()
    }

    /// The keys and whose they are; a turn that was taken and given back has changed neither.
    async fn snapshot(&self) -> String {
        let set = self.set().await;
        format!("{}{}", set["keys"], set["rekey"]["keys"])
    }

    async fn written_down(&self) -> String {
        self.jwks.log(&self.place).await
    }

    async fn plant(&self, text: &str) {
        self.change(|set| set["planted"] = text.into()).await;
    }

    fn elsewhere(&self, of: &SecretValue) -> Option<SecretValue> {
        Some(changed(of, "jwks", "s3://elsewhere/jwks.json".into()))
    }

    fn unreachable(&self) -> Option<SecretValue> {
        let nobody = self.jwks.nobody()?;
        Some(changed(&self.first, "jwks", nobody.into()))
    }

    async fn forbid(&self) -> bool {
        self.jwks.forbid()
    }
}

#[test]
fn every_promise_holds_in_memory() {
    let extent = Extent {
        schedules: 1..31,
        schedules_after: 1..31,
        ..Extent::EVERYTHING
    };
    page::every_one_conforms("jwt in memory", [Memory::default], async |fresh| {
        conformance::run(&Keys::at(fresh).await, &extent).await
    });
}

/// Everything is cut; what a bug or a schedule would show is shown in memory.
const IN_S3: Extent = Extent {
    aftermath: Reach::Cuts,
    bugs: &[Bug::UserNotCompared, Bug::PromoteUntested],
    bugs_after: &[aftermath::Bug::MovedUnproved],
    schedules: 1..3,
    schedules_after: 1..3,
};

#[test]
fn every_promise_holds_in_s3() {
    page::every_one_conforms("jwt in S3", [Cloud::start], async |start| {
        let cloud = start().await;
        conformance::run(&Keys::at(move || cloud.clone()).await, &IN_S3).await
    });
}
