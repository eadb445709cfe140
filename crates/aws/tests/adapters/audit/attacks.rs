//! Somebody who may write into the table, by its own calls, and has none of the keys.

use aws_sdk_dynamodb::types::AttributeValue;
use rekey_audit::testing::{keyring, record};
use rekey_audit::{
    BEGINNING, Ends, Finding, Head, Inspection, Keyring, Link, Signatures, Trail, Verdict, Wanted,
    WriteError, list,
};

use super::{NOW, TARGET, chain, keys, writes, written};
use crate::cloud::{Table, audit_table, text};
use rekey_aws::AuditTable;

const CHAIN: &str = "CHAIN#acme";

/// A chain of six records, and nobody has touched it.
async fn scene() -> Table<AuditTable> {
    let table = audit_table().await;
    writes(&table.store, "acme", 1..=6).await;
    assert_eq!(found(&table).await, []);
    table
}

async fn verdict(table: &Table<AuditTable>, keyring: Option<&Keyring>) -> Verdict {
    let acme = chain("acme");
    let mut inspection = Inspection::new(acme.clone(), keyring, &Signatures::default());
    let mut after = 0;
    loop {
        let page = table.store.links(&acme, after, 2).await.unwrap();
        page.iter().for_each(|stored| inspection.look(stored));
        after = page.last().map_or(after, |stored| stored.seq);
        if page.len() < 2 {
            break;
        }
    }
    let head = table.store.head(&acme).await.unwrap();
    inspection.end(Some(Ends::still(head.as_ref())))
}

async fn found(table: &Table<AuditTable>) -> Vec<Finding> {
    verdict(table, Some(&keys())).await.findings
}

fn sk(seq: u64) -> String {
    format!("{seq:012}")
}

async fn link_text(table: &Table<AuditTable>, seq: u64) -> String {
    let link = table.get(CHAIN, &sk(seq), "link").await.unwrap();
    link.as_s().unwrap().clone()
}

/// Keys of their own, under the ids of the right ones.
fn own_keys() -> Keyring {
    Keyring::parse(&format!("{{\"current\":\"1\",\"1\":\"{:x>64}\"}}", "")).unwrap()
}

/// Puts a link and an end of their own making into the table.
async fn puts(table: &Table<AuditTable>, link: &Link) {
    let link_text = serde_json_canonicalizer::to_string(link).unwrap();
    table
        .set(CHAIN, &sk(link.seq), "link", text(&link_text))
        .await;
    let head = Head::at(link, NOW, &own_keys()).unwrap();
    let (pk, sk) = ("HEAD#acme", "META");
    let head_text = serde_json::to_string(&head).unwrap();
    table.set(pk, sk, "head", text(&head_text)).await;
    table.set(pk, sk, "hash", text(&head.hash)).await;
    let seq = AttributeValue::N(head.seq.to_string());
    table.set(pk, sk, "seq", seq).await;
}

#[tokio::test]
async fn an_edit_is_found() {
    let table = scene().await;
    let edited = link_text(&table, 3)
        .await
        .replace("rekey.retire", "somebody-else");
    table.set(CHAIN, &sk(3), "link", text(&edited)).await;
    let found = found(&table).await;
    assert_eq!(found[0], Finding::Altered { seq: 3 });
    assert_eq!(verdict(&table, None).await.sound_to, 2);
}

/// Two readers of it could read two things, and the hash would be right for one of them.
#[tokio::test]
async fn a_field_that_was_put_in_before_the_one_that_counts_is_found() {
    let table = scene().await;
    let own = link_text(&table, 3).await;
    let twice = own.replacen("\"record\":{", "\"record\":{\"action\":\"x\",", 1);
    assert_eq!(Link::parse(&twice).unwrap(), Link::parse(&own).unwrap());
    table.set(CHAIN, &sk(3), "link", text(&twice)).await;
    assert_eq!(found(&table).await, [Finding::Unreadable { seq: 3 }]);
}

#[tokio::test]
async fn a_removal_is_found() {
    let table = scene().await;
    table.delete(CHAIN, &sk(3)).await;
    table.delete(CHAIN, &sk(4)).await;
    assert_eq!(found(&table).await, [Finding::Removed { from: 3, to: 4 }]);
}

#[tokio::test]
async fn a_swap_is_found() {
    let table = scene().await;
    let (one, other) = (link_text(&table, 2).await, link_text(&table, 5).await);
    table.set(CHAIN, &sk(2), "link", text(&other)).await;
    table.set(CHAIN, &sk(5), "link", text(&one)).await;
    let found = found(&table).await;
    assert!(found.contains(&Finding::Moved { seq: 2 }), "{found:?}");
    assert!(found.contains(&Finding::Moved { seq: 5 }), "{found:?}");
}

#[tokio::test]
async fn a_cut_tail_is_found_while_the_end_is_the_old_one_and_when_it_was_forged() {
    let table = scene().await;
    table.delete(CHAIN, &sk(6)).await;
    let cut = Finding::CutTail {
        found: 5,
        expected: 6,
        checkpoint: None,
    };
    assert_eq!(found(&table).await, [cut]);

    let last = Link::parse(&link_text(&table, 5).await).unwrap();
    puts(&table, &last).await;
    assert_eq!(found(&table).await, [Finding::HeadForged]);

    table.delete("HEAD#acme", "META").await;
    assert_eq!(found(&table).await, [Finding::HeadGone]);
}

#[tokio::test]
async fn a_forged_record_is_found_whose_hash_and_place_are_right() {
    let table = scene().await;
    let last = Link::parse(&link_text(&table, 6).await).unwrap();
    let forged = record("acme", 7, TARGET, NOW).unwrap();
    let forged = Link::seal(&forged, 7, &last.hash, NOW, &own_keys()).unwrap();
    puts(&table, &forged).await;
    let found = found(&table).await;
    assert!(found.contains(&Finding::Forged { seq: 7 }), "{found:?}");
    assert!(found.contains(&Finding::HeadForged), "{found:?}");
    // Nobody writes behind it, either.
    let result = written(&table.store, &keys(), "acme", 8..=8).await;
    let forged = WriteError::Forged(chain("acme"));
    assert_eq!(result, Err(forged));
}

#[tokio::test]
async fn a_chain_that_was_written_anew_with_hashes_that_fit_is_found() {
    let table = scene().await;
    let mut prev = BEGINNING.to_owned();
    for seq in 1..=6 {
        // The third is another.
        let what = if seq == 3 { 33 } else { seq };
        let record = record("acme", what, TARGET, NOW).unwrap();
        let link = Link::seal(&record, seq, &prev, NOW, &own_keys()).unwrap();
        prev.clone_from(&link.hash);
        puts(&table, &link).await;
    }
    let found = found(&table).await;
    for seq in 1..=6 {
        assert!(found.contains(&Finding::Forged { seq }), "{found:?}");
    }
}

#[tokio::test]
async fn a_record_that_is_filed_under_something_else_is_found() {
    for (attribute, value) in [
        ("by_actor", text("somebody-else#20261122#0")),
        ("at", text("000000000000#acme#000000000003")),
        ("by_target", text("")),
    ] {
        let table = scene().await;
        if value.as_s().is_ok_and(String::is_empty) {
            // Taken out of the index: it finds the record no more.
            remove(&table, 3, attribute).await;
        } else {
            table.set(CHAIN, &sk(3), attribute, value).await;
        }
        assert_eq!(found(&table).await, [Finding::Misfiled { seq: 3 }]);
    }
}

async fn remove(table: &Table<AuditTable>, seq: u64, attribute: &str) {
    let call = table.client.update_item().table_name(&table.name);
    let call = call.key("pk", text(CHAIN)).key("sk", text(&sk(seq)));
    let call = call.update_expression("REMOVE #a");
    let call = call.expression_attribute_names("#a", attribute);
    call.send().await.unwrap();
}

#[tokio::test]
async fn an_item_that_is_no_record_is_told_and_stops_nobody_from_looking_at_the_rest() {
    for value in [
        text("{"),
        text(""),
        AttributeValue::N("7".into()),
        AttributeValue::L(Vec::new()),
        AttributeValue::Null(true),
    ] {
        let table = scene().await;
        table.set(CHAIN, &sk(3), "link", value).await;
        assert_eq!(found(&table).await, [Finding::Unreadable { seq: 3 }]);
    }
    let table = scene().await;
    remove(&table, 6, "link").await;
    let found = found(&table).await;
    assert!(found.contains(&Finding::Unreadable { seq: 6 }), "{found:?}");
}

#[tokio::test]
async fn an_item_under_a_key_that_is_no_place_is_no_record_and_hides_none() {
    let table = scene().await;
    let forged = link_text(&table, 4).await;
    for stray in ["000000000003x", "0000000000031", "zzz", "0000000000é", "!"] {
        for more in ["", "a", "b"] {
            let sk = format!("{stray}{more}");
            table.set(CHAIN, &sk, "link", text(&forged)).await;
        }
    }
    let verdict = verdict(&table, Some(&keys())).await;
    assert!(verdict.is_sound(), "{:?}", verdict.findings);
    assert_eq!(verdict.records, 6);
    // Filed by hand, it is counted as what cannot be read.
    let filed = table.get(CHAIN, &sk(6), "by_day").await.unwrap();
    let at = table.get(CHAIN, &sk(6), "at").await.unwrap();
    table.set("SOMETHING", "else", "by_day", filed).await;
    table.set("SOMETHING", "else", "at", at).await;
    let wanted = Wanted {
        since: NOW,
        until: NOW + 1,
        ..Wanted::default()
    };
    let listed = list(&table.store, &wanted, None, 100).await.unwrap();
    assert_eq!((listed.entries.len(), listed.unreadable), (6, 1));
}

#[tokio::test]
async fn what_is_sealed_with_a_key_that_was_rotated_away_stays_verifiable() {
    let table = scene().await;
    let two = keyring(2).unwrap();
    let result = written(&table.store, &two, "acme", 7..=7).await;
    assert_eq!(result, Ok(1));
    assert!(verdict(&table, Some(&two)).await.is_sound());
    let one = found(&table).await;
    assert!(one.contains(&Finding::UnknownKey { seq: 7 }), "{one:?}");
}
