//! An audit trail, as the functions of the stack write it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use rekey_audit::testing::{MemoryTrail, keyring};
use rekey_audit::{Link, Onward, OnwardError, Signer, Wait, checkpoint, heard, write};
use rekey_events::{AuditRecord, EventId};
use serde_json::{Value, json};

use super::world::{NOW, TestWorld};
use crate::moment::rfc3339;

/// The version that is made by the rotation that the tests tell of, and the one before it.
pub const NEW: &str = "5d0f4f1e-4a0b-4d0e-9f0c-2c7b7a3e9a10";
pub const OLD: &str = "b27c1d9a-0e55-4f6b-9c1f-7a84d1c0e2f3";

/// A secret of a tenant.
pub const SECRET: &str = "tenant.acme.stripe.api_key";

/// Two hours before now: then it begins.
pub const BEGIN: i64 = NOW - 7_200;

struct Nowhere;

impl Onward for Nowhere {
    async fn send(&self, _: &[Link]) -> Result<(), OnwardError> {
        Ok(())
    }
}

impl Wait for Nowhere {
    async fn wait(&self, _: u32) {}
}

/// Writes records down at a second.
pub async fn writes(world: &TestWorld, records: &[AuditRecord], at: i64) {
    put(&world.trail, records, at).await;
}

/// Writes records into a trail.
pub async fn put(trail: &MemoryTrail, records: &[AuditRecord], at: i64) {
    seals(trail, 1, records, at).await;
}

/// The same after so many rotations of the keys, less one.
pub async fn seals(trail: &MemoryTrail, keys: u32, records: &[AuditRecord], at: i64) {
    let keys = keyring(keys).unwrap();
    for done in write(trail, &Nowhere, &Nowhere, &keys, records, at).await {
        done.result.unwrap();
    }
}

/// A record; `fields` go over what stands here.
pub fn record(number: u32, at: i64, fields: Value) -> AuditRecord {
    let mut record = json!({
        "id": EventId::derive("test", &format!("record {number}")).to_string(),
        "actor_id": "arn:aws:iam::123456789012:user/anna",
        "actor_type": "user",
        "action": "secret.accessed",
        "target_type": "secret",
        "target_id": SECRET,
        "tenant": "acme",
        "createdAt": rfc3339(at),
    });
    let Value::Object(fields) = fields else {
        unreachable!("fields are an object");
    };
    record.as_object_mut().unwrap().extend(fields);
    AuditRecord::try_from(record).unwrap()
}

/// Lets an event go over the bus and into the trail, two seconds later.
pub async fn tells(world: &TestWorld, source: &str, detail_type: &str, at: i64, detail: Value) {
    let id = EventId::derive(detail_type, &detail.to_string()).to_string();
    let mut detail = detail;
    let fields = detail.as_object_mut().unwrap();
    fields.insert("event_id".into(), json!(id));
    fields.insert("occurred_at".into(), json!(rfc3339(at)));
    let topic = detail_type.starts_with("greentic.");
    if topic {
        let when = fields.remove("occurred_at").unwrap();
        fields.insert("timestamp".into(), when);
    }
    let envelope = json!({
        "version": "0",
        "id": id,
        "detail-type": detail_type,
        "source": source,
        "account": "123456789012",
        "time": rfc3339(at),
        "region": "eu-west-1",
        "resources": [],
        "detail": detail,
    });
    writes(world, &[heard(envelope).unwrap().record], at + 2).await;
}

/// The secret, as events name it.
pub fn secret() -> Value {
    json!({
        "name": SECRET,
        "arn": format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{SECRET}-Qx3vLb"),
    })
}

/// Makes a checkpoint.
pub async fn signs(world: &TestWorld, at: i64) {
    let keys = keyring(1).unwrap();
    let (trail, vault, signer) = (&*world.trail, &world.vault, &world.signer);
    let made = checkpoint(trail, vault, signer, &keys, "prod", at, 10_000).await;
    assert!(made.unwrap().broken.is_empty());
}

/// Two chains, of seven records and of three, and three checkpoints of two days. The last two records are too
/// young for any.
pub async fn kept() -> TestWorld {
    let world = TestWorld::empty();
    for number in 0..5 {
        let at = NOW - 100_000 + i64::from(number) * 60;
        writes(&world, &[record(number, at, json!({}))], at + 1).await;
    }
    signs(&world, NOW - 99_000).await;
    for number in 5..8 {
        let at = NOW - 3_600 + i64::from(number);
        let fields = json!({ "tenant": "platform", "target_id": "prod/db/app-primary" });
        writes(&world, &[record(number, at, fields)], at + 1).await;
    }
    signs(&world, NOW - 500).await;
    signs(&world, NOW - 200).await;
    for number in 8..10 {
        let at = NOW - 100 + i64::from(number);
        writes(&world, &[record(number, at, json!({}))], at + 1).await;
    }
    world
}

/// A folder of this test alone, which goes with it.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("rekey-cli-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// The keys that records are sealed with, as their secret holds them.
    pub fn mac_keys(&self) -> PathBuf {
        let keys = json!({ "current": "1", "1": format!("{:0>64}", 1) });
        self.file("mac-keys.json", &keys.to_string())
    }

    /// The public key of a world's checkpoints.
    pub async fn public_key(&self, world: &TestWorld) -> PathBuf {
        let key = world.signer.public_key().await.unwrap();
        self.file("key.pem", &key.to_pem().unwrap())
    }

    /// What a test keeps of an output: the folder has another name each time.
    pub fn hidden(&self, text: &str) -> String {
        text.replace(self.0.to_str().unwrap(), "./here")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind is no failure.
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}
