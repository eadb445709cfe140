//! What is signed, when, and in how many goes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::use_debug,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use rekey_audit::testing::{LocalSigner, MemoryTrail, MemoryVault, keyring, record};
use rekey_audit::{
    BEGINNING, Link, Made, Onward, OnwardError, PublicKey, Signatures, Signed, Signer as _,
    Trail as _, VaultError, Wait, checkpoint, newest, write,
};

const NOW: i64 = 1_795_312_800;

struct Nowhere;

impl Onward for Nowhere {
    async fn send(&self, _: &[Link]) -> Result<(), OnwardError> {
        Ok(())
    }
}

struct AtOnce;

impl Wait for AtOnce {
    async fn wait(&self, _: u32) {}
}

struct Scene {
    trail: MemoryTrail,
    vault: MemoryVault,
    signer: LocalSigner,
}

impl Scene {
    async fn with(records: u64) -> Self {
        let scene = Self {
            trail: MemoryTrail::default(),
            vault: MemoryVault::default(),
            signer: LocalSigner::new(7).unwrap(),
        };
        let records: Vec<_> = (0..records)
            .map(|one| record("acme", one, "db/app", NOW).unwrap())
            .collect();
        let keys = keyring(1).unwrap();
        write(&scene.trail, &Nowhere, &AtOnce, &keys, &records, NOW).await;
        scene
    }

    async fn signs(&self, at: i64, most: usize) -> Made {
        let keys = keyring(1).unwrap();
        let (trail, vault, signer) = (&self.trail, &self.vault, &self.signer);
        let made = checkpoint(trail, vault, signer, &keys, "test", at, most);
        made.await.unwrap()
    }

    async fn last(&self) -> Signed {
        let (_, text) = newest(&self.vault).await.unwrap().unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

#[tokio::test]
async fn an_empty_trail_is_signed_too() {
    let scene = Scene::with(0).await;
    let made = scene.signs(NOW, 100).await;
    assert_eq!((made.number, made.chains, made.records), (1, 0, 0));
    assert_eq!(made.name, "checkpoints/2026-11-22/0000000001.json");
    let signed = scene.last().await;
    assert_eq!(signed.checkpoint.previous, BEGINNING);
    assert!(scene.signer.public_key().await.unwrap().signed(&signed));
}

#[tokio::test]
async fn each_names_the_one_before_it_and_reads_only_what_is_new() {
    let scene = Scene::with(30).await;
    assert_eq!(scene.signs(NOW, 1000).await.records, 30);
    let first = scene.last().await.checkpoint.hash().unwrap();
    let second = scene.signs(NOW + 300, 1000).await;
    assert_eq!((second.number, second.records), (2, 0));
    assert_eq!(scene.last().await.checkpoint.previous, first);
    // Over midnight too.
    let third = scene.signs(NOW + 86_400, 1000).await;
    assert_eq!(third.name, "checkpoints/2026-11-23/0000000003.json");
}

#[tokio::test]
async fn what_there_is_no_time_for_is_signed_by_the_next_ones() {
    let scene = Scene::with(45).await;
    let mut ends = Vec::new();
    for round in 0..4 {
        let made = scene.signs(NOW + round * 300, 20).await;
        let end = scene.last().await.checkpoint.chains[0].seq;
        ends.push((made.behind, end));
    }
    assert_eq!(ends, [(1, 20), (1, 40), (0, 45), (0, 45)]);
}

#[tokio::test]
async fn of_two_at_once_one_is_kept() {
    let scene = Scene::with(3).await;
    scene.signs(NOW, 100).await;
    let second = scene.last().await;
    // As if another run had kept the next one between our look and our writing.
    let taken = "checkpoints/2026-11-22/0000000002.json";
    let text = serde_json::to_string(&second).unwrap();
    let keys = keyring(1).unwrap();
    let late = rekey_audit::Vault::keep(&scene.vault, taken, &text);
    late.await.unwrap();
    let again = rekey_audit::Vault::keep(&scene.vault, taken, &text).await;
    assert_eq!(again, Err(VaultError::Taken));
    // And what stands there is not what its name says, so nothing is put behind it.
    let (trail, vault, signer) = (&scene.trail, &scene.vault, &scene.signer);
    let refused = checkpoint(trail, vault, signer, &keys, "test", NOW, 100).await;
    assert!(refused.unwrap_err().to_string().contains(taken));
}

#[tokio::test]
async fn one_of_another_stage_is_not_gone_on_from() {
    let scene = Scene::with(3).await;
    scene.signs(NOW, 100).await;
    let keys = keyring(1).unwrap();
    let (trail, vault, signer) = (&scene.trail, &scene.vault, &scene.signer);
    let other = checkpoint(trail, vault, signer, &keys, "prod", NOW, 100).await;
    assert!(other.is_err());
}

#[tokio::test]
async fn left_out_checkpoints_are_no_fault_and_a_missing_neighbour_is_none_either() {
    let scene = Scene::with(5).await;
    for round in 0..5 {
        scene.signs(NOW + round * 300, 100).await;
    }
    let all: Vec<Signed> = {
        let kept = scene.vault.kept();
        let texts = kept.values();
        texts
            .map(|text| serde_json::from_str(text).unwrap())
            .collect()
    };
    let key = scene.signer.public_key().await.unwrap();
    let some = [&all[0], &all[3], &all[4]];
    let signatures = Signatures::of(&key, some);
    assert!(signatures.findings.is_empty());
    assert_eq!(signatures.newest.unwrap().0, 5);
    assert_eq!(scene.trail.chains().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_public_key_reads_back_as_pem_and_nothing_else_is_one() {
    let signer = LocalSigner::new(7).unwrap();
    let key = signer.public_key().await.unwrap();
    let pem = key.to_pem().unwrap();
    let again = PublicKey::from_pem(&pem).unwrap();
    assert_eq!(again.fingerprint(), key.fingerprint());
    assert_eq!(key.fingerprint().unwrap().len(), 64);
    for wrong in ["", "hunter2", &pem.replace("PUBLIC", "PRIVATE")] {
        let refused = PublicKey::from_pem(wrong).unwrap_err().to_string();
        assert!(!refused.contains("hunter2") && refused.contains("get-public-key"));
    }
}
