//! What the table promises as every trail does, and what lies in it.

use aws_sdk_dynamodb::types::AttributeValue;
use rekey_audit::testing::{record, suite};
use rekey_audit::{Append, AppendError, Head, Link, Trail, TrailError, WriteError, write};

use super::{AtOnce, NOW, Nowhere, TARGET, chain, keys, writes};
use crate::cloud::{audit_table, text};

#[tokio::test(flavor = "multi_thread")]
async fn the_table_keeps_every_promise_of_a_trail() {
    let table = audit_table().await;
    match suite::run(&table.store).await {
        Ok(kept) => println!("the audit trail on DynamoDB: {kept} promises kept"),
        Err(broken) => panic!("{broken}"),
    }
}

#[tokio::test]
async fn a_record_is_one_item_with_its_index_entries_a_marker_and_the_end_of_the_chain() {
    let table = audit_table().await;
    writes(&table.store, "acme", 1..=2).await;
    let id = record("acme", 2, TARGET, NOW).unwrap().id;
    let links = table.partition("CHAIN#acme").await;
    assert_eq!(links.len(), 2);
    let at = format!("{NOW:012}#acme#000000000002");
    let sk = "000000000002";
    assert_eq!(table.get("CHAIN#acme", sk, "at").await, Some(text(&at)));
    // The shard is a matter of the id; the day is that of the record.
    for (attribute, start) in [
        ("by_day", "20261122#"),
        ("by_tenant", "acme#20261122#"),
        ("by_actor", "rekey.retire#20261122#"),
        ("by_action", "secret.rotated#20261122#"),
        ("by_target", "tenant.acme.stripe.api_key#20261122#"),
        ("by_request", "request-2#20261122#"),
    ] {
        let filed = table.get("CHAIN#acme", sk, attribute).await.unwrap();
        assert!(filed.as_s().unwrap().starts_with(start), "{filed:?}");
    }
    let marker = format!("EVENT#{id}");
    assert_eq!(
        table.get(&marker, "META", "chain").await,
        Some(text("acme"))
    );
    let two = AttributeValue::N("2".into());
    assert_eq!(table.get(&marker, "META", "seq").await, Some(two.clone()));
    assert_eq!(table.get("HEAD#acme", "META", "seq").await, Some(two));
    let head = table.store.head(&chain("acme")).await.unwrap().unwrap();
    let hash = table.get("HEAD#acme", "META", "hash").await;
    assert_eq!(hash, Some(text(&head.hash)));
    let names = table.partition("CHAINS").await;
    assert_eq!(names[0]["sk"], text("acme"));
}

#[tokio::test]
async fn what_somebody_made_of_an_end_is_an_error_with_its_key_and_without_its_content() {
    let table = audit_table().await;
    writes(&table.store, "acme", 1..=1).await;
    table
        .set("HEAD#acme", "META", "head", text("hunter2"))
        .await;
    let corrupt = Err(TrailError::Corrupt("HEAD#acme/META".into()));
    assert_eq!(table.store.head(&chain("acme")).await, corrupt);
}

#[tokio::test]
async fn a_marker_that_somebody_made_unreadable_holds_up_its_own_record_and_no_other() {
    let table = audit_table().await;
    writes(&table.store, "acme", 1..=1).await;
    let records = [1, 2, 3].map(|what| record("acme", what, TARGET, NOW).unwrap());
    let marker = format!("EVENT#{}", records[0].id);
    table.set(&marker, "META", "seq", text("hunter2")).await;
    let written = write(&table.store, &Nowhere, &AtOnce, &keys(), &records, NOW).await;
    let [gone, done] = written.as_slice() else {
        panic!("{written:?}");
    };
    assert_eq!(gone.places, [0]);
    let not_there = WriteError::NotThere(chain("acme"));
    assert_eq!(gone.result, Err(not_there));
    assert_eq!(
        (done.places.as_slice(), &done.result),
        (&[1, 2][..], &Ok(2))
    );
}

#[tokio::test]
async fn a_chain_whose_name_was_taken_away_is_named_again_by_the_next_append() {
    let table = audit_table().await;
    writes(&table.store, "acme", 1..=1).await;
    table.delete("CHAINS", "acme").await;
    assert_eq!(table.store.chains().await, Ok(vec![]));
    writes(&table.store, "acme", 2..=2).await;
    assert_eq!(table.store.chains().await, Ok(vec![chain("acme")]));
}

#[tokio::test]
async fn a_name_that_no_chain_has_keeps_nobody_from_reading_the_others() {
    let table = audit_table().await;
    writes(&table.store, "acme", 1..=1).await;
    table
        .set("CHAINS", "No chain!", "note", text("by hand"))
        .await;
    assert_eq!(table.store.chains().await, Ok(vec![chain("acme")]));
}

#[tokio::test]
async fn an_end_whose_condition_was_edited_is_written_behind_by_nobody() {
    let table = audit_table().await;
    writes(&table.store, "acme", 1..=1).await;
    let head = table.store.head(&chain("acme")).await.unwrap().unwrap();
    table.set("HEAD#acme", "META", "hash", text("0")).await;
    let next = record("acme", 2, TARGET, NOW).unwrap();
    let link = Link::seal(&next, 2, &head.hash, NOW, &keys()).unwrap();
    let end = Head::at(&link, NOW, &keys()).unwrap();
    let answer = table.store.append(Some(&head), &[link], &end).await;
    assert_eq!(answer, Err(AppendError::Conflict));
}

#[tokio::test]
async fn a_table_that_is_not_there_is_told() {
    let table = rekey_aws::AuditTable::new(&crate::cloud::connection(), "nowhere".into());
    let error = table.chains().await.unwrap_err().to_string();
    assert!(error.contains("there is no such table"), "{error}");
}
