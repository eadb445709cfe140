//! However events come, there is one end: every story is told in many orders, each event twice, late, in
//! between and after everything, by clocks that are minutes apart. What is recorded in the end is the
//! same, and each announcement that the story asks for is made exactly once, and no other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test says what went wrong by failing"
)]

mod world;

use std::collections::BTreeMap;

use proptest::prelude::*;
use rekey_events::Announcement;
use rekey_registry::request::Standing;
use rekey_registry::{Happening, Presence, VersionId};
use world::{Act, Delay, End, Expected, NAME, START, Step, Story, Telling};

/// Without what depends on when something was processed, by which clock.
fn timeless((mut state, mut requests): End) -> End {
    for request in &mut requests {
        request.revision = 0;
        if let Standing::Ended { at, .. } = &mut request.standing {
            *at = 0;
        }
    }
    let secret = &mut state.secret;
    secret.revision = 0;
    secret.registered_at = 0;
    secret.told.sort();
    for deadline in secret.deadlines.values_mut() {
        deadline.due_at = deadline.due_at.map(|at| at.min(deadline.promised));
        deadline.done_at = deadline.done_at.map(|_| 0);
    }
    for rollback in &mut secret.rollbacks {
        rollback.intended_at = 0;
        rollback.done_at = rollback.done_at.map(|_| 0);
    }
    for version in state.versions.values_mut() {
        version.told.ends.sort();
        version.revived_at = version.revived_at.map(|_| 0);
        if let Some(rolled_back) = &mut version.rolled_back {
            rolled_back.at = 0;
        }
        if let Some(intent) = &mut version.retire_intent {
            intent.at = 0;
        }
    }
    (state, requests)
}

/// What an announcement says, as far as a story foresees it.
fn said(announcement: &Announcement, numbers: &BTreeMap<VersionId, u64>) -> Expected {
    let detail = &announcement.detail;
    let id = ["to_version", "version_id"]
        .iter()
        .find_map(|field| detail[*field].as_str());
    let number = id.map(|id| numbers[&VersionId::new(id)]);
    let result = detail["result"].as_str().map(str::to_owned);
    (announcement.detail_type.to_string(), number, result)
}

fn all_said(story: &Story, taken: &[Announcement]) -> Vec<Expected> {
    let numbers = story.made.iter().cloned().zip(1..).collect();
    let mut seen: Vec<_> = taken.iter().map(|one| said(one, &numbers)).collect();
    seen.sort();
    seen
}

fn foreseen(story: &Story, taken: &[Announcement]) {
    let mut expected = story.expected.clone();
    expected.sort();
    assert_eq!(all_said(story, taken), expected);
    let mut ids: Vec<_> = taken.iter().map(|one| one.event_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), taken.len(), "an id was used twice");
}

/// The lines in which two records differ.
fn difference(one: &End, other: &End) -> String {
    if one == other {
        return String::new();
    }
    let (one, other) = (format!("{one:#?}"), format!("{other:#?}"));
    let lines = one
        .lines()
        .zip(other.lines())
        .filter(|(one, other)| one != other);
    let lines: Vec<_> = lines
        .take(8)
        .map(|(one, other)| format!("{one} / {other}"))
        .collect();
    format!("they differ: {}", lines.join("\n"))
}

fn tell(story: &Story, seed: u64, delay: Delay) -> End {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (end, taken) = runtime.block_on(Telling::new(story, seed).run(delay));
    foreseen(story, &taken);
    for request in &end.1 {
        assert!(
            matches!(request.standing, Standing::Ended { .. }),
            "{request:?}"
        );
    }
    timeless(end)
}

fn long_story() -> Story {
    use Act::*;
    Story::of(
        NAME,
        START,
        &[
            Rotate,
            Retire,
            RotateWithFailures,
            Requested,
            Tag,
            PutMidRotation,
            RollBack,
            Rotate,
            Put,
            DeleteAndRestore,
            RequestedWhileOpen,
            LabelByHand,
            LabelByHand,
            Requested,
            RollBack,
            Retire,
            Rotate,
            LabelMidRotation,
            PutMidRotation,
            PutMidRotation,
            Rotate,
            Put,
            Put,
            LabelByHand,
            Retire,
            DeleteAndRestore,
            Rotate,
        ],
    )
}

#[test]
fn a_long_story_has_one_end_in_five_hundred_and_ten_orders() {
    let story = long_story();
    let expected = tell(&story, 0, Delay::None);
    assert_eq!(expected.0.secret.presence, Presence::Present);
    assert_eq!(expected.0.secret.current_seen_since, None);
    assert_eq!(expected.1.len(), 3);
    let mut orders = 0;
    for seed in 1..=170 {
        for delay in [Delay::End, Delay::Steps(6), Delay::Steps(120)] {
            let state = tell(&story, seed, delay);
            let difference = difference(&state, &expected);
            assert_eq!(difference, "", "seed {seed}, {delay:?}");
            orders += 1;
        }
    }
    let events = story
        .steps
        .iter()
        .filter(|(_, step)| !matches!(step, Step::Change(_)))
        .count();
    println!("shuffle: {events} deliveries twice, {orders} orders, one end");
}

/// The measure can fail: an event that never comes is missed.
#[tokio::test]
async fn an_event_that_never_comes_is_noticed() {
    let story = long_story();
    let (mut noticed, mut events) = (0, 0);
    let (whole, taken) = Telling::new(&story, 1).run(Delay::None).await;
    let (whole, taken) = (timeless(whole), all_said(&story, &taken));
    for (place, (_, step)) in story.steps.iter().enumerate() {
        let Step::Event(event) = step else { continue };
        if !matches!(
            event.what,
            Happening::Put { pending: false, .. } | Happening::LabelMoved { .. }
        ) {
            continue;
        }
        events += 1;
        let mut telling = Telling::new(&story, 1);
        telling.lost = Some(place);
        let (state, said) = telling.run(Delay::End).await;
        let same = timeless(state) == whole && all_said(&story, &said) == taken;
        noticed += usize::from(!same);
    }
    assert_eq!(noticed, events);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_story_has_one_end(
        acts in proptest::collection::vec(proptest::sample::select(&Act::ALL[..]), 0..14),
        seed in 1_u64..1_000_000,
    ) {
        let story = Story::of(NAME, START, &acts);
        let expected = tell(&story, 0, Delay::None);
        for delay in [Delay::End, Delay::Steps(3), Delay::Steps(40)] {
            prop_assert_eq!(difference(&tell(&story, seed, delay), &expected), "");
        }
    }
}
