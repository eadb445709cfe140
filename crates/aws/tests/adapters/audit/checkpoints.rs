//! Checkpoints in a bucket, signed by a key of KMS.

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use rekey_audit::{
    Ends, Finding, Inspection, Made, SignError, Signatures, Signed, Signer, Trail, Vault,
    VaultError, checkpoint, newest,
};
use rekey_aws::{CheckpointBucket, Kms};

use super::{NOW, chain, keys, writes};
use crate::cloud::{audit_table, bucket, connection, kms, s3, unique};

/// An empty bucket, and the adapter to it.
async fn vault() -> (String, CheckpointBucket) {
    let name = bucket("checkpoints").await;
    let vault = CheckpointBucket::new(&connection(), name.clone());
    (name, vault)
}

async fn key(spec: KeySpec) -> Kms {
    let call = kms().create_key().key_spec(spec);
    let made = call.key_usage(KeyUsageType::SignVerify).send().await;
    let arn = made.unwrap().key_metadata.unwrap().arn.unwrap();
    Kms::new(&connection(), arn)
}

#[tokio::test]
async fn a_checkpoint_is_kept_once_and_comes_back_as_it_was() {
    let (name, vault) = vault().await;
    let key = "checkpoints/2026-11-22/0000000001.json";
    assert_eq!(vault.keep(key, "{\"ä\":1}").await, Ok(()));
    assert_eq!(vault.keep(key, "{}").await, Err(VaultError::Taken));
    assert_eq!(vault.read(key).await, Ok("{\"ä\":1}".to_owned()));
    let object = s3().head_object().bucket(&name).key(key).send().await;
    let kind = object.unwrap().content_type;
    assert_eq!(kind.as_deref(), Some("application/json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_keep_one_name_at_once_one_does() {
    let (_, vault) = vault().await;
    let key = "checkpoints/2026-11-22/0000000001.json";
    let keeps = (0..8).map(|number| {
        let vault = vault.clone();
        tokio::spawn(async move { vault.keep(key, &number.to_string()).await })
    });
    let keeps: Vec<_> = keeps.collect();
    let mut kept = 0;
    for keep in keeps {
        match keep.await.unwrap() {
            Ok(()) => kept += 1,
            Err(error) => assert_eq!(error, VaultError::Taken),
        }
    }
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn days_and_the_checkpoints_of_a_day_are_named_in_order() {
    let (name, vault) = vault().await;
    assert_eq!(vault.days().await, Ok(Vec::new()));
    assert_eq!(newest(&vault).await, Ok(None));
    for (day, number) in [("2026-11-22", 12), ("2026-11-21", 3), ("2026-11-22", 4)] {
        let key = format!("checkpoints/{day}/{number:010}.json");
        vault.keep(&key, &number.to_string()).await.unwrap();
    }
    let stray = s3().put_object().bucket(&name).key("elsewhere/x.json");
    stray.send().await.unwrap();
    let days = ["2026-11-21", "2026-11-22"].map(str::to_owned);
    assert_eq!(vault.days().await, Ok(days.to_vec()));
    let of_day = ["0000000004", "0000000012"];
    let of_day = of_day.map(|number| format!("checkpoints/2026-11-22/{number}.json"));
    assert_eq!(vault.of_day("2026-11-22").await, Ok(of_day.to_vec()));
    assert_eq!(vault.of_day("2026-11-2").await, Ok(Vec::new()));
    let last = Some((of_day[1].clone(), "12".to_owned()));
    assert_eq!(newest(&vault).await, Ok(last));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_more_checkpoints_than_one_answer_names_is_named_whole() {
    let (_, vault) = vault().await;
    let names: Vec<String> = (1..=1001)
        .map(|number| format!("checkpoints/2026-11-22/{number:010}.json"))
        .collect();
    for part in names.chunks(40) {
        let keeps = part.iter().map(|name| vault.keep(name, "{}"));
        futures_util::future::try_join_all(keeps).await.unwrap();
    }
    assert_eq!(vault.of_day("2026-11-22").await, Ok(names));
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let (_, vault) = vault().await;
    let absent = vault.read("checkpoints/2026-11-22/0000000001.json").await;
    let text = absent.unwrap_err().to_string();
    assert!(text.contains("there is no such checkpoint"), "{text}");
    let nowhere = CheckpointBucket::new(&connection(), unique("nowhere"));
    let text = nowhere.days().await.unwrap_err().to_string();
    assert!(text.contains("there is no such bucket"), "{text}");
    let key = format!("arn:aws:kms:eu-west-1:123456789012:key/{}", unique("none"));
    let SignError(text) = Kms::new(&connection(), key)
        .sign(&[7; 32])
        .await
        .unwrap_err();
    assert!(text.contains("there is no such key"), "{text}");
}

#[tokio::test]
async fn a_key_of_another_kind_is_refused() {
    let other = key(KeySpec::Rsa2048).await;
    let SignError(text) = other.public_key().await.unwrap_err();
    assert!(text.contains("not a public key on P-256"), "{text}");
}

#[tokio::test]
async fn a_checkpoint_that_kms_signed_vouches_for_the_table_and_finds_a_replaced_chain() {
    let table = audit_table().await;
    let (_, vault) = vault().await;
    let signer = key(KeySpec::EccNistP256).await;
    let keys = keys();
    let makes = async |round: i64| -> Made {
        let (trail, now) = (&table.store, NOW + 300 * round);
        let made = checkpoint(trail, &vault, &signer, &keys, "test", now, 1000);
        made.await.unwrap()
    };
    writes(&table.store, "acme", 1..=3).await;
    let first = makes(0).await;
    assert_eq!((first.number, first.chains, first.records), (1, 1, 3));
    writes(&table.store, "acme", 4..=5).await;
    writes(&table.store, "globex", 1..=1).await;
    let second = makes(1).await;
    assert_eq!((second.number, second.chains, second.records), (2, 2, 3));
    assert!(second.broken.is_empty());

    let mut all = Vec::new();
    for day in vault.days().await.unwrap() {
        for name in vault.of_day(&day).await.unwrap() {
            let text = vault.read(&name).await.unwrap();
            all.push(serde_json::from_str::<Signed>(&text).unwrap());
        }
    }
    let public = signer.public_key().await.unwrap();
    assert_eq!(all[1].key, signer.key());
    let signatures = Signatures::of(&public, &all);
    assert_eq!((signatures.checkpoints, signatures.findings.len()), (2, 0));
    let acme = chain("acme");
    let verdict = async || {
        let mut inspection = Inspection::new(acme.clone(), None, &signatures);
        let links = table.store.links(&acme, 0, 100).await.unwrap();
        links.iter().for_each(|stored| inspection.look(stored));
        let head = table.store.head(&acme).await.unwrap();
        inspection.end(Some(Ends::still(head.as_ref())))
    };
    let sound = verdict().await;
    assert!(sound.is_sound(), "{:?}", sound.findings);
    assert_eq!(sound.signed.map(|seen| seen.seq), Some(5));

    // Somebody takes the chain away, and writes another in its place.
    for (pk, sk) in table.keys().await {
        if !pk.contains("globex") && pk != "CHAINS" {
            table.delete(&pk, &sk).await;
        }
    }
    writes(&table.store, "acme", 11..=15).await;
    let found = verdict().await.findings;
    for (seq, checkpoint) in [(3, 1), (5, 2)] {
        let replaced = Finding::NotAsSigned { seq, checkpoint };
        assert!(found.contains(&replaced), "{found:?}");
    }
    let third = makes(2).await;
    assert_eq!(third.broken.len(), 1);
    assert_eq!(third.broken[0].0, acme);
}
