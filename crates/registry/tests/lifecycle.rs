//! The table of a version's life: the diagram in the documentation is drawn from it, and every row of it
//! is used by something that can happen.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test says what went wrong by failing"
)]

mod world;

use std::collections::BTreeSet;
use std::path::Path;

use rekey_events::Source;
use rekey_registry::lifecycle::{Event, State, TRANSITIONS, mermaid, next};
use rekey_registry::testing::MemoryStore;
use rekey_registry::{Policy, Report, observe, report};
use world::{Act, Bus, SecretsManager, Step, Story};

const BEGIN: &str = "<!-- lifecycle: begin -->\n```mermaid\n";
const END: &str = "```\n<!-- lifecycle: end -->\n";

#[test]
fn the_diagram_in_the_documentation_is_the_table() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/lifecycle.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text
        .split_once(BEGIN)
        .expect("the page has a place for the diagram");
    let (drawn, after) = rest.split_once(END).expect("the place has an end");
    if std::env::var_os("REKEY_BLESS").is_some() {
        let page_now = format!("{before}{BEGIN}{}{END}{after}", mermaid());
        std::fs::write(&page, page_now).unwrap();
        return;
    }
    assert_eq!(drawn, mermaid(), "write it anew with REKEY_BLESS=1");
}

#[test]
fn a_state_has_one_way_out_by_one_event() {
    for state in State::ALL {
        for event in Event::ALL {
            let rows = TRANSITIONS
                .iter()
                .filter(|(from, by, _)| (*from, *by) == (state, event));
            let ways: Vec<_> = rows.map(|(_, _, to)| *to).collect();
            assert!(ways.len() <= 1, "{state} has {ways:?}");
            assert_eq!(next(state, event), ways.first().copied().unwrap_or(state));
        }
    }
}

#[test]
fn every_state_is_reached_and_only_by_rows_of_the_table() {
    let mut reached = BTreeSet::from([State::Made]);
    loop {
        let rows = TRANSITIONS
            .iter()
            .filter(|(from, _, _)| reached.contains(from));
        let new: Vec<_> = rows
            .map(|(_, _, to)| *to)
            .filter(|to| !reached.contains(to))
            .collect();
        if new.is_empty() {
            break;
        }
        reached.extend(new);
    }
    assert_eq!(reached, BTreeSet::from(State::ALL));
}

/// Stories in which every state is recorded.
#[tokio::test]
async fn what_is_recorded_goes_through_every_state() {
    use Act::{Put, PutMidRotation, Retire, Rotate};
    let story = Story::of(
        "a/b",
        1_790_000_000,
        &[Put, PutMidRotation, Rotate, Retire, Rotate],
    );
    let (store, secrets) = (MemoryStore::new(), SecretsManager::default());
    let (observer, policy) = (Bus::of(Source::Observe), Policy::default());
    let retirer = observer.as_seen_by(Source::Retire);
    let mut seen = BTreeSet::new();
    for (at, step) in &story.steps {
        match step {
            Step::Change(change) => {
                secrets.apply("a/b", change, *at);
                observe(&store, &secrets, &observer, &policy, "a/b", *at, &[])
                    .await
                    .unwrap();
            }
            Step::Event(event) => {
                let events = [event.clone()];
                observe(&store, &secrets, &observer, &policy, "a/b", *at, &events)
                    .await
                    .unwrap();
            }
            Step::Intent(what) | Step::Report(what) => {
                if let Report::RetireIntended { version, .. } = what {
                    let held = Report::Held {
                        version: version.clone(),
                        cause: "sessions_open".to_owned(),
                        message: "2 sessions".to_owned(),
                        services: Vec::new(),
                    };
                    report(&store, &retirer, &policy, "a/b", *at, &held)
                        .await
                        .unwrap();
                    let state = store.state("a/b").unwrap();
                    seen.extend(state.versions.values().map(|version| version.state));
                }
                report(&store, &retirer, &policy, "a/b", *at, what)
                    .await
                    .unwrap();
            }
            Step::Booked(_) | Step::Superseded(..) => panic!("nobody asks in this story"),
        }
        if let Some(state) = store.state("a/b") {
            seen.extend(state.versions.values().map(|version| version.state));
        }
    }
    assert_eq!(seen, BTreeSet::from(State::ALL));
}
