//! `rekey audit verify`

use rekey_audit::testing::{Attacker, LocalSigner};
use rekey_audit::{Append as _, Chain, Head, Link, Trail as _, TrailError, checkpoint};
use rekey_events::AuditRecord;
use serde_json::json;

use super::golden::golden;
use super::trail::{Folder, kept, record, seals, signs, writes};
use super::typed::{Seen, at_width, typed};
use super::world::{NOW, TestWorld};
use crate::exit::Exit;

/// Somebody who may write into the table, and has keys of their own.
pub fn attacker(world: &TestWorld) -> Attacker<'_> {
    let chain = Chain::parse("acme").unwrap();
    Attacker::new(&world.trail, chain, own_keys())
}

/// Keys of their own, by the id of the right one.
pub fn own_keys() -> rekey_audit::Keyring {
    let keys = json!({ "current": "1", "1": "f".repeat(64) });
    rekey_audit::Keyring::parse(&keys.to_string()).unwrap()
}

/// Puts a record behind the end of a chain, with keys of their own and the time that it should have.
async fn forges(world: &TestWorld, record: &AuditRecord, at: i64) {
    let chain = Chain::parse(record.tenant.as_str()).unwrap();
    let head = world.trail.head(&chain).await.unwrap().unwrap();
    let link = Link::seal(record, head.seq + 1, &head.hash, at, &own_keys()).unwrap();
    let end = Head::at(&link, at, &own_keys()).unwrap();
    let links = std::slice::from_ref(&link);
    world.trail.append(Some(&head), links, &end).await.unwrap();
}

pub fn findings(seen: &Seen) -> Vec<String> {
    let document = seen.json();
    let chains = document["chains"].as_array().unwrap().iter();
    let of_chains = chains.flat_map(|chain| chain["findings"].as_array().unwrap());
    let of_checkpoints = document["checkpoints"]["findings"].as_array().unwrap();
    let all = of_chains.chain(of_checkpoints);
    all.map(|one| one["finding"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_sound_trail_is_told_with_what_is_signed_and_what_was_not_looked_at() {
    let (world, folder) = (kept().await, Folder::new());
    let seen = at_width(&world, "audit verify", 150).await;
    golden("audit-verify", &format!("{}{}", seen.out, seen.err));
    assert_eq!(seen.exit, Exit::Ok);
    let keys = folder.mac_keys();
    let line = format!("audit verify --json --mac-keys {}", keys.display());
    let seen = typed(&world, &line).await;
    golden("audit-verify-json", &seen.out);
    assert_eq!(
        (seen.exit, seen.json()["sound"].as_bool()),
        (Exit::Ok, Some(true))
    );
}

#[tokio::test]
async fn each_way_to_bend_the_trail_is_found() {
    type Deed = fn(&Attacker<'_>);
    let deeds: [(&str, Deed, &str); 9] = [
        (
            "an edit",
            |them| them.edits(3, "actor_id", "nobody"),
            "altered",
        ),
        (
            "an edit with its hash made right",
            |them| them.edits_and_hashes(3, "actor_id", "nobody"),
            "unlinked",
        ),
        ("a removal", |them| them.removes(2), "removed"),
        ("a swap", |them| them.swaps(2, 4), "moved"),
        ("a cut tail", |them| them.cuts_off_after(3), "cut_tail"),
        (
            "a cut tail with an end of their own",
            |them| {
                them.cuts_off_after(3);
                them.writes_the_head();
            },
            "cut_tail",
        ),
        (
            "a chain that is written anew",
            |them| them.rewrites_from(1, "actor_id", "nobody"),
            "not_as_signed",
        ),
        (
            "a chain that is gone",
            |them| them.removes_the_chain(),
            "cut_tail",
        ),
        (
            "a record that a search misses",
            |them| them.hides(2),
            "misfiled",
        ),
    ];
    for (what, deed, finding) in deeds {
        let world = kept().await;
        deed(&attacker(&world));
        let seen = typed(&world, "audit verify --json").await;
        assert_eq!(seen.exit, Exit::Drift, "{what}\n{}", seen.out);
        let found = findings(&seen);
        assert!(found.iter().any(|one| one == finding), "{what}: {found:?}");
        let chains = seen.json()["chains"].as_array().unwrap().clone();
        let sound = |name: &str| {
            chains
                .iter()
                .find(|one| one["chain"] == name)
                .map(|one| one["sound"].clone())
        };
        assert_eq!(sound("platform"), Some(json!(true)), "{what}");
        assert_eq!(sound("acme"), Some(json!(false)), "{what}");
    }
}

#[tokio::test]
async fn a_forged_record_that_no_checkpoint_knows_yet_is_found_by_its_seal() {
    let (world, folder) = (kept().await, Folder::new());
    let forged = record(99, NOW - 10, json!({ "actor_id": "nobody" }));
    forges(&world, &forged, NOW - 10).await;
    let seen = typed(&world, "audit verify").await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(
        seen.out.contains("3, chained, not proven yet"),
        "{}",
        seen.out
    );
    assert!(seen.out.contains("not checked: seals"), "{}", seen.out);
    let line = format!(
        "audit verify --json --mac-keys {}",
        folder.mac_keys().display()
    );
    let seen = typed(&world, &line).await;
    assert_eq!(seen.exit, Exit::Drift);
    assert_eq!(findings(&seen), ["forged", "head_forged"]);
}

#[tokio::test]
async fn a_tail_that_the_newest_checkpoint_refused_is_a_finding_without_any_key() {
    let world = TestWorld::empty();
    writes(&world, &[record(1, NOW - 9_000, json!({}))], NOW - 9_000).await;
    signs(&world, NOW - 8_900).await;
    let forged = record(99, NOW - 8_000, json!({ "actor_id": "nobody" }));
    forges(&world, &forged, NOW - 8_000).await;
    assert_eq!(typed(&world, "audit verify").await.exit, Exit::Ok);
    let keys = rekey_audit::testing::keyring(1).unwrap();
    let (trail, vault, signer) = (&*world.trail, &world.vault, &world.signer);
    let made = checkpoint(trail, vault, signer, &keys, "prod", NOW - 100, 100).await;
    assert_eq!(made.unwrap().broken.len(), 1);
    let seen = typed(&world, "audit verify --json").await;
    assert_eq!(
        (seen.exit, findings(&seen)),
        (Exit::Drift, vec!["unvouched".to_owned()])
    );
    let document = seen.json();
    assert_eq!(
        (&document["sound"], &document["chains"][0]["sound"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(document["warnings"], json!([]), "told once, as what it is");
}

#[tokio::test]
async fn keys_from_before_a_rotation_cannot_look_at_newer_seals_and_accuse_nobody() {
    let (world, folder) = (kept().await, Folder::new());
    // More than are told one by one.
    let more: Vec<_> = (100..250)
        .map(|number| record(number, NOW - 50, json!({})))
        .collect();
    seals(&world.trail, 2, &more, NOW - 50).await;
    let line = format!("audit verify --mac-keys {}", folder.mac_keys().display());
    let seen = typed(&world, &line).await;
    assert_eq!(seen.exit, Exit::Failed, "{}{}", seen.out, seen.err);
    assert!(seen.err.contains("have no key 2"), "{}", seen.err);
    assert!(!seen.out.contains("finding"), "{}", seen.out);
    let seen = typed(&world, &format!("{line} --json")).await;
    assert_eq!(
        (seen.exit, seen.json()["sound"].as_bool()),
        (Exit::Failed, Some(false))
    );
    // What else is wrong is not hidden by it: neither what is told, nor what is only counted.
    attacker(&world).hides(155);
    assert_eq!(typed(&world, &line).await.exit, Exit::Drift);
    let world = kept().await;
    seals(&world.trail, 2, &more[..1], NOW - 50).await;
    attacker(&world).edits(2, "actor_id", "nobody");
    assert_eq!(typed(&world, &line).await.exit, Exit::Drift);
}

#[tokio::test]
async fn findings_are_told_with_how_far_the_chain_is_sound() {
    let world = kept().await;
    attacker(&world).edits(3, "actor_id", "nobody");
    let seen = at_width(&world, "audit verify", 150).await;
    golden("audit-verify-altered", &format!("{}{}", seen.out, seen.err));
    assert_eq!(seen.exit, Exit::Drift);
}

#[tokio::test]
async fn a_chain_whose_name_alone_is_left_is_a_finding() {
    let world = TestWorld::empty();
    writes(&world, &[record(1, NOW - 9_000, json!({}))], NOW - 9_000).await;
    signs(&world, NOW - 8_900).await;
    let fields = json!({ "tenant": "initech" });
    writes(&world, &[record(2, NOW - 60, fields)], NOW - 60).await;
    let chain = Chain::parse("initech").unwrap();
    // The end is left, and what it is the end of is not.
    Attacker::new(&world.trail, chain, own_keys()).cuts_off_after(0);
    let seen = typed(&world, "audit verify --json --tenant initech").await;
    assert_eq!(
        (seen.exit, findings(&seen)),
        (Exit::Drift, vec!["cut_tail".to_owned()])
    );
}

#[tokio::test]
async fn checkpoints_of_another_key_vouch_for_nothing() {
    let mut world = kept().await;
    world.signer = LocalSigner::new(8).unwrap();
    let seen = typed(&world, "audit verify --json").await;
    assert_eq!(seen.exit, Exit::Drift);
    assert!(
        findings(&seen).iter().all(|one| one == "bad_signature"),
        "{}",
        seen.out
    );
    assert_eq!(seen.json()["chains"][0]["signed_to"], json!(null));
}

#[tokio::test]
async fn what_is_no_checkpoint_or_has_anothers_number_is_a_finding() {
    let world = kept().await;
    let (name, text) = {
        let kept = world.vault.kept();
        let (name, text) = kept.iter().next().unwrap();
        (name.clone(), text.clone())
    };
    world
        .vault
        .kept()
        .insert(name.replace("000001", "000009"), text);
    let seen = typed(&world, "audit verify --json --all-checkpoints").await;
    assert_eq!(
        (seen.exit, findings(&seen)),
        (Exit::Drift, vec!["unchained".to_owned()])
    );
    world.vault.kept().insert(name, "{}".to_owned());
    let seen = typed(&world, "audit verify --json --all-checkpoints").await;
    assert!(
        findings(&seen).contains(&"bad_signature".to_owned()),
        "{}",
        seen.out
    );
}

#[tokio::test]
async fn records_without_any_checkpoint_are_not_called_sound() {
    let world = kept().await;
    world.vault.kept().clear();
    let seen = typed(&world, "audit verify --json").await;
    assert_eq!(
        (seen.exit, seen.json()["sound"].as_bool()),
        (Exit::Failed, Some(false))
    );
    assert!(seen.err.contains("no checkpoint"), "{}", seen.err);
    let seen = typed(&TestWorld::empty(), "audit verify").await;
    assert_eq!(seen.exit, Exit::Ok, "{}", seen.err);
}

#[tokio::test]
async fn a_checkpoint_that_should_be_newer_is_told() {
    let world = TestWorld::empty();
    writes(&world, &[record(1, NOW - 9_000, json!({}))], NOW - 9_000).await;
    signs(&world, NOW - 3_600).await;
    let seen = typed(&world, "audit verify").await;
    assert_eq!(seen.exit, Exit::Ok);
    assert!(seen.err.contains("60 min old"), "{}", seen.err);
}

#[tokio::test]
async fn of_each_day_the_last_checkpoint_is_looked_at_and_of_the_newest_day_all() {
    let world = TestWorld::empty();
    writes(&world, &[record(1, NOW - 99_100, json!({}))], NOW - 99_100).await;
    for before in [99_000, 98_000, 500, 200] {
        signs(&world, NOW - before).await;
    }
    let looked = |seen: Seen| seen.json()["checkpoints"]["looked_at"].as_u64();
    // 2026-11-20 has two, 2026-11-21 has two.
    assert_eq!(looked(typed(&world, "audit verify --json").await), Some(3));
    let seen = typed(&world, "audit verify --json --all-checkpoints").await;
    assert_eq!(looked(seen), Some(4));
}

#[tokio::test]
async fn one_chain_may_be_looked_at_and_an_unknown_one_is_told() {
    let world = kept().await;
    attacker(&world).edits(3, "actor_id", "nobody");
    let seen = typed(&world, "audit verify --tenant platform").await;
    assert_eq!(seen.exit, Exit::Ok, "{}", seen.out);
    let seen = typed(&world, "audit verify --tenant initech").await;
    assert_eq!(seen.exit, Exit::Usage);
}

#[tokio::test]
async fn keys_that_cannot_be_used_are_not_repeated() {
    let (world, folder) = (kept().await, Folder::new());
    let path = folder.file("keys", r#"{"current":"1","1":"hunter2"}"#);
    for option in ["--mac-keys", "--public-key"] {
        let seen = typed(&world, &format!("audit verify {option} {}", path.display())).await;
        assert_eq!(seen.exit, Exit::Usage);
        assert!(
            seen.err.contains(option) && !seen.err.contains("hunter2"),
            "{}",
            seen.err
        );
    }
}

#[tokio::test]
async fn what_others_write_while_it_is_looked_at_is_no_finding() {
    let (world, folder) = (kept().await, Folder::new());
    let more: Vec<_> = (20..23)
        .map(|number| record(number, NOW, json!({})))
        .collect();
    world.trail.meanwhile.lock().unwrap().extend(more);
    let line = format!(
        "audit verify --json --mac-keys {}",
        folder.mac_keys().display()
    );
    let seen = typed(&world, &line).await;
    assert_eq!(
        (seen.exit, findings(&seen).len()),
        (Exit::Ok, 0),
        "{}",
        seen.out
    );
    assert_eq!(seen.json()["chains"][0]["records"], 10);
}

#[tokio::test]
async fn a_chain_of_many_pages_is_looked_at_to_its_end() {
    let world = TestWorld::empty();
    let records: Vec<_> = (0..1_001)
        .map(|number| record(number, NOW - 900, json!({})))
        .collect();
    writes(&world, &records, NOW - 900).await;
    signs(&world, NOW - 300).await;
    let seen = typed(&world, "audit verify --json").await;
    assert_eq!(
        (seen.exit, seen.json()["chains"][0]["records"].as_u64()),
        (Exit::Ok, Some(1_001))
    );
    attacker(&world).edits(1_001, "actor_id", "nobody");
    let seen = typed(&world, "audit verify --json").await;
    assert_eq!(seen.exit, Exit::Drift);
}

#[tokio::test]
async fn what_may_not_be_read_is_told_with_the_policy_that_allows_it() {
    let mut world = kept().await;
    world.trail.fails = Some(TrailError::Denied("dynamodb:Query".into()));
    for line in ["audit list", "audit verify", "rotation-log 2026-11-21"] {
        let seen = typed(&world, line).await;
        assert_eq!(seen.exit, Exit::Failed, "{line}");
        for word in [
            "rekey-prod-audit",
            "dynamodb:Query",
            "rekey-prod-eu-west-1-reader",
        ] {
            assert!(seen.err.contains(word), "{line}: {}", seen.err);
        }
    }
}
