//! Secrets of both kinds, and whoever reads them.

use std::sync::{Arc, Mutex};

use rekey_rotation::testing::conformance::ConformingTarget;
use rekey_rotation::testing::{
    RevocableTarget, SECRET, SecretsManager, Target, TestRandomness, World,
};
use rekey_rotation::{
    Credentials, Occasion, Overlap, Rotator as _, SecretId, SecretValue, StagingLabel, TargetError,
};
use rekey_rotators::PasswordPolicy;
use rekey_rotators::random::RandomValue;
use serde_json::{Value, json};

use crate::webhook;

/// A moment at which tests that need one take place.
pub const NOW: i64 = 1_800_000_000;
/// What the function is set to.
pub const GRACE: u32 = 86_400;

pub fn value(json: &Value) -> SecretValue {
    SecretValue::new(json.to_string()).unwrap()
}

/// What is in a value, as its readers see it.
pub fn read(value: &SecretValue) -> Value {
    serde_json::from_str(value.expose()).unwrap()
}

pub fn hmac() -> RandomValue {
    RandomValue::hmac(Some(GRACE))
}

pub fn generic() -> RandomValue {
    RandomValue::generic(PasswordPolicy::default(), Some(GRACE))
}

pub fn next(rotator: &RandomValue, current: &Value, now: i64) -> Result<Value, TargetError> {
    let occasion = Occasion {
        now,
        ..Occasion::default()
    };
    rotator
        .next(&value(current), occasion, &mut TestRandomness::fresh())
        .map(|next| read(&next))
}

/// What `setSecret` does before it would change a target.
pub async fn lock(
    rotator: &RandomValue,
    current: &Value,
    pending: &Value,
) -> Result<(), TargetError> {
    lock_at(rotator, current, pending, NOW).await
}

pub async fn lock_at(
    rotator: &RandomValue,
    current: &Value,
    pending: &Value,
    now: i64,
) -> Result<(), TargetError> {
    let credentials = Credentials {
        current: &value(current),
        pending: &value(pending),
        previous: None,
        superuser: None,
        now,
    };
    rotator.lock(credentials).await.map(drop)
}

/// The text of a refusal for what the secret holds.
pub fn refusal<T>(refused: Result<T, TargetError>) -> String {
    match refused {
        Err(TargetError::InvalidSecret(text)) => text,
        Err(other) => panic!("another class: {other}"),
        Ok(_) => panic!("taken"),
    }
}

/// Keys of a webhook in each format.
pub fn hmac_secrets() -> [Value; 3] {
    [
        json!({"current": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}),
        json!({"current": "3f9a0c5be1d247768c10d2f4a5b6e7983f9a0c5be1d24776", "format": "hex", "bytes": 24}),
        json!({"current": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw_-_-", "format": "base64url", "bytes": 64}),
    ]
}

/// Another secret of the same form.
fn anothers(first: &Value) -> Value {
    let mut other = first.clone();
    for text in ["current", "token", "password"] {
        if let Some(Value::String(text)) = other.get_mut(text) {
            *text = text.replace('9', "8");
        }
    }
    assert_ne!(&other, first);
    other
}

/// A secret that is rotated, and whoever gives and takes what it holds.
pub struct Values {
    name: &'static str,
    first: Value,
    rotator: RandomValue,
}

impl Values {
    pub fn all() -> Vec<Self> {
        let names = ["hmac whsec_", "hmac hex", "hmac base64url"];
        let webhooks = names
            .into_iter()
            .zip(hmac_secrets())
            .map(|(name, first)| Self {
                name,
                first,
                rotator: hmac(),
            });
        let password = Self {
            name: "generic password",
            first: json!({"username": "app", "password": "first-9-password"}),
            rotator: generic(),
        };
        let token = Self {
            name: "generic another field",
            first: json!({
                "token": "9", "generate_string_key": "token", "password_length": 20,
                "exclude_punctuation": true,
            }),
            rotator: generic(),
        };
        webhooks.chain([password, token]).collect()
    }
}

/// A sender and a receiver, who both read AWSCURRENT each time. The sender's value is the one that is tried.
pub struct Readers {
    store: SecretsManager,
    first: Value,
    bystander: Value,
    rotator: RandomValue,
    received: Arc<Mutex<Vec<String>>>,
}

impl Readers {
    fn takes(&self, current: &Value, given: &Value, now: i64) -> bool {
        if self.rotator.kind() == "generic" {
            return takes_password(current, given, now);
        }
        // One key signs: the one in use of the value that is tried.
        let mut signer = given.clone();
        signer.as_object_mut().unwrap().remove("previous_ends");
        let header = webhook::sign(&signer, "msg_1", now, b"{}", now);
        self.received.lock().unwrap().push(header.clone());
        webhook::accepts(current, "msg_1", now, b"{}", &header, now)
    }

    fn current(&self) -> Option<Value> {
        let secret = SecretId::parse(SECRET).unwrap();
        let current = self.store.peek(&secret, &StagingLabel::Current);
        current.map(|value| read(&value))
    }
}

/// Whoever checks a password, or the value of another field.
pub fn takes_password(current: &Value, given: &Value, now: i64) -> bool {
    let key = current["generate_string_key"]
        .as_str()
        .unwrap_or("password");
    let (previous, ends) = (format!("{key}_previous"), format!("{key}_previous_ends"));
    let in_grace = current[ends].as_i64().is_some_and(|ends| now < ends);
    given[key] == current[key] || in_grace && given[key] == current[previous]
}

impl World for Values {
    type Target = Readers;

    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn overlap(&self) -> Overlap {
        Overlap::PreviousInside
    }

    async fn fresh(&self, store: &SecretsManager) -> Readers {
        Readers {
            store: store.clone(),
            first: self.first.clone(),
            bystander: anothers(&self.first),
            rotator: self.rotator.clone(),
            received: Arc::default(),
        }
    }
}

impl Target for Readers {
    type Rotator = RandomValue;

    fn first(&self) -> SecretValue {
        value(&self.first)
    }

    fn superuser(&self) -> Option<(SecretId, SecretValue)> {
        None
    }

    fn bystander(&self) -> SecretValue {
        value(&self.bystander)
    }

    fn rotator(&self) -> RandomValue {
        self.rotator.clone()
    }

    async fn logs_in(&self, value: &SecretValue) -> bool {
        let (given, now) = (read(value), self.store.now());
        let current = self
            .current()
            .is_some_and(|current| self.takes(&current, &given, now));
        current || self.takes(&self.bystander, &given, now)
    }

    async fn users(&self) -> Vec<String> {
        Vec::new()
    }

    async fn free_locks(&self) {}
}

/// Nobody keeps a session: each message is signed, and each password given, by itself.
impl RevocableTarget for Readers {
    type Session = ();

    async fn open_session(&self, _value: &SecretValue) {}

    async fn is_open(&self, (): &()) -> bool {
        true
    }

    async fn spoil(&self, _value: &SecretValue) {
        panic!("there is no target at which a value could be changed by hand");
    }
}

impl ConformingTarget for Readers {
    fn version(&self) -> String {
        "the secret itself".to_owned()
    }

    /// What is accepted now.
    async fn snapshot(&self) -> String {
        self.current().unwrap_or_default().to_string()
    }

    /// Whoever checks a password writes nothing down; a message has a header.
    fn writes_down(&self) -> bool {
        self.rotator.kind() == "hmac"
    }

    /// The headers of every message.
    async fn written_down(&self) -> String {
        self.received.lock().unwrap().join("\n")
    }

    async fn plant(&self, text: &str) {
        self.received.lock().unwrap().push(text.to_owned());
    }
}
