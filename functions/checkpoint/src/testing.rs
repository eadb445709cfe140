//! What the function promises, over a trail, a vault and a key in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lambda_runtime::{Diagnostic, LambdaEvent};
use rekey_audit::testing::{Attacker, LocalSigner, MemoryTrail, MemoryVault, keyring, record};
use rekey_audit::{
    Append as _, Chain, Head, Keyring, Link, PublicKey, Signatures, Signed, Signer as _,
    Trail as _, Vault, VaultError,
};
use rekey_function::testing::HeldKeys;
use rekey_function::{SealKeys, now};
use rekey_rotation::SecretId;
use serde_json::{Value, json};

use crate::notary::{JobError, Notary};

type Tried<V = MemoryVault> = Notary<MemoryTrail, V, LocalSigner, HeldKeys>;

async fn notary(keys: &HeldKeys) -> Arc<Tried> {
    notary_over(MemoryVault::default(), keys).await
}

async fn notary_over<V>(vault: V, keys: &HeldKeys) -> Arc<Tried<V>> {
    let secret = SecretId::parse("rekey/test/audit-keys").unwrap();
    Arc::new(Notary {
        function: "rekey-test-checkpoint".to_owned(),
        stage: "test".to_owned(),
        trail: MemoryTrail::default(),
        vault,
        signer: LocalSigner::new(7).unwrap(),
        keys: SealKeys::read(keys.clone(), secret).await.unwrap(),
    })
}

async fn call<V: Vault>(notary: &Arc<Tried<V>>, payload: Value) -> Result<Value, JobError> {
    let mut context = lambda_runtime::Context::default();
    let deadline = now() + Duration::from_secs(60);
    context.deadline = u64::try_from(deadline.as_millis()).unwrap();
    let call = LambdaEvent::new(payload, context);
    Arc::clone(notary).call(call).await
}

async fn made<V: Vault>(notary: &Arc<Tried<V>>) -> Value {
    call(notary, json!({ "job": "checkpoint" })).await.unwrap()
}

/// Puts records behind the end of a chain, sealed with the last of so many keys.
async fn write(trail: &MemoryTrail, tenant: &str, records: u64, keys: u32) {
    let ring = keyring(keys).unwrap();
    let chain = Chain::parse(tenant).unwrap();
    for _ in 0..records {
        let head = trail.head(&chain).await.unwrap();
        let (seq, prev) = head.as_ref().map_or_else(
            || (0, rekey_audit::BEGINNING.to_owned()),
            |head| (head.seq, head.hash.clone()),
        );
        let record = record(tenant, seq, "tenant.acme.stripe.key", 0).unwrap();
        let link = Link::seal(&record, seq + 1, &prev, 0, &ring).unwrap();
        let end = Head::at(&link, 0, &ring).unwrap();
        trail.append(head.as_ref(), &[link], &end).await.unwrap();
    }
}

fn of_somebody_else() -> Keyring {
    let ring = json!({ "current": "1", "1": "x".repeat(64) });
    Keyring::parse(&ring.to_string()).unwrap()
}

/// Puts a record behind the end of a chain, sealed by somebody who has none of the keys.
fn forge(trail: &MemoryTrail, tenant: &str) {
    let attacker = Attacker::new(trail, Chain::parse(tenant).unwrap(), of_somebody_else());
    attacker.forges(&record(tenant, 99, "tenant.acme.stripe.key", 0).unwrap());
}

/// What is signed, by name; every signature is looked at.
async fn signed(notary: &Tried) -> Vec<Signed> {
    let key: PublicKey = notary.signer.public_key().await.unwrap();
    let kept = notary.vault.kept().clone();
    let all: Vec<Signed> = kept
        .values()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let signatures = Signatures::of(&key, &all);
    assert_eq!(signatures.findings, []);
    all
}

#[tokio::test]
async fn every_chain_is_signed_as_it_is_and_the_answer_says_what_was_looked_at() {
    let notary = notary(&HeldKeys::of(1)).await;
    write(&notary.trail, "acme", 3, 1).await;
    write(&notary.trail, "globex", 1, 1).await;
    let first = made(&notary).await;
    assert_eq!(
        (&first["number"], &first["made"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(
        (&first["chains"], &first["records"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(
        (&first["behind"], &first["broken"]),
        (&json!(0), &json!([]))
    );
    write(&notary.trail, "acme", 2, 1).await;
    let second = made(&notary).await;
    assert_eq!(
        (&second["number"], &second["records"]),
        (&json!(2), &json!(2))
    );
    let all = signed(&notary).await;
    assert_eq!(all.len(), 2);
    let ends = all[1].checkpoint.chains.iter().map(|end| end.seq);
    assert_eq!(ends.collect::<Vec<_>>(), [5, 1]);
    assert!(
        notary
            .vault
            .kept()
            .contains_key(second["name"].as_str().unwrap())
    );
}

#[tokio::test]
async fn a_broken_chain_is_told_and_does_not_keep_the_others_from_being_signed() {
    let notary = notary(&HeldKeys::of(1)).await;
    write(&notary.trail, "acme", 3, 1).await;
    write(&notary.trail, "globex", 3, 1).await;
    made(&notary).await;
    write(&notary.trail, "globex", 1, 1).await;
    forge(&notary.trail, "acme");
    let told = made(&notary).await;
    assert_eq!(told["made"], true);
    let broken = told["broken"].as_array().unwrap();
    assert_eq!(broken.len(), 1, "{told}");
    assert_eq!(broken[0]["chain"], "acme");
    let findings = broken[0]["findings"].as_array().unwrap();
    let forged = json!({ "finding": "forged", "seq": 4 });
    assert!(findings.contains(&forged), "{told}");
    let all = signed(&notary).await;
    let ends = all[1].checkpoint.chains.iter().map(|end| end.seq);
    assert_eq!(ends.collect::<Vec<_>>(), [3, 4]);
}

#[tokio::test]
async fn a_key_that_was_made_meanwhile_is_read_and_its_records_are_signed_in_the_same_run() {
    let keys = HeldKeys::of(1);
    let notary = notary(&keys).await;
    write(&notary.trail, "acme", 2, 1).await;
    keys.hold(2);
    write(&notary.trail, "acme", 2, 2).await;
    let told = made(&notary).await;
    assert_eq!(told["broken"], json!([]));
    assert_eq!(keys.reads(), 2);
    let all = signed(&notary).await;
    assert_eq!(all.last().unwrap().checkpoint.chains[0].seq, 4);
    write(&notary.trail, "acme", 1, 2).await;
    made(&notary).await;
    assert_eq!(keys.reads(), 2);
}

#[tokio::test]
async fn a_key_that_is_nowhere_breaks_the_chain_and_is_looked_for_once_a_run() {
    let keys = HeldKeys::of(1);
    let notary = notary(&keys).await;
    write(&notary.trail, "acme", 1, 2).await;
    for (held, reads) in [(1, 2), (0, 3)] {
        keys.hold(held);
        let told = made(&notary).await;
        assert_eq!(told["broken"][0]["findings"][0]["finding"], "unknown_key");
        assert_eq!(keys.reads(), reads);
    }
    // The same keys once more would find the same: a run makes one checkpoint.
    assert_eq!(signed(&notary).await.len(), 2);
}

/// What the vault says when it is asked for its days.
#[derive(Clone, Copy)]
enum Says {
    /// What there is.
    All,
    /// Nothing of what another run has just kept.
    Nothing,
    /// No answer.
    Away,
}

/// A vault that says so when it is asked the first time, the second, and so on; then the last of them always.
struct Behind {
    kept: MemoryVault,
    says: Vec<Says>,
    asked: AtomicUsize,
}

impl Behind {
    fn new(says: &[Says]) -> Self {
        Self {
            kept: MemoryVault::default(),
            says: says.to_vec(),
            asked: AtomicUsize::new(0),
        }
    }
}

impl Vault for Behind {
    async fn of_day(&self, day: &str) -> Result<Vec<String>, VaultError> {
        self.kept.of_day(day).await
    }

    async fn days(&self) -> Result<Vec<String>, VaultError> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        match self.says[asked.min(self.says.len() - 1)] {
            Says::All => self.kept.days().await,
            Says::Nothing => Ok(Vec::new()),
            Says::Away => Err(VaultError::Unavailable("no answer".to_owned())),
        }
    }

    async fn read(&self, name: &str) -> Result<String, VaultError> {
        self.kept.read(name).await
    }

    async fn keep(&self, name: &str, text: &str) -> Result<(), VaultError> {
        self.kept.keep(name, text).await
    }
}

#[tokio::test]
async fn a_run_that_others_overtook_again_and_again_has_done_nothing_and_succeeds() {
    let notary = notary_over(Behind::new(&[Says::Nothing]), &HeldKeys::of(1)).await;
    write(&notary.trail, "acme", 1, 1).await;
    assert_eq!(made(&notary).await["made"], true);
    let kept = notary.vault.kept.kept().clone();
    write(&notary.trail, "acme", 1, 1).await;
    assert_eq!(made(&notary).await["made"], false);
    assert_eq!(*notary.vault.kept.kept(), kept);
}

#[tokio::test]
async fn a_run_that_another_overtook_looks_again_and_tells_what_is_broken() {
    let vault = Behind::new(&[Says::All, Says::Nothing, Says::All]);
    let notary = notary_over(vault, &HeldKeys::of(1)).await;
    write(&notary.trail, "acme", 2, 1).await;
    made(&notary).await;
    forge(&notary.trail, "acme");
    let told = made(&notary).await;
    assert_eq!((&told["made"], &told["number"]), (&json!(true), &json!(2)));
    assert_eq!(told["broken"][0]["chain"], "acme", "{told}");
}

/// What is found with the new keys is not known then. What the old ones said of the new is no finding, and
/// what was wrong by itself stays so.
#[tokio::test]
async fn a_look_with_new_keys_that_comes_to_nothing_drops_no_broken_chain_and_accuses_no_sound_one()
{
    for later in [Says::Nothing, Says::Away] {
        let keys = HeldKeys::of(1);
        let notary = notary_over(Behind::new(&[Says::All, later]), &keys).await;
        keys.hold(2);
        write(&notary.trail, "acme", 2, 2).await;
        write(&notary.trail, "globex", 2, 1).await;
        forge(&notary.trail, "globex");
        let told = made(&notary).await;
        assert_eq!((&told["made"], &told["number"]), (&json!(true), &json!(1)));
        let broken = told["broken"].as_array().unwrap();
        assert_eq!(broken.len(), 1, "{told}");
        assert_eq!(broken[0]["chain"], "globex");
        let findings = broken[0]["findings"].as_array().unwrap();
        let forged = json!({ "finding": "forged", "seq": 3 });
        assert!(findings.contains(&forged), "{told}");
    }
}

#[tokio::test]
async fn nothing_is_signed_behind_a_checkpoint_that_this_stack_did_not_sign() {
    let notary = notary(&HeldKeys::of(1)).await;
    write(&notary.trail, "acme", 1, 1).await;
    made(&notary).await;
    for text in notary.vault.kept().values_mut() {
        *text = text.replace("\"seq\":1", "\"seq\":7");
    }
    let failed = call(&notary, json!({ "job": "checkpoint" })).await;
    let told = Diagnostic::from(failed.unwrap_err());
    assert_eq!(told.error_type, "forbidden");
    assert_eq!(notary.vault.kept().len(), 1);
}

#[tokio::test]
async fn what_is_no_job_is_refused_and_not_repeated() {
    let notary = notary(&HeldKeys::of(1)).await;
    for payload in [json!({}), json!({ "job": "hunter2" }), json!("hunter2")] {
        let told = Diagnostic::from(call(&notary, payload).await.unwrap_err());
        assert_eq!(told.error_type, "invalid_request");
        assert!(!told.error_message.contains("hunter2"));
    }
    assert!(notary.vault.kept().is_empty());
}
