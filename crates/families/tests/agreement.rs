//! What `events` says of a kind by its word alone, and what the catalogue and the rotators say of it: they know
//! nothing of each other, and must not differ.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot be prepared fails where it stands"
)]

use std::collections::BTreeSet;

use rekey_events::{Kind, KindFamily, Strategy, Word};
use rekey_rotation::Overlap;
use rekey_rotators::{CATALOGUE, Entry};

use rekey_families::{Database, Family, Keys};

fn kind(entry: &Entry) -> Kind {
    Kind::of(entry.kind).unwrap_or_else(|| panic!("no word of events: {}", entry.kind))
}

fn strategy(overlap: Overlap) -> Strategy {
    Strategy::from(Word::new(overlap.as_str()).unwrap())
}

#[test]
fn the_kinds_of_the_catalogue_are_the_words_of_events() {
    let entries: BTreeSet<&str> = CATALOGUE.iter().map(|entry| entry.kind).collect();
    assert_eq!(entries, Kind::WORDS.iter().copied().collect());
}

#[test]
fn a_kind_belongs_to_the_same_family_in_both() {
    for entry in CATALOGUE {
        let name = match kind(entry).family() {
            KindFamily::Database => Database::NAME,
            KindFamily::Keys => Keys::NAME,
        };
        assert_eq!(name, entry.family.as_str(), "{}", entry.kind);
    }
}

#[test]
fn a_strategy_has_the_same_word_in_both_and_leaves_both_credentials_working_in_both() {
    let overlaps: BTreeSet<&str> = Overlap::ALL.map(Overlap::as_str).into();
    assert_eq!(overlaps, Strategy::WORDS.iter().copied().collect());
    for overlap in Overlap::ALL {
        let both_work = strategy(overlap).both_work();
        assert_eq!(both_work, Some(overlap.both_work()), "{overlap:?}");
    }
}

#[test]
fn a_kind_has_one_strategy_where_the_catalogue_has_one_overlap_and_none_where_it_has_more() {
    for entry in CATALOGUE {
        let only = match entry.overlaps {
            [] => panic!("{} has no overlap", entry.kind),
            [only] => Some(strategy(*only)),
            _ => None,
        };
        assert_eq!(kind(entry).only_strategy(), only, "{}", entry.kind);
    }
}
