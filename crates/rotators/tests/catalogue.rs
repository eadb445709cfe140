//! The catalogue is the page `docs/rotators.md`, and every kind in it is proved or says that it is not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be prepared fails where it stands"
)]

#[path = "page/set_ups.rs"]
mod set_ups;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use rekey_rotation::Overlap;
use rekey_rotation::testing::conformance::Page;
use rekey_rotators::{CATALOGUE, Entry, Family, entry};

use set_ups::SET_UPS;

const INTRODUCTION: &str = "\
# Kinds of secrets

What can be rotated, how old and new share the time, what a retirement really does, and what cannot be done. Written from the
catalogue in `crates/rotators`; what is proved of each kind stands in [conformance.md](conformance.md), and how to add one in
[write-a-rotator.md](write-a-rotator.md).

A secret's kind is its tag `rekey:kind`, or else the field `engine` of its value. What names no kind is refused with the list.

- **alternating-users**: two users in turn; the one that is not in use gets the new password.
- **two-passwords**: one user with two passwords; a retirement takes the old one away.
- **dual-publish**: three keys are published, the one before, the one in use and the next; a rotation puts the next one in use,
  which verifiers have known for a whole period.
- **previous-inside**: the secret holds the value before beside the new one, with the time at which it ends.
- **single-user**: one user with one password; the old one dies when the new one is set. A request must say
  `accept_no_overlap`.
- **keyring**: each rotation adds a key, and none is taken away.

";

fn docs(page: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs")).join(page)
}

fn words(overlaps: &[Overlap]) -> String {
    let words: Vec<&str> = overlaps.iter().map(|overlap| overlap.as_str()).collect();
    words.join(", ")
}

fn slots(entry: &Entry) -> String {
    let slots = |overlap: &Overlap| match overlap.slots() {
        Some(slots) => slots.to_string(),
        None => "no bound".to_owned(),
    };
    let slots: Vec<String> = entry.overlaps.iter().map(slots).collect();
    slots.join(", ")
}

/// Where a heading is found.
fn anchor(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .collect::<String>();
    kept.replace(' ', "-")
}

/// The page, as the catalogue says it.
fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str(
        "| kind | `engine` | function | overlap | valid at once |\n|---|---|---|---|---|\n",
    );
    for entry in CATALOGUE {
        let engines: Vec<String> = entry.engines.iter().map(|one| format!("`{one}`")).collect();
        let engines = if engines.is_empty() {
            "by the tag only".to_owned()
        } else {
            engines.join(", ")
        };
        let Entry {
            kind,
            family,
            overlaps,
            ..
        } = entry;
        writeln!(
            page,
            "| [`{kind}`](#{}) | {engines} | `rotate-{}` | {} | {} |",
            anchor(entry.title),
            if *kind == "audit-key" {
                "audit-keys"
            } else {
                family.as_str()
            },
            words(overlaps),
            slots(entry),
        )
        .unwrap();
    }
    for entry in CATALOGUE {
        let Entry {
            kind,
            title,
            secret,
            retire,
            permissions,
            propagation,
            limits,
            cannot,
            ..
        } = entry;
        writeln!(
            page,
            "\n## {title}\n\nKind `{kind}`.\n\n### Secret\n\n{secret}\n\n### Retire\n\n{retire}\n\n\
             ### Permissions at the target\n\n{permissions}\n\n### Propagation\n\n{propagation}\n\n### Limits\n\n{limits}\n\n\
             ### What cannot be done\n\n{cannot}",
        )
        .unwrap();
    }
    page
}

#[test]
fn the_page_of_kinds_is_what_the_catalogue_says() {
    let path = docs("rotators.md");
    if std::env::var_os("REKEY_BLESS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/rotators.md is not what the catalogue says; REKEY_BLESS=1 writes it"
    );
}

#[test]
fn every_kind_is_named_once_and_belongs_to_one_family() {
    let kinds: BTreeSet<&str> = CATALOGUE.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds.len(), CATALOGUE.len());
    let engines: Vec<&&str> = CATALOGUE.iter().flat_map(|entry| entry.engines).collect();
    let once: BTreeSet<&&&str> = engines.iter().collect();
    assert_eq!(once.len(), engines.len(), "an engine names two kinds");
    for kind in kinds {
        assert_eq!(entry(kind).unwrap().kind, kind);
    }
    assert!(entry("oracle").is_none());
    for family in [Family::Database, Family::Keys] {
        assert!(CATALOGUE.iter().any(|entry| entry.family == family));
    }
}

#[test]
fn the_page_of_what_is_proved_has_a_row_of_every_set_up_and_no_other() {
    let page = Page {
        path: docs("conformance.md"),
        bless: std::env::var_os("REKEY_BLESS").is_some(),
    };
    let set_ups: Vec<&str> = SET_UPS
        .iter()
        .flat_map(|(_, names)| *names)
        .copied()
        .collect();
    page.has_rows_of(&set_ups)
        .unwrap_or_else(|text| panic!("{text}"));
}

/// A line of the conformance page is written by a run that kept every promise.
#[test]
fn every_kind_and_overlap_was_tried_on_its_server_or_says_that_it_is_unproven() {
    let conformance = std::fs::read_to_string(docs("conformance.md")).unwrap();
    for entry in CATALOGUE {
        for overlap in entry.overlaps {
            let tried = conformance.lines().any(|line| {
                let mut cells = line.split('|').map(str::trim).skip(1);
                let world = cells.next().unwrap_or_default();
                let of_kind = world.split(' ').next() == Some(entry.kind);
                of_kind && cells.any(|cell| cell == overlap.as_str())
            });
            let unproven = entry.title.contains("(unproven)");
            let (kind, overlap) = (entry.kind, overlap.as_str());
            assert_ne!(
                tried, unproven,
                "{kind} {overlap}: tried, and said to be unproven"
            );
        }
    }
}
