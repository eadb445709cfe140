//! Somebody who has the table and this code, but none of the keys, tries everything there is to try.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::use_debug,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use std::ops::RangeInclusive;

use rekey_audit::testing::{Attacker, LocalSigner, MemoryTrail, MemoryVault, keyring, record};
use rekey_audit::{
    Chain, Ends, Finding, Inspection, Keyring, Link, Made, Onward, OnwardError, Signatures, Signed,
    Signer as _, Trail as _, Vault as _, Verdict, Wait, Wanted, WriteError, checkpoint, list,
    newest, write,
};

const NOW: i64 = 1_795_312_800;
const FIVE_MINUTES: i64 = 300;
const TARGET: &str = "tenant.acme.stripe.api_key";

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

/// A trail of twelve records of one tenant and three of another. The first ten are signed, by two
/// checkpoints; the last two came after them.
struct Scene {
    trail: MemoryTrail,
    vault: MemoryVault,
    signer: LocalSigner,
    keyring: Keyring,
}

impl Scene {
    async fn set() -> Self {
        let scene = Self {
            trail: MemoryTrail::default(),
            vault: MemoryVault::default(),
            signer: LocalSigner::new(7).unwrap(),
            keyring: keyring(1).unwrap(),
        };
        scene.writes("acme", 1..=6).await;
        scene.signs(0).await;
        scene.writes("globex", 1..=3).await;
        scene.writes("acme", 7..=10).await;
        scene.signs(1).await;
        scene.writes("acme", 11..=12).await;
        scene
    }

    async fn writes(&self, tenant: &str, what: RangeInclusive<u64>) {
        for one in what {
            let at = NOW + i64::try_from(one).unwrap();
            let record = record(tenant, one, TARGET, at).unwrap();
            let (trail, keys) = (&self.trail, &self.keyring);
            let written = write(trail, &Nowhere, &AtOnce, keys, &[record], at).await;
            assert_eq!(written[0].result, Ok(1));
        }
    }

    /// The checkpoint so many rounds after the first.
    async fn signs(&self, round: i64) -> Made {
        let (trail, vault, signer) = (&self.trail, &self.vault, &self.signer);
        let now = NOW + round * FIVE_MINUTES;
        let made = checkpoint(trail, vault, signer, &self.keyring, "test", now, 1000);
        made.await.unwrap()
    }

    fn attacker(&self) -> Attacker<'_> {
        Attacker::new(&self.trail, acme(), own_keys())
    }

    async fn signatures(&self) -> Signatures {
        let mut all = Vec::new();
        for day in self.vault.days().await.unwrap() {
            for name in self.vault.of_day(&day).await.unwrap() {
                let text = self.vault.read(&name).await.unwrap();
                all.push(serde_json::from_str::<Signed>(&text).unwrap());
            }
        }
        let key = self.signer.public_key().await.unwrap();
        Signatures::of(&key, &all)
    }

    /// What an auditor finds who has the checkpoints and the public key, and, with `keys`, those of the
    /// seals.
    async fn verdict(&self, keys: bool) -> Verdict {
        let signatures = self.signatures().await;
        assert!(signatures.findings.is_empty(), "{:?}", signatures.findings);
        let keyring = keys.then_some(&self.keyring);
        let mut inspection = Inspection::new(acme(), keyring, &signatures);
        for stored in self.trail.links(&acme(), 0, 1000).await.unwrap() {
            inspection.look(&stored);
        }
        let head = self.trail.head(&acme()).await.unwrap();
        inspection.end(Some(Ends::still(head.as_ref())))
    }

    async fn found(&self, keys: bool) -> Vec<Finding> {
        self.verdict(keys).await.findings
    }
}

fn acme() -> Chain {
    Chain::parse("acme").unwrap()
}

/// Keys under the ids of the right ones.
fn own_keys() -> Keyring {
    Keyring::parse(&format!("{{\"current\":\"1\",\"1\":\"{:x>64}\"}}", "")).unwrap()
}

#[tokio::test]
async fn a_trail_that_nobody_touched_is_sound_and_says_what_is_signed() {
    let scene = Scene::set().await;
    let verdict = scene.verdict(true).await;
    assert!(verdict.is_sound(), "{:?}", verdict.findings);
    assert_eq!((verdict.records, verdict.sound_to), (12, 12));
    assert_eq!(verdict.signed.as_ref().map(|seen| seen.seq), Some(10));
    assert_eq!(verdict.unsigned(), 2);
    assert!(scene.verdict(false).await.is_sound());
}

#[tokio::test]
async fn an_edited_record_is_found_with_and_without_the_keys() {
    for keys in [true, false] {
        let scene = Scene::set().await;
        scene.attacker().edits(4, "actor_id", "somebody-else");
        assert_eq!(scene.verdict(keys).await.sound_to, 3);
        let found = scene.found(keys).await;
        assert_eq!(found[0], Finding::Altered { seq: 4 });
    }
}

#[tokio::test]
async fn an_edited_record_whose_hash_was_made_right_no_longer_fits_its_neighbour() {
    let scene = Scene::set().await;
    let attacker = scene.attacker();
    attacker.edits_and_hashes(4, "request_id", "another");
    let found = scene.found(false).await;
    assert!(found.contains(&Finding::Unlinked { seq: 5 }), "{found:?}");
    let found = scene.found(true).await;
    assert!(found.contains(&Finding::Forged { seq: 4 }), "{found:?}");
}

#[tokio::test]
async fn a_removed_record_is_found() {
    for keys in [true, false] {
        let scene = Scene::set().await;
        scene.attacker().removes(4);
        scene.attacker().removes(5);
        let removed = Finding::Removed { from: 4, to: 5 };
        assert_eq!(scene.found(keys).await, [removed]);
        scene.attacker().removes(1);
        let first = Finding::Removed { from: 1, to: 1 };
        assert_eq!(scene.found(keys).await[0], first);
    }
}

#[tokio::test]
async fn two_records_in_each_others_place_are_found() {
    for keys in [true, false] {
        let scene = Scene::set().await;
        scene.attacker().swaps(3, 8);
        let found = scene.found(keys).await;
        assert!(found.contains(&Finding::Moved { seq: 3 }), "{found:?}");
        assert!(found.contains(&Finding::Moved { seq: 8 }), "{found:?}");
    }
}

#[tokio::test]
async fn a_tail_that_was_signed_cannot_be_cut_off_even_with_an_end_that_fits() {
    for keys in [true, false] {
        let scene = Scene::set().await;
        scene.attacker().cuts_off_after(8);
        scene.attacker().writes_the_head();
        let found = scene.found(keys).await;
        let cut = Finding::CutTail {
            found: 8,
            expected: 10,
            checkpoint: Some(2),
        };
        assert!(found.contains(&cut), "{found:?}");
    }
}

#[tokio::test]
async fn a_tail_that_is_not_signed_yet_is_missed_by_the_end_of_the_chain() {
    for keys in [true, false] {
        let scene = Scene::set().await;
        scene.attacker().cuts_off_after(11);
        let cut = Finding::CutTail {
            found: 11,
            expected: 12,
            checkpoint: None,
        };
        assert_eq!(scene.found(keys).await, [cut]);
    }
    // An end that fits needs the key of the seals.
    let scene = Scene::set().await;
    scene.attacker().cuts_off_after(11);
    scene.attacker().writes_the_head();
    assert_eq!(scene.found(true).await, [Finding::HeadForged]);
}

#[tokio::test]
async fn a_chain_that_was_written_anew_is_not_the_one_that_was_signed() {
    for keys in [true, false] {
        let scene = Scene::set().await;
        let attacker = scene.attacker();
        attacker.rewrites_from(1, "actor_id", "somebody-else");
        let found = scene.found(keys).await;
        for (seq, checkpoint) in [(6, 1), (10, 2)] {
            let replaced = Finding::NotAsSigned { seq, checkpoint };
            assert!(found.contains(&replaced), "{found:?}");
        }
        assert_eq!(found.contains(&Finding::Forged { seq: 1 }), keys);
    }
}

#[tokio::test]
async fn a_tail_that_was_written_anew_behind_the_last_signature_is_found_with_the_keys() {
    let scene = Scene::set().await;
    let attacker = scene.attacker();
    attacker.rewrites_from(11, "actor_id", "somebody-else");
    // Without them it is what the verdict says of it: not signed yet.
    let blind = scene.verdict(false).await;
    assert!(blind.is_sound() && !blind.seals_checked);
    assert_eq!(blind.unsigned(), 2);
    let found = scene.found(true).await;
    assert!(found.contains(&Finding::Forged { seq: 11 }), "{found:?}");
    assert!(found.contains(&Finding::HeadForged), "{found:?}");
}

#[tokio::test]
async fn a_chain_that_is_gone_as_a_whole_is_missed() {
    let scene = Scene::set().await;
    scene.attacker().removes_the_chain();
    let cut = Finding::CutTail {
        found: 0,
        expected: 10,
        checkpoint: Some(2),
    };
    assert_eq!(scene.found(false).await, [cut]);
    let signatures = scene.signatures().await;
    assert!(signatures.chains().any(|chain| *chain == acme()));
}

#[tokio::test]
async fn a_forged_record_is_found_and_nothing_is_written_or_signed_behind_it() {
    let scene = Scene::set().await;
    scene
        .attacker()
        .forges(&record("acme", 99, TARGET, NOW).unwrap());
    let found = scene.found(true).await;
    assert_eq!(found, [Finding::Forged { seq: 13 }, Finding::HeadForged]);
    let next = record("acme", 13, TARGET, NOW).unwrap();
    let written = write(
        &scene.trail,
        &Nowhere,
        &AtOnce,
        &scene.keyring,
        &[next],
        NOW,
    )
    .await;
    let refused = written[0].result.as_ref().unwrap_err().to_string();
    assert!(refused.contains("was forged"), "{refused}");
    let made = scene.signs(2).await;
    assert_eq!(made.broken.len(), 1);
    assert!(made.broken[0].1.contains(&Finding::Forged { seq: 13 }));
    // What was signed stays what it was; the other chain goes on.
    let (_, text) = newest(&scene.vault).await.unwrap().unwrap();
    let signed: Signed = serde_json::from_str(&text).unwrap();
    assert_eq!(signed.checkpoint.end(&acme()).unwrap().seq, 10);
    assert_eq!(signed.checkpoint.chains.len(), 2);
}

#[tokio::test]
async fn a_record_that_is_only_said_to_be_there_is_not_taken_for_written() {
    let scene = Scene::set().await;
    let unwelcome = record("acme", 77, TARGET, NOW).unwrap();
    // At the place of another record, and at one where there is none.
    for seq in [4, 4000] {
        scene.attacker().marks_as_written(&unwelcome, seq);
        let other = record("acme", 100 + seq, TARGET, NOW).unwrap();
        let batch = [unwelcome.clone(), other];
        let (trail, keys) = (&scene.trail, &scene.keyring);
        let written = write(trail, &Nowhere, &AtOnce, keys, &batch, NOW).await;
        let refused = written[0].result.as_ref().unwrap_err().to_string();
        assert!(refused.contains("is not there"), "{refused}");
        assert_eq!(written[0].places, [0]);
        // One of them is no reason to give the others back.
        assert_eq!(
            (written[1].places.as_slice(), &written[1].result),
            (&[1][..], &Ok(1))
        );
    }
}

#[tokio::test]
async fn a_link_that_was_planted_for_a_record_to_come_does_not_keep_it_from_being_written() {
    for (chain, seq) in [("ghost", 1), ("acme", 13), ("acme", 4000)] {
        let scene = Scene::set().await;
        let unwelcome = record("acme", 77, TARGET, NOW).unwrap();
        let chain = Chain::parse(chain).unwrap();
        scene.attacker().plants(&unwelcome, &chain, seq);
        let (trail, keys) = (&scene.trail, &scene.keyring);
        let batch = [unwelcome.clone()];
        let written = write(trail, &Nowhere, &AtOnce, keys, &batch, NOW).await;
        let refused = written[0].result.as_ref().unwrap_err().to_string();
        assert!(refused.contains("is not there"), "{chain}#{seq}: {refused}");
        // Nor does a search show it: what is planted in a chain of records is found out by its hash or its place.
        let wanted = Wanted {
            request: Some("request-77".to_owned()),
            since: NOW - 100,
            until: NOW + 100,
            ..Wanted::default()
        };
        let listed = list(trail, &wanted, None, 10).await.unwrap();
        let found = scene.found(true).await;
        assert!(!listed.entries.is_empty() || listed.unreadable == 1);
        assert!(
            listed.entries.is_empty() || found.contains(&Finding::Forged { seq }),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn what_stands_in_the_way_of_the_next_record_is_called_by_its_name() {
    let scene = Scene::set().await;
    let other = record("acme", 88, TARGET, NOW).unwrap();
    scene.attacker().plants(&other, &acme(), 13);
    let next = [record("acme", 13, TARGET, NOW).unwrap()];
    let (trail, keys) = (&scene.trail, &scene.keyring);
    let written = write(trail, &Nowhere, &AtOnce, keys, &next, NOW).await;
    assert!(
        matches!(written[0].result, Err(WriteError::Forged(_))),
        "{:?}",
        written[0].result
    );
}

#[tokio::test]
async fn a_search_shows_no_record_that_was_edited_or_filed_elsewhere() {
    let scene = Scene::set().await;
    scene.attacker().edits(4, "actor_id", "somebody-else");
    scene.attacker().hides(5);
    let wanted = Wanted {
        tenant: Some("acme".to_owned()),
        since: NOW - 100,
        until: NOW + 100,
        ..Wanted::default()
    };
    let listed = list(&scene.trail, &wanted, None, 50).await.unwrap();
    assert_eq!((listed.entries.len(), listed.unreadable), (10, 2));
    assert!(listed.entries.iter().all(|it| ![4, 5].contains(&it.seq)));
}

#[tokio::test]
async fn an_end_that_is_sealed_with_a_key_that_nobody_has_is_found_and_never_signed() {
    let scene = Scene::set().await;
    scene.attacker().cuts_off_after(11);
    scene.attacker().writes_the_head_with("99");
    assert_eq!(scene.found(true).await, [Finding::UnknownKey { seq: 11 }]);
    let made = scene.signs(2).await;
    assert_eq!(
        made.broken,
        [(acme(), vec![Finding::UnknownKey { seq: 11 }])]
    );
}

#[tokio::test]
async fn a_record_that_is_removed_before_it_was_signed_is_missed_by_the_next_checkpoint() {
    let scene = Scene::set().await;
    scene.attacker().removes(12);
    let made = scene.signs(2).await;
    let cut = Finding::CutTail {
        found: 11,
        expected: 12,
        checkpoint: None,
    };
    assert_eq!(made.broken, [(acme(), vec![cut])]);
}

#[tokio::test]
async fn a_key_that_was_rotated_away_seals_nothing_any_more() {
    let scene = Scene {
        keyring: keyring(2).unwrap(),
        ..Scene::set().await
    };
    scene.writes("acme", 13..=14).await;
    scene.signs(2).await;
    // Whoever has got hold of the old key.
    let thief = Attacker::new(&scene.trail, acme(), keyring(1).unwrap());
    thief.forges(&record("acme", 99, TARGET, NOW).unwrap());
    let found = scene.found(true).await;
    assert!(found.contains(&Finding::OldKey { seq: 15 }), "{found:?}");
    let made = scene.signs(3).await;
    assert!(
        made.broken[0].1.contains(&Finding::OldKey { seq: 15 }),
        "{:?}",
        made.broken
    );
}

#[tokio::test]
async fn a_tail_that_checkpoints_refuse_to_vouch_for_is_found_without_the_keys() {
    let scene = Scene::set().await;
    let attacker = scene.attacker();
    attacker.rewrites_from(11, "actor_id", "somebody-else");
    assert!(scene.verdict(false).await.is_sound());
    scene.signs(2).await;
    scene.signs(3).await;
    let unvouched = Finding::Unvouched { from: 11, to: 12 };
    assert_eq!(scene.found(false).await, [unvouched]);
}

#[tokio::test]
async fn a_record_that_is_only_filed_wrongly_is_told_of_and_its_chain_is_signed_on() {
    let scene = Scene::set().await;
    scene.attacker().hides(11);
    let made = scene.signs(2).await;
    assert_eq!(made.broken, [(acme(), vec![Finding::Misfiled { seq: 11 }])]);
    let verdict = scene.verdict(false).await;
    assert_eq!(verdict.signed.map(|seen| seen.seq), Some(12));
}

#[tokio::test]
async fn the_end_of_another_chain_is_no_end_of_this_one() {
    let scene = Scene::set().await;
    let globex = Chain::parse("globex").unwrap();
    scene.attacker().borrows_the_head_of(&globex);
    assert_eq!(scene.found(true).await, [Finding::HeadForged]);
    let next = [record("acme", 13, TARGET, NOW).unwrap()];
    let (trail, keys) = (&scene.trail, &scene.keyring);
    let written = write(trail, &Nowhere, &AtOnce, keys, &next, NOW).await;
    assert!(written[0].result.is_err());
    let made = scene.signs(2).await;
    assert_eq!(made.broken, [(acme(), vec![Finding::HeadForged])]);
}

#[tokio::test]
async fn what_others_write_while_an_auditor_looks_is_no_finding() {
    let scene = Scene::set().await;
    let before = scene.trail.head(&acme()).await.unwrap();
    scene.writes("acme", 13..=15).await;
    let links = scene.trail.links(&acme(), 0, 1000).await.unwrap();
    scene.writes("acme", 16..=16).await;
    let after = scene.trail.head(&acme()).await.unwrap();
    let (keys, signatures) = (&scene.keyring, scene.signatures().await);
    let mut inspection = Inspection::new(acme(), Some(keys), &signatures);
    for stored in &links {
        inspection.look(stored);
    }
    let verdict = inspection.end(Some(Ends {
        before: before.as_ref(),
        after: after.as_ref(),
    }));
    assert!(verdict.is_sound(), "{:?}", verdict.findings);
    assert_eq!(verdict.records, 15);
}

#[tokio::test]
async fn a_record_that_is_hidden_from_searches_is_found() {
    let scene = Scene::set().await;
    scene.attacker().hides(4);
    assert_eq!(scene.found(false).await, [Finding::Misfiled { seq: 4 }]);
}

#[tokio::test]
async fn a_chain_that_begins_anew_is_never_signed_over_the_old_one() {
    let scene = Scene::set().await;
    scene.attacker().cuts_off_after(0);
    let made = scene.signs(2).await;
    assert_eq!(made.broken.len(), 1, "{:?}", made.broken);
    scene.attacker().removes_the_chain();
    // The writer cannot know better than the table: it begins anew, and the next checkpoint tells.
    scene.attacker().forgets_what_was_recorded();
    scene.writes("acme", 20..=31).await;
    let made = scene.signs(3).await;
    assert_eq!(made.broken.len(), 1, "{:?}", made.broken);
    let found = scene.found(true).await;
    let replaced = found
        .iter()
        .any(|it| matches!(it, Finding::NotAsSigned { seq: 10, .. }));
    assert!(replaced, "{found:?}");
}

#[tokio::test]
async fn a_checkpoint_of_another_key_vouches_for_nothing_and_stops_the_next() {
    let scene = Scene::set().await;
    let (other, vault) = (LocalSigner::new(8).unwrap(), MemoryVault::default());
    let attacker = scene.attacker();
    attacker.rewrites_from(1, "actor_id", "somebody-else");
    let own = own_keys();
    let made = checkpoint(&scene.trail, &vault, &other, &own, "test", NOW, 1000);
    made.await.unwrap();
    let (_, text) = newest(&vault).await.unwrap().unwrap();
    let signed: Signed = serde_json::from_str(&text).unwrap();
    let key = scene.signer.public_key().await.unwrap();
    let signatures = Signatures::of(&key, [&signed]);
    let bad = Finding::BadSignature { checkpoint: 1 };
    assert_eq!(signatures.findings, [bad]);
    assert_eq!(signatures.chains().count(), 0);
    // Put where the newest is looked for.
    let name = rekey_audit::name_of(&signed.checkpoint).replace("0000000001", "0000000009");
    scene.vault.kept().insert(name, text);
    let (trail, vault, signer) = (&scene.trail, &scene.vault, &scene.signer);
    let next = checkpoint(trail, vault, signer, &scene.keyring, "test", NOW, 1000);
    let refused = next.await.unwrap_err().to_string();
    assert!(refused.contains("0000000009"), "{refused}");
    assert!(refused.contains("rekey audit verify"), "{refused}");
}

#[tokio::test]
async fn checkpoints_that_take_back_what_was_signed_are_found() {
    let scene = Scene::set().await;
    let key = scene.signer.public_key().await.unwrap();
    let mut all: Vec<Signed> = {
        let kept = scene.vault.kept();
        let texts = kept.values();
        texts
            .map(|text| serde_json::from_str(text).unwrap())
            .collect()
    };
    all.reverse();
    let found = Signatures::of(&key, &all).findings;
    assert!(
        found.contains(&Finding::Unchained { checkpoint: 1 }),
        "{found:?}"
    );
    let regressed = |it: &Finding| matches!(it, Finding::Regressed { checkpoint: 1, .. });
    assert!(found.iter().any(regressed), "{found:?}");
    // An edited one is no longer what was signed.
    all.reverse();
    all[1].checkpoint.chains[0].seq = 9;
    let bad = Finding::BadSignature { checkpoint: 2 };
    assert_eq!(Signatures::of(&key, &all).findings, [bad]);
}

#[tokio::test]
async fn what_was_sealed_with_an_old_key_stays_sound_when_the_key_is_rotated() {
    let scene = Scene {
        keyring: keyring(2).unwrap(),
        ..Scene::set().await
    };
    scene.writes("acme", 13..=14).await;
    let verdict = scene.verdict(true).await;
    assert!(verdict.is_sound(), "{:?}", verdict.findings);
    let made = scene.signs(2).await;
    assert!(made.broken.is_empty(), "{:?}", made.broken);
    // Whoever has only the old ring says so, and does not take it for right.
    let old = Scene {
        keyring: keyring(1).unwrap(),
        ..scene
    };
    let found = old.found(true).await;
    assert!(
        found.contains(&Finding::UnknownKey { seq: 13 }),
        "{found:?}"
    );
}
