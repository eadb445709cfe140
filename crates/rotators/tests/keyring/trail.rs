//! Rings of keys, and what those who read them can do with one.

use std::collections::BTreeMap;

use rand_core::TryRng;
use rekey_rotation::testing::conformance::ConformingTarget;
use rekey_rotation::testing::{
    RevocableTarget, SECRET, SecretsManager, Target, TestRandomness, World,
};
use rekey_rotation::{
    Credentials, Occasion, Overlap, Rotator as _, SecretId, SecretValue, StagingLabel, TargetError,
};
use rekey_rotators::keyring::AuditKeys;
use serde_json::{Map, Value};

/// A ring as its readers see it: keys by their numbers, and the one in use.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ring {
    pub keys: BTreeMap<u32, String>,
    pub current: u32,
}

impl Ring {
    /// The keys from `first` on, the newest in use.
    pub fn of(first: u32, keys: &[&str]) -> Self {
        let texts = keys.iter().map(|&key| key.to_owned());
        let keys: BTreeMap<u32, String> = texts
            .zip(first..=u32::MAX)
            .map(|(key, number)| (number, key))
            .collect();
        let current = *keys.keys().last().unwrap();
        Self { keys, current }
    }

    pub fn read(value: &SecretValue) -> Self {
        let mut fields: Map<String, Value> = serde_json::from_str(value.expose()).unwrap();
        let current = fields.remove("current").unwrap();
        let keys = fields.into_iter().map(|(number, key)| {
            let key = key.as_str().unwrap().to_owned();
            (number.parse().unwrap(), key)
        });
        Self {
            keys: keys.collect(),
            current: current.as_str().unwrap().parse().unwrap(),
        }
    }

    pub fn value(&self) -> SecretValue {
        let mut fields = Map::new();
        for (number, key) in &self.keys {
            fields.insert(number.to_string(), key.clone().into());
        }
        fields.insert("current".to_owned(), self.current.to_string().into());
        value(&Value::Object(fields).to_string())
    }

    /// Whether what was sealed with any key of `earlier` can be verified with this one, and more be sealed.
    pub fn verifies(&self, earlier: &Self) -> bool {
        let kept = |(number, key): (&u32, &String)| self.keys.get(number) == Some(key);
        earlier.keys.iter().all(kept) && self.keys.contains_key(&self.current)
    }
}

pub fn value(text: &str) -> SecretValue {
    SecretValue::new(text.to_owned()).unwrap()
}

/// A key that is like no other.
pub fn key(seed: u64) -> String {
    let mut bytes = [0; 32];
    TestRandomness::seeded(seed)
        .try_fill_bytes(&mut bytes)
        .unwrap();
    bytes.map(|byte| format!("{byte:02x}")).concat()
}

/// The ring that a rotation makes of `current`.
pub fn next(current: &SecretValue) -> Result<SecretValue, TargetError> {
    AuditKeys.next(current, Occasion::default(), &mut TestRandomness::fresh())
}

/// What `setSecret` does before it would change a target.
pub async fn lock(current: &SecretValue, pending: &SecretValue) -> Result<(), TargetError> {
    let credentials = Credentials {
        current,
        pending,
        previous: None,
        superuser: None,
        now: 0,
    };
    AuditKeys.lock(credentials).await.map(drop)
}

/// The text of a refusal for what the secret holds.
pub fn refusal<T>(refused: Result<T, TargetError>) -> String {
    match refused {
        Err(TargetError::InvalidSecret(text)) => text,
        Err(other) => panic!("another class: {other}"),
        Ok(_) => panic!("taken"),
    }
}

/// Trails, each with a ring of its own.
pub struct Trails;

/// A trail whose first records were sealed with the only key of its ring.
pub struct Trail {
    store: SecretsManager,
    first: Ring,
    bystander: Ring,
}

impl World for Trails {
    type Target = Trail;

    fn name(&self) -> String {
        "audit-key".to_owned()
    }

    fn overlap(&self) -> Overlap {
        Overlap::Keyring
    }

    async fn fresh(&self, store: &SecretsManager) -> Trail {
        Trail {
            store: store.clone(),
            first: Ring::of(1, &[&key(1)]),
            // It is one key ahead: its numbers alone would do.
            bystander: Ring::of(1, &[&key(2), &key(3)]),
        }
    }
}

impl Target for Trail {
    type Rotator = AuditKeys;

    fn first(&self) -> SecretValue {
        self.first.value()
    }

    fn superuser(&self) -> Option<(SecretId, SecretValue)> {
        None
    }

    fn bystander(&self) -> SecretValue {
        self.bystander.value()
    }

    fn rotator(&self) -> AuditKeys {
        AuditKeys
    }

    /// A ring works when it verifies the trail's first records, or those of the bystander's.
    async fn logs_in(&self, value: &SecretValue) -> bool {
        let ring = Ring::read(value);
        ring.verifies(&self.first) || ring.verifies(&self.bystander)
    }

    async fn users(&self) -> Vec<String> {
        Vec::new()
    }

    async fn free_locks(&self) {}
}

/// Nobody keeps a session, and nothing is revoked.
impl RevocableTarget for Trail {
    type Session = ();

    async fn open_session(&self, _value: &SecretValue) {}

    async fn is_open(&self, (): &()) -> bool {
        true
    }

    async fn spoil(&self, _value: &SecretValue) {
        panic!("there is no target at which a key could be changed by hand");
    }
}

impl ConformingTarget for Trail {
    fn version(&self) -> String {
        "the secret itself".to_owned()
    }

    /// What seals and verifies now.
    async fn snapshot(&self) -> String {
        let secret = SecretId::parse(SECRET).unwrap();
        let current = self.store.peek(&secret, &StagingLabel::Current);
        // Exposed to be compared.
        current.unwrap().expose().to_owned()
    }

    fn writes_down(&self) -> bool {
        false
    }
}
