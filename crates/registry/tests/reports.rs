//! What the function that retires and rolls back reports.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test says what went wrong by failing"
)]

mod world;

use rekey_events::Source;
use rekey_registry::{
    BroughtBack, Failed, Happening, Patience, Report, ReportError, Retired, State, What, patience,
    report,
};
use world::{DAY, HOUR, MINUTE, NAME, Stage, version};

fn retired(number: usize, refused_at: i64) -> Report {
    Report::Retired(Retired {
        version: version(number),
        refused_at,
        strategy: Some("alternating-users".to_owned()),
        sessions_ended: 3,
        label_removed: true,
        forced: false,
        waited_for: vec!["sessions_open".to_owned()],
        requested_by: None,
        reason: None,
    })
}

fn held(cause: &str) -> Report {
    Report::Held {
        version: version(1),
        cause: cause.to_owned(),
        message: "something is in the way".to_owned(),
        services: vec!["worker".to_owned()],
    }
}

fn brought_back(at: i64) -> Report {
    Report::RolledBack(BroughtBack {
        from: version(2),
        to: version(1),
        accepted_at: at,
        restored: true,
        reason: "it broke".to_owned(),
        requested_by: Some("somebody".to_owned()),
    })
}

fn rollback_intended() -> Report {
    Report::RollbackIntended {
        from: version(2),
        to: version(1),
        requested_by: Some("somebody".to_owned()),
        reason: Some("it broke".to_owned()),
    }
}

#[tokio::test]
async fn a_retirement_closes_its_deadline_with_the_proof_and_is_announced_once() {
    let mut stage = Stage::rotated().await;
    let intent = Report::RetireIntended {
        version: version(1),
        requested_by: None,
        reason: None,
    };
    stage.now += DAY;
    stage.sweep().await;
    stage.report(&intent).await;
    stage.report(&intent).await;
    stage.change(world::Change::Label("AWSPREVIOUS", None));
    for _ in 0..2 {
        stage.now += 7;
        stage.report(&retired(1, stage.now)).await;
        stage.hear(&[Happening::Touched]).await;
    }
    assert_eq!(stage.deadline(What::Retire, 1), None);
    assert_eq!(
        stage.store.all_due().len(),
        1,
        "only the schedule of the new one is left"
    );
    assert_eq!(stage.state().versions[&version(1)].state, State::Retired);
    assert_eq!(stage.announced("rekey.retire.intended").len(), 1);
    let told = stage.announced("rekey.secret.retired");
    assert_eq!(told.len(), 1);
    let proof = &told[0].detail["proof"];
    assert_eq!(
        (&proof["method"], &proof["sessions_ended"]),
        (&"login_refused".into(), &3.into())
    );
    assert_eq!(told[0].detail["strategy"], "alternating-users");
    assert_eq!(stage.explained().await, Vec::<&str>::new());
}

#[tokio::test]
async fn an_early_retirement_takes_the_warning_away_too() {
    let mut stage = Stage::rotated().await;
    stage.now += MINUTE;
    stage.change(world::Change::Label("AWSPREVIOUS", None));
    stage.report(&retired(1, stage.now)).await;
    stage.now += 2 * DAY;
    let swept = stage.sweep().await;
    assert_eq!((swept.announced, swept.ordered), (0, 0));
}

#[tokio::test]
async fn what_kept_us_from_asking_does_not_use_up_the_wait_for_others() {
    let mut stage = Stage::rotated().await;
    let waits = |stage: &Stage| {
        let state = stage.state();
        patience(&state, &version(1), &stage.policy, stage.now)
    };
    // Asked for early, and held: the wait is for after the grace.
    stage.report(&held("sessions_open")).await;
    stage.now += DAY;
    assert_eq!(waits(&stage), Patience::Wait);
    stage.now += DAY;
    assert_eq!(waits(&stage), Patience::BoundReached);

    let mut stage = Stage::rotated().await;
    stage.now += DAY;
    stage.report(&held("target_unreachable")).await;
    stage.now += 3 * DAY;
    assert_eq!(waits(&stage), Patience::Wait);
    stage.report(&held("sessions_open")).await;
    assert_eq!(waits(&stage), Patience::Wait);
    stage.now += DAY;
    assert_eq!(waits(&stage), Patience::BoundReached);
}

#[tokio::test]
async fn a_hold_is_told_once_for_each_cause_and_day_and_has_a_bound() {
    let mut stage = Stage::rotated().await;
    stage.now += DAY;
    let since = stage.now;
    let waits = |stage: &Stage| {
        let state = stage.state();
        patience(&state, &version(1), &stage.policy, stage.now)
    };
    assert_eq!(waits(&stage), Patience::Wait);
    for cause in [
        "sessions_open",
        "sessions_open",
        "health_check_failing",
        "sessions_open",
    ] {
        stage.report(&held(cause)).await;
        stage.now += 15 * MINUTE;
    }
    assert_eq!(stage.announced("rekey.secret.retire_held").len(), 2);
    assert_eq!(stage.state().versions[&version(1)].state, State::Held);
    let findings = stage.findings().await;
    assert_eq!(findings[0].code, "held");
    assert_eq!(
        (findings[0].since, findings[0].until),
        (Some(since), Some(since + DAY))
    );
    stage.now = since + DAY - 1;
    assert_eq!(waits(&stage), Patience::Wait);
    stage.now = since + DAY;
    assert_eq!(waits(&stage), Patience::BoundReached);
    stage.report(&held("sessions_open")).await;
    assert_eq!(stage.announced("rekey.secret.retire_held").len(), 3);
    // A version that is current again is not held.
    stage.activate(1).await;
    assert_eq!(stage.state().versions[&version(1)].hold, None);
    assert_eq!(stage.state().versions[&version(1)].state, State::Current);
}

#[tokio::test]
async fn nothing_to_retire_closes_the_deadline_until_there_is_another_switch() {
    let mut stage = Stage::rotated().await;
    stage.now += DAY;
    stage.sweep().await;
    let void = Report::Void {
        version: version(1),
        why: "the value is gone".to_owned(),
    };
    stage.report(&void).await;
    stage.hear(&[Happening::Touched]).await;
    assert_eq!(stage.armed(What::Retire, 1), None);
    assert_eq!(stage.explained().await, ["void"]);
    stage.now += DAY;
    stage.activate(1).await;
    stage.now += DAY;
    stage.activate(2).await;
    assert_eq!(stage.armed(What::Retire, 1), Some(stage.now + DAY));
}

#[tokio::test]
async fn a_rollback_disarms_the_one_arms_the_other_and_is_told_by_both_functions_once() {
    let mut stage = Stage::rotated().await;
    stage.now += HOUR;
    stage.report(&rollback_intended()).await;
    stage.change(world::Change::Label("AWSCURRENT", Some(version(1))));
    stage.now += 5;
    stage.report(&brought_back(stage.now)).await;
    assert_eq!(stage.armed(What::Retire, 1), None);
    assert_eq!(stage.armed(What::GraceEnding, 1), None);
    assert_eq!(stage.armed(What::Retire, 2), Some(stage.now + DAY));
    stage.report(&brought_back(stage.now)).await;
    let moved = world::label_moved(&version(1), stage.now);
    stage.hear(&[moved.clone(), moved]).await;
    stage.report(&brought_back(stage.now + 60)).await;
    assert_eq!(stage.announced("rekey.rollback.intended").len(), 1);
    assert_eq!(stage.announced("rekey.secret.rolled_back").len(), 1);
    let ends = stage.announced("greentic.secrets.rotate.completed");
    let results: Vec<_> = ends
        .iter()
        .map(|end| end.detail["result"].as_str().unwrap())
        .collect();
    assert_eq!(results, ["success", "rolled_back"]);
    assert_eq!(ends[1].detail["version"], 2);
    assert_eq!(ends[1].detail["reason"], "it broke");
    let state = stage.state();
    assert_eq!(
        state.versions[&version(2)].rolled_back.as_ref().unwrap().to,
        version(1)
    );
    assert_eq!(state.secret.current, Some(version(1)));
}

#[tokio::test]
async fn a_retired_credential_that_is_brought_back_lives_whatever_the_clocks_say() {
    let mut stage = Stage::rotated().await;
    stage.now += MINUTE;
    stage.change(world::Change::Label("AWSPREVIOUS", None));
    // The clock that saw the refusal is three minutes ahead of the one that sees the login.
    stage.report(&retired(1, stage.now + 3 * MINUTE)).await;
    stage.now += MINUTE;
    stage.report(&rollback_intended()).await;
    stage.change(world::Change::Label("AWSCURRENT", Some(version(1))));
    stage.report(&brought_back(stage.now)).await;
    stage
        .hear(&[world::label_moved(&version(1), stage.now)])
        .await;
    let state = stage.state();
    assert!(!state.versions[&version(1)].is_dead());
    assert!(!stage.explained().await.contains(&"current_is_dead"));
    // And it is retired again after the next switch.
    stage.now += DAY;
    stage.rotate(3).await;
    assert_eq!(stage.armed(What::Retire, 1), Some(stage.now + DAY));
}

#[tokio::test]
async fn a_label_on_a_dead_credential_is_explained() {
    let mut stage = Stage::rotated().await;
    stage.now += HOUR;
    stage.change(world::Change::Label("AWSPREVIOUS", None));
    stage.report(&retired(1, stage.now)).await;
    stage.now += HOUR;
    stage.change(world::Change::Label("AWSCURRENT", Some(version(1))));
    stage.hear(&[Happening::Touched]).await;
    assert!(stage.explained().await.contains(&"current_is_dead"));
}

#[tokio::test]
async fn a_report_of_what_is_not_recorded_is_refused_and_classified() {
    let stage = Stage::begun().await;
    let bus = stage.bus.as_seen_by(Source::Retire);
    let answer = |name| report(&stage.store, &bus, &stage.policy, name, stage.now, &STRAY);
    static STRAY: std::sync::LazyLock<Report> = std::sync::LazyLock::new(|| retired(7, 0));
    let unknown = answer("nobody").await.unwrap_err();
    assert_eq!(unknown, Failed::Report(ReportError::NotRegistered));
    assert_eq!(unknown.class().as_str(), "not_registered");
    let version = answer(NAME).await.unwrap_err();
    assert_eq!(version, Failed::Report(ReportError::UnknownVersion));
    assert!(!version.is_passing());
}
