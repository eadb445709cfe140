//! The doctor's rounds: what is stuck, missing, or was never registered.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test says what went wrong by failing"
)]

mod world;

use rekey_registry::{Happening, Order, Presence, Report};
use world::{Change, DAY, HOUR, MINUTE, NAME, Stage, version};

/// A rotation that is open since `now`, whose last failure is known.
async fn stuck() -> Stage {
    let mut stage = Stage::rotated().await;
    stage.now += DAY;
    stage.open(3).await;
    stage
        .hear(&[Happening::StepFailed {
            version: version(3),
            id: "a failure".to_owned(),
            step: Some("setSecret".to_owned()),
            class: "permission".to_owned(),
            message: "grant it".to_owned(),
            at: stage.now,
        }])
        .await;
    stage
}

#[tokio::test]
async fn a_stuck_rotation_is_resumed_three_times_then_given_up_and_cleared() {
    let mut stage = stuck().await;
    let opened = stage.now;
    let mut resumed = Vec::new();
    for minute in (0..240).step_by(10) {
        stage.now = opened + minute * MINUTE;
        let before = stage.rotations.called();
        let round = stage.round().await;
        if stage.rotations.called() > before {
            resumed.push(minute);
        }
        assert_eq!(round.stuck, usize::from(minute >= 30), "minute {minute}");
    }
    assert_eq!(resumed, [30, 60, 90]);
    let told = stage.announced("rekey.secret.quarantined");
    assert_eq!(told.len(), 1);
    let detail = &told[0].detail;
    assert_eq!(
        (&detail["step"], &detail["class"]),
        (&"setSecret".into(), &"permission".into())
    );
    assert_eq!(
        (&detail["resumes"], &detail["cleared"]),
        (&3.into(), &false.into())
    );
    let ends = stage.announced("greentic.secrets.rotate.completed");
    assert_eq!(ends.last().unwrap().detail["result"], "failed");
    assert_eq!(ends.last().unwrap().detail["error"], "grant it");
    let order = Order::Clear {
        name: NAME.to_owned(),
        arn: stage.state().secret.arn,
        kind: stage.state().secret.kind,
        version: version(3),
    };
    // Asked for again every half hour until an answer comes.
    let asked = stage.queue.taken();
    assert_eq!(asked, vec![order; asked.len()]);
    assert_eq!(asked.len(), 4);

    stage.change(Change::Label("AWSPENDING", None));
    stage
        .report(&Report::Cleared {
            version: version(3),
            cleared: true,
            why: "it was refused".to_owned(),
        })
        .await;
    stage.hear(&[Happening::Touched]).await;
    stage.now += DAY;
    stage.round().await;
    assert_eq!(stage.queue.taken().len(), 4);
    assert_eq!(
        stage.announced("greentic.secrets.rotate.completed").len(),
        ends.len()
    );
}

#[tokio::test]
async fn a_success_lifts_the_quarantine_and_that_is_told_once() {
    let mut stage = stuck().await;
    stage.policy.resumes = 0;
    stage.now += HOUR;
    stage.round().await;
    assert_eq!(stage.explained().await[0], "quarantined");
    stage.now += HOUR;
    stage.activate(3).await;
    stage.activate(3).await;
    assert_eq!(stage.state().secret.quarantine, None);
    let told = stage.announced("rekey.secret.quarantined");
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].detail["cleared"], true);
    let ends = stage.announced("greentic.secrets.rotate.completed");
    assert_eq!(ends.last().unwrap().detail["result"], "success");
}

#[tokio::test]
async fn a_rotation_that_heals_is_left_alone() {
    let mut stage = stuck().await;
    stage.now += 30 * MINUTE;
    assert_eq!(stage.round().await.resumed, 1);
    stage.activate(3).await;
    stage.change(Change::Label("AWSPENDING", None));
    for _ in 0..8 {
        stage.now += 30 * MINUTE;
        assert_eq!(stage.round().await.stuck, 0);
    }
    assert_eq!(stage.rotations.called(), 1);
    assert_eq!(stage.announced("rekey.secret.quarantined"), []);
}

#[tokio::test]
async fn a_stuck_rotation_is_explained_with_its_step_class_and_beginning() {
    let mut stage = stuck().await;
    let opened = stage.now;
    assert_eq!(stage.explained().await[0], "open");
    stage.now += 40 * MINUTE;
    let finding = stage.findings().await.remove(0);
    assert_eq!(
        (finding.code, finding.version, finding.since),
        ("stuck", Some(3), Some(opened))
    );
    for word in ["setSecret", "permission", "grant it"] {
        assert!(finding.text.contains(word), "{}", finding.text);
    }
}

#[tokio::test]
async fn a_managed_secret_and_one_without_a_function_are_not_resumed() {
    for service in [Some("rds"), None] {
        let mut stage = stuck().await;
        match service {
            Some(service) => stage.secrets.manage(NAME, service),
            None => {
                let mut snapshot = stage.secrets.snapshot(NAME);
                snapshot.rotation_function = None;
                stage.secrets.replace(NAME, snapshot);
            }
        }
        stage.now += HOUR;
        let round = stage.round().await;
        assert_eq!((round.resumed, round.given_up), (0, 0));
    }
}

#[tokio::test]
async fn a_rotation_that_a_person_cancelled_is_not_resumed() {
    let mut stage = stuck().await;
    let mut snapshot = stage.secrets.snapshot(NAME);
    snapshot.rotation_enabled = false;
    stage.secrets.replace(NAME, snapshot);
    stage.now += HOUR;
    let round = stage.round().await;
    assert_eq!((round.resumed, round.given_up), (0, 0));
}

#[tokio::test]
async fn a_missing_secret_is_announced_once_for_each_absence() {
    let mut stage = Stage::rotated().await;
    let snapshot = stage.secrets.snapshot(NAME);
    for absence in 1..=2 {
        stage.secrets.remove(NAME);
        for _ in 0..4 {
            stage.now += 10 * MINUTE;
            stage.round().await;
        }
        assert_eq!(
            stage.announced("greentic.secrets.missing.detected").len(),
            absence
        );
        assert_eq!(stage.explained().await[0], "missing");
        assert_eq!(stage.store.all_due(), []);
        stage.secrets.replace(NAME, snapshot.clone());
        stage.now += 10 * MINUTE;
        stage.round().await;
        assert_eq!(stage.state().secret.presence, Presence::Present);
        assert_eq!(stage.store.all_due().len(), 3);
    }
}

#[tokio::test]
async fn a_secret_that_somebody_deleted_for_good_is_not_missing() {
    let mut stage = Stage::rotated().await;
    stage.secrets.remove(NAME);
    stage.round().await;
    stage.now += 10 * MINUTE;
    // The trail's word comes late, but before it would be announced.
    stage
        .hear(&[Happening::Deleted {
            at: stage.now - 11 * MINUTE,
            actor: Some("somebody".to_owned()),
            until: Some(stage.now - 11 * MINUTE),
        }])
        .await;
    stage.now += DAY;
    stage.round().await;
    assert_eq!(stage.announced("greentic.secrets.missing.detected"), []);
    assert_eq!(stage.state().secret.presence, Presence::Gone);
    assert_eq!(stage.explained().await, ["gone"]);
}

#[tokio::test]
async fn a_tagged_secret_that_no_event_told_of_is_registered_by_a_round_and_has_its_full_grace() {
    let stage = Stage::new();
    for number in 1..=3 {
        stage
            .secrets
            .apply(NAME, &Change::Make(version(number)), stage.now - 400 * DAY);
        stage.change(Change::Label("AWSCURRENT", Some(version(number))));
    }
    assert_eq!(stage.round().await.registered, 1);
    assert_eq!(stage.round().await.registered, 0);
    let state = stage.state();
    assert_eq!((state.versions.len(), state.secret.found_late), (3, 0));
    assert_eq!(stage.bus.taken(), [], "its past is no news");
    let retire = state
        .dues()
        .into_iter()
        .find(|due| due.what == rekey_registry::What::Retire);
    assert_eq!(retire.map(|due| due.due_at), Some(stage.now + DAY));
}

#[tokio::test]
async fn rounds_go_on_where_the_last_stopped_and_come_to_every_secret() {
    let stage = Stage::new();
    for number in 0..7 {
        let name = format!("many/{number}");
        stage.secrets.apply(&name, &Change::Create, stage.now);
    }
    let practice = rekey_registry::Practice {
        store: &stage.store,
        secrets: &stage.secrets,
        publisher: &stage.bus.as_seen_by(rekey_events::Source::Sweep),
        resume: &stage.rotations,
        orders: &stage.queue,
        policy: &stage.policy,
    };
    let (mut registered, mut complete) = (0, 0);
    for _ in 0..12 {
        let round = practice.round(stage.now, 3).await.unwrap();
        assert!(round.looked_at <= 5, "{round:?}");
        registered += round.registered;
        complete += usize::from(round.complete);
    }
    assert_eq!(registered, 8);
    assert!(complete > 1);
}

/// A registered secret with one version, whose schedule is to rotate it at `next`.
async fn scheduled(stage: &Stage, name: &str, next: i64) {
    for change in [
        Change::Create,
        Change::Make(version(1)),
        Change::Label("AWSCURRENT", Some(version(1))),
    ] {
        stage.secrets.apply(name, &change, stage.now);
    }
    reschedule(stage, name, next);
}

fn reschedule(stage: &Stage, name: &str, next: i64) {
    let mut snapshot = stage.secrets.snapshot(name);
    snapshot.next_rotation = Some(next);
    stage.secrets.replace(name, snapshot);
}

#[tokio::test]
async fn a_rotation_that_is_overdue_is_counted_without_any_event_until_it_is_done() {
    let mut stage = Stage::rotated().await;
    let due = stage.now + 30 * DAY + HOUR;
    for (now, overdue) in [(due - 1, 0), (due, 1), (due + 90 * DAY, 1)] {
        stage.now = now;
        assert_eq!(stage.round().await.overdue, overdue, "{}", now - due);
    }
    stage.rotate(3).await;
    assert_eq!(stage.round().await.overdue, 0);

    stage.now += 40 * DAY;
    assert_eq!(stage.round().await.overdue, 1);
    stage.secrets.manage(NAME, "rds");
    assert_eq!(stage.round().await.overdue, 0);
}

#[tokio::test]
async fn a_secret_that_was_given_up_stays_overdue_for_rekeys_own_schedule() {
    let mut stage = stuck().await;
    stage.policy.resumes = 0;
    stage.tag("rekey:every", "7d").await;
    stage.now += HOUR;
    assert_eq!(stage.round().await.given_up, 1);
    stage.now += 5 * DAY;
    assert_eq!(stage.round().await.overdue, 0);
    stage.now += 2 * DAY;
    assert_eq!(stage.round().await.overdue, 1);
}

#[tokio::test]
async fn what_is_overdue_far_down_the_list_does_not_vanish_while_a_round_is_on_its_way() {
    let mut stage = Stage::new();
    stage.secrets.remove(NAME);
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        scheduled(&stage, name, stage.now + 60 * DAY).await;
    }
    for _ in names {
        stage.round().await;
    }
    stage.now += 10 * DAY;
    reschedule(&stage, "e", stage.now - DAY);
    let counted = async |stage: &Stage| {
        let mut counted = Vec::new();
        for _ in 0..3 {
            let round = stage.round_over(2).await;
            counted.push((round.complete, round.overdue));
        }
        counted
    };
    let first = counted(&stage).await;
    assert_eq!(first, [(false, 0), (false, 0), (true, 1)]);
    assert_eq!(counted(&stage).await, [(false, 1), (false, 1), (true, 1)]);
    reschedule(&stage, "a", stage.now - DAY);
    assert_eq!(counted(&stage).await, [(false, 1), (false, 1), (true, 2)]);
    for name in ["a", "e"] {
        reschedule(&stage, name, stage.now + DAY);
    }
    assert_eq!(counted(&stage).await, [(false, 2), (false, 2), (true, 0)]);
    assert_eq!(counted(&stage).await, [(false, 0), (false, 0), (true, 0)]);
}
