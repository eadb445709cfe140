//! A process may die before any of its calls, after it, or never hear the answer. Whoever is called again
//! then finds everything: nothing is lost, and what is said twice is the same thing with the same id.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test says what went wrong by failing"
)]

mod world;

use std::collections::{BTreeMap, BTreeSet};

use rekey_events::{Announcement, EventId, Source};
use rekey_registry::testing::MemoryStore;
use rekey_registry::{
    Failed, Observation, Order, Policy, Practice, Report, SecretState, Swept, observe, report,
    sweep,
};
use world::{
    Act, Bus, Cut, How, Process, Queue, RequestsBus, Rotations, SecretsManager, Step, Story, drive,
};

const NAME: &str = "prod/db/app-primary";
const START: i64 = 1_790_000_000;
const DAY: i64 = 24 * 60 * 60;

/// After how long a queue brings a message again.
const REDELIVERY: i64 = 6 * 60;

/// Everything around a process.
#[derive(Clone)]
struct Place {
    store: MemoryStore,
    secrets: SecretsManager,
    bus: Bus,
    queue: Queue,
    asked: RequestsBus,
    rotations: Rotations,
    policy: Policy,
}

impl Place {
    fn new() -> Self {
        Self {
            store: MemoryStore::new(),
            secrets: SecretsManager::default(),
            bus: Bus::of(Source::Observe),
            queue: Queue::default(),
            asked: RequestsBus::default(),
            rotations: Rotations::default(),
            policy: Policy::default(),
        }
    }

    /// One where a story was told up to its last events, which are returned.
    fn after(story: &Story, untold: usize) -> (Self, Vec<Observation>) {
        let place = Self::new();
        let is_event = |(_, step): &&(i64, Step)| matches!(step, Step::Event(_));
        let mut to_tell = story.steps.iter().filter(is_event).count() - untold;
        let mut last = Vec::new();
        for (at, step) in &story.steps {
            match step {
                Step::Change(change) => place.secrets.apply(&story.name, change, *at),
                Step::Event(observation) if to_tell > 0 => {
                    to_tell -= 1;
                    let process = Process::default();
                    let seen = place.observe(
                        &process,
                        &story.name,
                        *at,
                        std::slice::from_ref(observation),
                    );
                    seen.unwrap().unwrap();
                }
                Step::Event(observation) => last.push(observation.clone()),
                _ => panic!("these stories have no reports and no requests"),
            }
        }
        (place, last)
    }

    fn observe(
        &self,
        process: &Process,
        name: &str,
        now: i64,
        events: &[Observation],
    ) -> Option<Result<(), Failed>> {
        let store = process.through(self.store.clone());
        let secrets = process.through(self.secrets.clone());
        let bus = process.through(self.bus.as_seen_by(Source::Observe));
        let work = observe(&store, &secrets, &bus, &self.policy, name, now, events);
        drive(&mut Box::pin(work)).map(|seen| seen.map(|_| ()))
    }

    fn report(&self, process: &Process, now: i64, what: &Report) -> Option<Result<(), Failed>> {
        let store = process.through(self.store.clone());
        let bus = process.through(self.bus.as_seen_by(Source::Retire));
        drive(&mut Box::pin(report(
            &store,
            &bus,
            &self.policy,
            NAME,
            now,
            what,
        )))
    }

    fn sweep(
        &self,
        process: &Process,
        now: i64,
    ) -> Option<Result<Swept, rekey_registry::StoreError>> {
        let store = process.through(self.store.clone());
        let bus = process.through(self.bus.as_seen_by(Source::Sweep));
        let queue = process.through(self.queue.clone());
        drive(&mut Box::pin(sweep(
            &store,
            &bus,
            &queue,
            &process.through(self.asked.clone()),
            &self.policy,
            now,
        )))
    }

    fn round(&self, process: &Process, now: i64) -> Option<Result<rekey_registry::Round, Failed>> {
        let practice = Practice {
            store: &process.through(self.store.clone()),
            secrets: &process.through(self.secrets.clone()),
            publisher: &process.through(self.bus.as_seen_by(Source::Sweep)),
            resume: &process.through(self.rotations.clone()),
            orders: &process.through(self.queue.clone()),
            policy: &self.policy,
        };
        drive(&mut Box::pin(practice.round(now, 10)))
    }

    fn state(&self) -> SecretState {
        let mut state = self.store.state(NAME).unwrap();
        state.secret.revision = 0;
        state
    }
}

/// What was announced: how often, by id. What has one id says one thing.
fn said(taken: &[Announcement]) -> BTreeMap<EventId, (usize, Announcement)> {
    let mut said: BTreeMap<EventId, (usize, Announcement)> = BTreeMap::new();
    for one in taken {
        let known = said.entry(one.event_id).or_insert_with(|| (0, one.clone()));
        known.0 += 1;
        assert_eq!(known.1.detail_type, one.detail_type);
        assert_eq!(known.1.detail["secret"], one.detail["secret"]);
        assert_eq!(known.1.detail["version_id"], one.detail["version_id"]);
    }
    said
}

/// The types of what was announced, each id counted once.
fn types(place: &Place) -> Vec<String> {
    let said = said(&place.bus.taken());
    let mut types: Vec<_> = said
        .values()
        .map(|(_, one)| one.detail_type.to_string())
        .collect();
    types.sort();
    types
}

/// Cuts `work` at each of its calls in each way. `again` is what comes after a death.
fn cut_everywhere(
    what: &str,
    prepare: impl Fn() -> Place,
    work: impl Fn(&Place, &Process),
    again: impl Fn(&Place),
    expect: impl Fn(&Place, &Place),
) {
    let whole = prepare();
    let process = Process::default();
    work(&whole, &process);
    again(&whole);
    let calls = process.calls();
    let expected = types(&whole);
    let at_rest = said(&prepare().bus.taken()).len();
    assert!(
        said(&whole.bus.taken()).len() > at_rest,
        "{what}: nothing is announced"
    );
    let mut cuts = 0;
    for call in 1..=calls.len() {
        for how in How::ALL {
            let place = prepare();
            let process = Process::cut(Some(Cut { call, how }));
            work(&place, &process);
            again(&place);
            let said = said(&place.bus.taken());
            let at = calls[call - 1];
            assert_eq!(
                types(&place),
                expected,
                "{what}: {how:?} at call {call}, {at}"
            );
            assert!(
                said.values().all(|(times, _)| *times <= 2),
                "{what}: {how:?} at {at}"
            );
            assert_eq!(
                place.store.state(NAME).unwrap().unsent,
                [],
                "{what}: {how:?} at {at}"
            );
            // Who counts what was told counts a repeat once. Where the outbox was emptied and nobody heard of
            // it, that is not counted.
            let told = place.bus.told();
            let once: BTreeSet<_> = told.iter().copied().collect();
            assert_eq!(told.len(), once.len(), "{what}: {how:?} at {at}");
            let of_whole = whole.bus.told().len();
            let unheard = at == "sent" && how != How::KillBefore;
            assert_eq!(once.len() < of_whole, unheard, "{what}: {how:?} at {at}");
            expect(&place, &whole);
            cuts += 1;
        }
    }
    assert_eq!(cuts, 3 * calls.len());
    println!("deaths: {what}: {} calls, {cuts} cuts", calls.len());
}

#[test]
fn who_observes_may_die_anywhere() {
    use Act::{Put, Rotate, RotateWithFailures};
    for (what, acts, untold) in [
        ("registration", &[][..], 2),
        ("a rotation", &[Put, Rotate], 6),
        ("failures", &[Put, RotateWithFailures], 7),
    ] {
        let story = Story::of(NAME, START, acts);
        let now = story.clock + 60;
        let batch = || Place::after(&story, untold).1;
        cut_everywhere(
            &format!("observing {what}"),
            || Place::after(&story, untold).0,
            |place, process| {
                let _ = place.observe(process, NAME, now, &batch());
            },
            |place| {
                let process = Process::default();
                let later = now + REDELIVERY;
                place
                    .observe(&process, NAME, later, &batch())
                    .unwrap()
                    .unwrap();
            },
            |place, whole| {
                let timeless = |place: &Place| {
                    let mut state = place.state();
                    state.secret.registered_at = 0;
                    for deadline in state.secret.deadlines.values_mut() {
                        deadline.due_at = None;
                    }
                    state
                };
                assert_eq!(timeless(place), timeless(whole));
            },
        );
    }
}

#[test]
fn who_reports_may_die_anywhere_and_an_intent_that_was_taken_is_on_the_bus() {
    let story = Story::of(NAME, START, &[Act::Rotate]);
    let (from, to) = (story.made[1].clone(), story.made[0].clone());
    let intent = Report::RollbackIntended {
        from,
        to,
        requested_by: None,
        reason: Some("it broke".to_owned()),
    };
    let held = Report::Held {
        version: story.made[0].clone(),
        cause: "sessions_open".to_owned(),
        message: "2 sessions".to_owned(),
        services: Vec::new(),
    };
    let now = story.clock + DAY;
    for (what, report) in [("an intent", intent), ("a hold", held)] {
        cut_everywhere(
            &format!("reporting {what}"),
            || Place::after(&story, 0).0,
            |place, process| {
                let before = place.bus.taken().len();
                let answer = place.report(process, now, &report);
                let on_the_bus = place.bus.taken().len() > before;
                assert!(on_the_bus || !matches!(answer, Some(Ok(()))));
            },
            // Whoever retires tries again at once: what it does next relies on the intent.
            |place| {
                place
                    .report(&Process::default(), now + 1, &report)
                    .unwrap()
                    .unwrap()
            },
            |place, whole| {
                let (place, whole) = (place.state(), whole.state());
                let rollbacks = |state: &SecretState| state.secret.rollbacks.len();
                assert_eq!(rollbacks(&place), rollbacks(&whole));
                let told = |state: &SecretState| {
                    let mut versions = state.versions.values();
                    versions.find_map(|version| Some(version.hold.as_ref()?.told.clone()))
                };
                assert_eq!(told(&place), told(&whole));
            },
        );
    }
}

/// The first sweep of all looks far back, and so does one after a long time; that is not what is cut here.
fn swept_before(place: &Place, switched_at: i64) {
    for at in [switched_at, switched_at + DAY - 2 * 3600] {
        let swept = place.sweep(&Process::default(), at).unwrap().unwrap();
        assert_eq!(swept.due, 0);
    }
}

#[test]
fn a_sweep_may_die_anywhere() {
    let story = Story::of(NAME, START, &[Act::Tag, Act::Rotate]);
    let prepare = || {
        let place = Place::after(&story, 0).0;
        swept_before(&place, story.clock);
        place
    };
    let now = story.clock + DAY + 60;
    cut_everywhere(
        "a sweep of a warning and a retirement",
        prepare,
        |place, process| {
            let _ = place.sweep(process, now);
        },
        |place| {
            let later = now + place.policy.retry;
            place.sweep(&Process::default(), later).unwrap().unwrap();
        },
        |place, _| {
            let orders = place.queue.taken();
            // The order is given again until it is reported as done; it is the same order.
            assert!((1..=2).contains(&orders.len()), "{orders:?}");
            for order in orders {
                let Order::Retire {
                    version, promised, ..
                } = order
                else {
                    panic!("not this order");
                };
                assert_eq!(version, story.made[0]);
                assert_eq!(promised, story.clock + DAY);
            }
        },
    );
}

#[test]
fn a_round_may_die_anywhere_and_never_resumes_more_often_than_it_recorded() {
    let story = Story::of(NAME, START, &[Act::Rotate]);
    let prepare = || {
        let place = Place::after(&story, 0).0;
        let id = world::version(3);
        let at = story.clock + 600;
        place
            .secrets
            .apply(NAME, &world::Change::Make(id.clone()), at);
        place
            .secrets
            .apply(NAME, &world::Change::Label("AWSPENDING", Some(id)), at);
        place
    };
    let now = story.clock + 600 + 1800;
    cut_everywhere(
        "a round that resumes",
        prepare,
        |place, process| {
            let _ = place.round(process, now);
            let pending = place.store.state(NAME).unwrap().secret.pending;
            let recorded = pending.map_or(0, |pending| pending.resumes as usize);
            assert!(place.rotations.called() <= recorded);
        },
        |place| {
            for round in 1..12 {
                let later = now + round * 1800;
                place.round(&Process::default(), later).unwrap().unwrap();
                let pending = place.store.state(NAME).unwrap().secret.pending.unwrap();
                assert!(place.rotations.called() <= pending.resumes as usize);
            }
        },
        |place, _| {
            let state = place.state();
            assert_eq!(state.secret.pending.unwrap().resumes, 3);
            assert!(state.secret.quarantine.is_some());
            assert!((2..=3).contains(&place.rotations.called()));
            assert!(
                !place.queue.taken().is_empty(),
                "clearing was never ordered"
            );
        },
    );
}
