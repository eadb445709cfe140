//! Rekey's own schedule of a secret: the tag `rekey:every`, inside the windows of `rekey:window`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod world;

use std::collections::BTreeSet;

use rekey_events::{EventId, Source};
use rekey_registry::request::Requested;
use rekey_registry::{Changes, Happening, Store as _, What, Windows};
use serde_json::{Value, json};
use world::{
    Act, Change, Cut, DAY, HOUR, How, MINUTE, NAME, Process, Stage, Story, drive, version,
};

/// Saturday nights.
const WINDOW: &str = "Sat 02:00-04:00";

async fn scheduled(tags: &[(&'static str, &str)]) -> Stage {
    let stage = Stage::rotated().await;
    for (tag, text) in tags {
        stage.tag(tag, text).await;
    }
    stage
}

fn due_at(stage: &Stage) -> Option<i64> {
    stage.deadline(What::Rotate, 2).unwrap().due_at
}

/// Sweeps every five minutes until `until`; returns when it asked.
async fn sweep_until(stage: &mut Stage, until: i64) -> Vec<i64> {
    let mut asked = Vec::new();
    while stage.now < until {
        stage.now += 5 * MINUTE;
        let swept = stage.sweep().await;
        assert_eq!(swept.failed, []);
        asked.extend((0..swept.asked).map(|_| stage.now));
    }
    asked
}

#[tokio::test]
async fn a_secret_is_due_by_the_age_of_its_credential_and_a_little_later() {
    let stage = scheduled(&[("rekey:every", "30d")]).await;
    let promised = stage.now + 30 * DAY;
    assert_eq!(stage.armed(What::Rotate, 2), Some(promised));
    let due_at = due_at(&stage).unwrap();
    assert!((promised..=promised + HOUR).contains(&due_at), "{due_at}");
    // What is short is put off by a tenth of it at most.
    let stage = scheduled(&[("rekey:every", "10m")]).await;
    let promised = stage.now + 10 * MINUTE;
    let due_at = self::due_at(&stage).unwrap();
    assert!((promised..=promised + MINUTE).contains(&due_at), "{due_at}");
}

#[tokio::test]
async fn it_is_moved_into_the_first_half_of_its_next_window() {
    for (window, room) in [
        (WINDOW, HOUR),
        ("Sat 02:00-02:10", 5 * MINUTE),
        ("Sun 23:58-00:02 / 12:00-12:01", 30),
        ("Sat Sun 00:00-24:00", HOUR),
    ] {
        let stage = scheduled(&[("rekey:every", "30d"), ("rekey:window", window)]).await;
        let promised = stage.now + 30 * DAY;
        let windows = Windows::parse(window).unwrap();
        let opening = windows.next_opening(promised).unwrap();
        assert!(opening > promised, "{window}");
        assert_eq!(stage.armed(What::Rotate, 2), Some(promised));
        let due_at = due_at(&stage).unwrap();
        assert!((opening..=opening + room).contains(&due_at), "{window}");
    }
}

#[tokio::test]
async fn secrets_of_one_window_are_spread_over_it_and_each_keeps_its_time() {
    let mut times = BTreeSet::new();
    for number in 0..20 {
        let name = format!("prod/db/app-{number}");
        let story = Story::of(&name, world::START, &[Act::Rotate]);
        let stage = Stage::new();
        let mut seen = Vec::new();
        for _ in 0..2 {
            for (at, step) in &story.steps {
                if let world::Step::Change(change) = step {
                    stage.secrets.apply(&name, change, *at);
                }
            }
            for (tag, text) in [("rekey:every", "30d"), ("rekey:window", WINDOW)] {
                let tag = Change::Tag(tag, text.to_owned());
                stage.secrets.apply(&name, &tag, story.clock);
            }
            let (bus, policy) = (&stage.bus, &stage.policy);
            let store = rekey_registry::testing::MemoryStore::new();
            let events: Vec<_> = story
                .steps
                .iter()
                .filter_map(|(_, step)| match step {
                    world::Step::Event(event) => Some(event.clone()),
                    _ => None,
                })
                .collect();
            let now = story.clock;
            rekey_registry::observe(&store, &stage.secrets, bus, policy, &name, now, &events)
                .await
                .unwrap();
            let dues = store.all_due().into_iter();
            seen.extend(
                dues.filter(|due| due.what == What::Rotate)
                    .map(|due| due.due_at),
            );
        }
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0], seen[1], "{name}");
        times.insert(seen[0]);
    }
    assert!(times.len() > 15, "{times:?}");
}

#[tokio::test]
async fn what_is_asked_for_is_a_request_like_any_other_and_the_same_in_every_repetition() {
    let mut stage = scheduled(&[("rekey:every", "30d")]).await;
    stage.policy.environment = Some("prod".to_owned());
    let mut snapshot = stage.secrets.snapshot(NAME);
    snapshot.rotation_function = Some("a:function:rekey-prod-rotate-database".to_owned());
    stage.secrets.replace(NAME, snapshot);
    let promised = stage.now + 30 * DAY;
    stage.now = due_at(&stage).unwrap();
    assert_eq!(stage.sweep().await.asked, 1);
    // Nothing came of it.
    stage.now += 15 * MINUTE;
    assert_eq!(stage.sweep().await.asked, 1);
    let asked = stage.asked.taken();
    let arn = stage.state().secret.arn;
    for wanted in &asked {
        assert_eq!(wanted.arn.as_str(), arn);
        let id = EventId::derive(&arn, &format!("rotate/{promised}"));
        assert_eq!(wanted.request.event_id, Some(id));
    }
    let request: Value = serde_json::to_value(&asked[0].request).unwrap();
    assert_eq!(request["key"], "db/app-primary");
    assert_eq!(request["scope"], json!({ "env": "prod" }));
    assert_eq!(request["reason"], "schedule");
    assert_eq!(request["metadata"]["rollout_note"], "scheduled by policy");
    let wishes = asked[0].request.wishes().unwrap();
    assert!(!wishes.force && !wishes.dry_run && !wishes.accept_no_overlap);
}

#[tokio::test]
async fn after_a_rotation_that_failed_it_is_asked_for_under_another_id() {
    let mut stage = scheduled(&[("rekey:every", "30d")]).await;
    stage.now = due_at(&stage).unwrap();
    assert_eq!(stage.sweep().await.asked, 1);
    let before = stage.state();
    let mut after = before.clone();
    after.secret.requests.push(Requested {
        token: version(77),
        at: stage.now,
        source: rekey_events::SCHEDULE_SOURCE.to_owned(),
        actor: None,
        reason: None,
        correlation: std::collections::BTreeMap::new(),
        superseded_by: None,
        outcome: Some("failed".to_owned()),
    });
    let changes = Changes::between(Some(&before), &after).unwrap();
    stage.store.commit(&changes).await.unwrap();
    stage.now += 15 * MINUTE;
    assert_eq!(stage.sweep().await.asked, 1);
    let asked = stage.asked.taken();
    assert_ne!(asked[0].request.event_id, asked[1].request.event_id);
}

#[tokio::test]
async fn it_is_asked_for_until_a_rotation_has_happened_and_never_outside_its_window() {
    let mut stage = scheduled(&[("rekey:every", "30d"), ("rekey:window", WINDOW)]).await;
    let windows = Windows::parse(WINDOW).unwrap();
    let opening = windows.next_opening(stage.now + 30 * DAY).unwrap();
    stage.now = opening - HOUR;
    let asked = sweep_until(&mut stage, opening + 7 * DAY + 5 * HOUR).await;
    assert!(asked.iter().all(|at| windows.is_open(*at)), "{asked:?}");
    let week = |number: i64| {
        let from = opening + number * 7 * DAY;
        asked
            .iter()
            .filter(|at| (from..from + DAY).contains(*at))
            .count()
    };
    // Every quarter of an hour from the first on, to the end of the window.
    assert!((4..=8).contains(&week(0)), "{asked:?}");
    assert!((4..=8).contains(&week(1)), "{asked:?}");
    assert_eq!(week(0) + week(1), asked.len());
    let findings = stage.findings().await;
    let late = findings.iter().find(|one| one.text.contains("rekey:every"));
    assert_eq!(late.unwrap().code, "overdue");

    stage.now = windows.next_opening(stage.now).unwrap() + HOUR;
    stage.rotate(3).await;
    assert_eq!(stage.deadline(What::Rotate, 2), None);
    let promised = stage.now + 30 * DAY;
    assert_eq!(stage.armed(What::Rotate, 3), Some(promised));
    let until = stage.now + 20 * DAY;
    assert_eq!(sweep_until(&mut stage, until).await, Vec::<i64>::new());
}

#[tokio::test]
async fn a_sweep_that_comes_when_the_window_has_closed_puts_it_off() {
    let mut stage = scheduled(&[("rekey:every", "30d"), ("rekey:window", WINDOW)]).await;
    let windows = Windows::parse(WINDOW).unwrap();
    let opening = windows.next_opening(stage.now + 30 * DAY).unwrap();
    stage.now = opening + 5 * HOUR;
    let swept = stage.sweep().await;
    assert_eq!((swept.asked, swept.put_off), (0, 1));
    let due_at = due_at(&stage).unwrap();
    assert!(
        windows.is_open(due_at) && due_at >= opening + 7 * DAY,
        "{due_at}"
    );
}

#[tokio::test]
async fn waiting_for_a_window_is_not_lateness() {
    let mut stage = scheduled(&[("rekey:every", "1d"), ("rekey:window", WINDOW)]).await;
    let promised = stage.armed(What::Rotate, 2).unwrap();
    let due_at = due_at(&stage).unwrap();
    assert!(due_at > promised + 12 * HOUR, "choose another day");
    stage.now = promised + HOUR;
    let findings = stage.findings().await;
    let due = findings.iter().find(|one| one.code == "due").unwrap();
    assert_eq!((due.since, due.until), (Some(promised), Some(due_at)));
    assert!(findings.iter().all(|one| one.code != "overdue"));
    stage.now = due_at + MINUTE;
    let mut lag = stage.clone();
    // The warnings of the old credential are late on purpose here.
    for due in lag.store.all_due() {
        if due.what != What::Rotate {
            let done = rekey_registry::Next::Done(lag.now);
            lag.store.take(&due, done).await.unwrap();
        }
    }
    lag.now = due_at + MINUTE;
    let swept = lag.sweep().await;
    assert_eq!((swept.asked, swept.lag), (1, MINUTE));
}

#[tokio::test]
async fn a_window_that_changes_moves_what_lies_in_the_old_one() {
    let stage = scheduled(&[("rekey:every", "30d"), ("rekey:window", WINDOW)]).await;
    let promised = stage.now + 30 * DAY;
    let other = "Wed 10:00-12:00";
    stage.tag("rekey:window", other).await;
    let windows = Windows::parse(other).unwrap();
    let opening = windows.next_opening(promised).unwrap();
    let due_at = due_at(&stage).unwrap();
    assert!((opening..=opening + HOUR).contains(&due_at));
    let lying = stage.store.all_due().into_iter();
    let lying: Vec<_> = lying.filter(|due| due.what == What::Rotate).collect();
    assert_eq!(lying.len(), 1);
    assert_eq!(lying[0].window.as_deref(), Some(other));
    // One that never opens: nothing is asked for, and the doctor tells why.
    stage.tag("rekey:window", "nights").await;
    assert_eq!(self::due_at(&stage), None);
    let kept = stage.deadline(What::Rotate, 2).unwrap();
    assert_eq!(kept.promised, promised);
    assert!(stage.explained().await.contains(&"bad_tags"));
}

#[tokio::test]
async fn a_secret_that_is_old_when_the_tag_comes_is_due_at_once() {
    let mut stage = Stage::rotated().await;
    let switched = stage.now;
    stage.now += 90 * DAY;
    stage.tag("rekey:every", "30d").await;
    assert_eq!(stage.armed(What::Rotate, 2), Some(switched + 30 * DAY));
    let first = due_at(&stage).unwrap();
    assert!((stage.now..=stage.now + HOUR).contains(&first));
    // It keeps its time, whatever else is heard.
    stage.now += 10 * MINUTE;
    stage.hear(&[Happening::Touched]).await;
    assert_eq!(due_at(&stage), Some(first));
}

#[tokio::test]
async fn what_we_do_not_rotate_or_may_not_is_not_asked_for() {
    let stage = scheduled(&[("rekey:every", "30d")]).await;
    assert!(stage.deadline(What::Rotate, 2).is_some());
    let change = |change: fn(&mut rekey_registry::Snapshot)| {
        let stage = stage.clone();
        async move {
            let before = stage.secrets.snapshot(NAME);
            let mut snapshot = before.clone();
            change(&mut snapshot);
            stage.secrets.replace(NAME, snapshot);
            stage.hear(&[Happening::Touched]).await;
            let due_at = stage.deadline(What::Rotate, 2).and_then(|one| one.due_at);
            stage.secrets.replace(NAME, before);
            stage.hear(&[Happening::Touched]).await;
            assert!(stage.armed(What::Rotate, 2).is_some(), "it comes again");
            due_at
        }
    };
    assert_eq!(change(|it| it.rotation_enabled = false).await, None);
    assert_eq!(change(|it| it.rotation_function = None).await, None);
    assert_eq!(
        change(|it| it.owning_service = Some("rds".into())).await,
        None
    );
    assert_eq!(change(|it| it.deleted = Some(world::START)).await, None);
    assert_eq!(change(|it| it.tags.clear()).await, None);
}

#[tokio::test]
async fn while_its_rotations_are_given_up_nothing_is_asked_for() {
    let mut stage = scheduled(&[("rekey:every", "30d")]).await;
    stage.now += HOUR;
    stage.open(3).await;
    for _ in 0..5 {
        stage.now += HOUR;
        stage.round().await;
    }
    assert!(stage.state().secret.quarantine.is_some());
    assert_eq!(due_at(&stage), None);
    // A success lifts it, and begins the time anew.
    stage.activate(3).await;
    assert_eq!(stage.armed(What::Rotate, 3), Some(stage.now + 30 * DAY));
}

/// Whatever happens to a sweep, the rotation is asked for, and nobody is asked under two ids.
#[tokio::test]
async fn a_sweep_may_die_anywhere_and_the_request_is_made_under_one_id() {
    let prepared = || async {
        let mut stage = scheduled(&[("rekey:every", "1d"), ("rekey:grace", "864000")]).await;
        stage.now = due_at(&stage).unwrap() - MINUTE;
        assert_eq!(stage.sweep().await.due, 0);
        stage.now += MINUTE;
        stage
    };
    // Each trial has a store of its own.
    let cut = |stage: &Stage, process: &Process| {
        let bus = stage.bus.as_seen_by(Source::Sweep);
        let _ = drive(&mut Box::pin(rekey_registry::sweep(
            &process.through(stage.store.clone()),
            &process.through(bus),
            &process.through(stage.queue.clone()),
            &process.through(stage.asked.clone()),
            &stage.policy,
            stage.now,
        )));
    };
    let process = Process::default();
    cut(&prepared().await, &process);
    let calls = process.calls();
    assert!(calls.contains(&"ask"), "{calls:?}");
    for call in 1..=calls.len() {
        for how in How::ALL {
            let mut stage = prepared().await;
            cut(&stage, &Process::cut(Some(Cut { call, how })));
            stage.now += stage.policy.retry;
            stage.sweep().await;
            let asked = stage.asked.taken();
            assert!((1..=2).contains(&asked.len()), "{call} {how:?}");
            let ids: BTreeSet<_> = asked.iter().map(|one| one.request.event_id).collect();
            assert_eq!(ids.len(), 1, "{call} {how:?}");
            assert!(stage.armed(What::Rotate, 2).is_some(), "{call} {how:?}");
        }
    }
}
