//! Two at once, in every order in which one may overtake the other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test says what went wrong by failing"
)]

mod world;

use std::pin::Pin;

use rekey_events::Source;
use rekey_registry::{Failed, Happening, Observation, StoreError, apply, observe, sweep};
use world::{Bus, Cut, DAY, HOUR, How, NAME, Process, Seeded, Stage, drive, label_moved, version};

/// One stands still after each number of calls while the other makes each number of calls, and then both
/// go on; and as many orders as asked in which either goes on at any time.
fn schedules(one: usize, other: usize, random: u64) -> Vec<Vec<bool>> {
    let mut schedules = Vec::new();
    for first in 0..=one {
        for second in 0..=other {
            let mut schedule = vec![true; first];
            schedule.extend(vec![false; second]);
            schedules.push(schedule);
        }
    }
    for seed in 1..=random {
        let mut seeded = Seeded::new(seed);
        schedules.push((0..one + other).map(|_| seeded.below(2) == 0).collect());
    }
    schedules
}

fn both<A, B>(
    mut one: Pin<Box<impl Future<Output = A>>>,
    mut other: Pin<Box<impl Future<Output = B>>>,
    schedule: &[bool],
) -> (A, B) {
    let (mut first, mut second) = (None, None);
    for one_goes in schedule {
        if *one_goes && first.is_none() {
            first = drive(&mut one);
        } else if !one_goes && second.is_none() {
            second = drive(&mut other);
        }
    }
    while first.is_none() {
        first = drive(&mut one);
    }
    while second.is_none() {
        second = drive(&mut other);
    }
    (first.unwrap(), second.unwrap())
}

fn ready<T>(work: impl Future<Output = T>) -> T {
    drive(&mut Box::pin(work)).expect("nothing here waits")
}

#[test]
fn of_two_sweeps_at_once_one_hands_over() {
    let prepare = || {
        let mut stage = ready(Stage::rotated());
        for wait in [0, DAY - 2 * HOUR] {
            stage.now += wait;
            assert_eq!(ready(stage.sweep()).due, 0);
        }
        stage.now += 2 * HOUR + 60;
        stage
    };
    let run = |stage: &Stage, schedule: &[bool]| {
        let ports = [Process::stepping(), Process::stepping()].map(|process| {
            let bus = stage.bus.as_seen_by(Source::Sweep);
            let ports = (
                process.through(stage.store.clone()),
                process.through(bus),
                process.through(stage.queue.clone()),
                process.through(stage.asked.clone()),
            );
            (process, ports)
        });
        let [(one, (s1, b1, q1, a1)), (other, (s2, b2, q2, a2))] = &ports;
        // Their clocks are minutes apart.
        let (now, later) = (stage.now, stage.now + 180);
        let swept = both(
            Box::pin(sweep(s1, b1, q1, a1, &stage.policy, now)),
            Box::pin(sweep(s2, b2, q2, a2, &stage.policy, later)),
            schedule,
        );
        assert!(swept.0.unwrap().failed.is_empty() && swept.1.unwrap().failed.is_empty());
        assert_eq!(stage.announced("rekey.grace.ending").len(), 1);
        assert_eq!(stage.queue.taken().len(), 1);
        one.calls().len().max(other.calls().len())
    };
    let calls = run(&prepare(), &[]);
    let schedules = schedules(calls, calls, 400);
    for schedule in &schedules {
        run(&prepare(), schedule);
    }
    println!(
        "two sweeps: {calls} calls, {} orders, one hand-over each",
        schedules.len()
    );
}

/// What a rotation sends, in two batches that are taken at the same time.
#[test]
fn of_two_who_observe_at_once_each_announcement_is_made_by_one() {
    let prepare = || {
        let stage = ready(Stage::begun());
        let id = version(2);
        stage.change(world::Change::Make(id.clone()));
        stage.change(world::Change::Label("AWSCURRENT", Some(id)));
        stage
    };
    let event = |what| Observation { arn: None, what };
    let begun = event(Happening::Intended {
        version: version(2),
        at: world::START + 600,
        strategy: None,
    });
    let ended = event(label_moved(&version(2), world::START + 601));
    let asked = event(Happening::RotateRequested {
        version: Some(version(2)),
        at: world::START + 600,
        actor: None,
    });
    let run = |stage: &Stage, schedule: &[bool]| {
        let batches = [
            vec![begun.clone(), ended.clone()],
            vec![ended.clone(), asked.clone(), begun.clone()],
        ];
        let ports = [Process::stepping(), Process::stepping()].map(|process| {
            let bus: Bus = stage.bus.as_seen_by(Source::Observe);
            let ports = (
                process.through(stage.store.clone()),
                process.through(stage.secrets.clone()),
                process.through(bus),
            );
            (process, ports)
        });
        let [(one, (s1, k1, b1)), (other, (s2, k2, b2))] = &ports;
        let seen = both(
            Box::pin(observe(
                s1,
                k1,
                b1,
                &stage.policy,
                NAME,
                stage.now,
                &batches[0],
            )),
            Box::pin(observe(
                s2,
                k2,
                b2,
                &stage.policy,
                NAME,
                stage.now + 30,
                &batches[1],
            )),
            schedule,
        );
        seen.0.unwrap();
        seen.1.unwrap();
        assert_eq!(
            stage.announced("greentic.secrets.rotate.completed").len(),
            1
        );
        assert_eq!(
            stage.announced("greentic.secrets.rotate.requested").len(),
            1
        );
        assert_eq!(stage.bus.taken().len(), 3);
        assert_eq!(stage.state().unsent, []);
        one.calls().len().max(other.calls().len())
    };
    let calls = run(&prepare(), &[]) + 3;
    let schedules = schedules(calls, calls, 400);
    for schedule in &schedules {
        run(&prepare(), schedule);
    }
    println!(
        "two who observe: {} orders, each announcement once",
        schedules.len()
    );
}

#[tokio::test]
async fn a_decision_is_made_anew_five_times_and_then_given_up() {
    let stage = Stage::begun().await;
    let decided = std::sync::atomic::AtomicUsize::new(0);
    let always_late = |before: Option<&rekey_registry::SecretState>| {
        decided.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut state = before.unwrap().clone();
        // As if somebody had written since it was loaded.
        state.secret.found_late += 1;
        let mut theirs = before.unwrap().clone();
        theirs.secret.owner = Some(format!("owner {}", theirs.secret.revision));
        let changes = rekey_registry::Changes::between(before, &theirs).unwrap();
        ready(rekey_registry::Store::commit(&stage.store, &changes)).unwrap();
        Ok((Some(rekey_registry::Decision::new(state, Vec::new())), ()))
    };
    let answer = apply(&stage.store, &stage.bus, NAME, stage.now, always_late).await;
    assert_eq!(answer, Err(Failed::Store(StoreError::Conflict)));
    assert!(answer.unwrap_err().is_passing());
    assert_eq!(decided.into_inner(), 6);
}

/// What the function that observes never came to publish is published by the doctor after an hour.
#[tokio::test]
async fn what_nobody_comes_back_for_is_published_by_the_doctor() {
    let mut stage = Stage::new();
    stage.change(world::Change::Make(version(1)));
    stage.change(world::Change::Label("AWSCURRENT", Some(version(1))));
    let process = Process::cut(Some(Cut {
        call: 4,
        how: How::KillBefore,
    }));
    let store = process.through(stage.store.clone());
    let secrets = process.through(stage.secrets.clone());
    let bus = process.through(stage.bus.clone());
    let event = Observation {
        arn: None,
        what: world::put(&version(1), stage.now),
    };
    let events = [event];
    let mut work = Box::pin(observe(
        &store,
        &secrets,
        &bus,
        &stage.policy,
        NAME,
        stage.now,
        &events,
    ));
    assert!(drive(&mut work).is_none());
    drop(work);
    assert_eq!(process.calls(), ["load", "look", "commit", "publish"]);
    assert_eq!(
        (stage.bus.taken().len(), stage.state().unsent.len()),
        (0, 1)
    );
    stage.now += 30 * 60;
    stage.round().await;
    assert_eq!(stage.bus.taken(), []);
    assert_eq!(stage.explained().await, ["unsent"]);
    stage.now += 30 * 60;
    stage.round().await;
    assert_eq!(stage.announced("greentic.secrets.put").len(), 1);
    assert_eq!(stage.state().unsent, []);
}
