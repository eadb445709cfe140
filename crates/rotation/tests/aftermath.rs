//! The suites of what comes after the switch, on a target in memory: the protocol passes, and every planted
//! bug is caught.

use rekey_rotation::Overlap;
use rekey_rotation::testing::World;
use rekey_rotation::testing::aftermath::{Bug, Task, clear, retire, roll_back, shuffled};
use rekey_rotation::testing::toy::ToyWorld;

const WORLDS: [ToyWorld; 2] = [
    ToyWorld(Overlap::AlternatingUsers),
    ToyWorld(Overlap::SingleUser),
];

#[tokio::test]
async fn every_promise_holds_whatever_cuts_a_retirement() {
    for world in WORLDS {
        let report = retire::run(&world).await.unwrap_or_else(|v| panic!("{v}"));
        println!("{report}");
        assert_eq!(report.cuts, 3 * report.calls.len());
    }
}

#[tokio::test]
async fn every_promise_holds_whatever_cuts_a_rollback() {
    for world in WORLDS {
        let report = roll_back::run(&world)
            .await
            .unwrap_or_else(|v| panic!("{v}"));
        println!("{report}");
        assert_eq!(report.cuts, 3 * report.calls.len());
    }
}

#[tokio::test]
async fn every_promise_holds_whatever_cuts_a_clearing() {
    for world in WORLDS {
        let report = clear::run(&world).await.unwrap_or_else(|v| panic!("{v}"));
        println!("{report}");
        assert_eq!(report.cuts, 3 * report.calls.len());
    }
}

#[tokio::test]
async fn the_cuts_alone_are_the_same_cuts() {
    for world in WORLDS {
        let reports = [
            retire::cuts(&world).await,
            roll_back::cuts(&world).await,
            clear::cuts(&world).await,
        ];
        for report in reports {
            let report = report.unwrap_or_else(|v| panic!("{v}"));
            assert_eq!(report.cuts, 3 * report.calls.len());
            assert_eq!(report.rotations, 0);
        }
    }
}

#[tokio::test]
async fn every_planted_bug_is_caught() {
    let mut caught = 0;
    for world in WORLDS {
        for bug in Bug::ALL {
            if !bug.matters(world.overlap()) {
                continue;
            }
            let violation = match bug.task() {
                Task::Retire => retire::must_catch(bug, &world).await,
                Task::RollBack => roll_back::must_catch(bug, &world).await,
                Task::Clear => clear::must_catch(bug, &world).await,
            };
            println!("{bug:?}: {}", violation.unwrap_or_else(|e| panic!("{e}")));
            caught += 1;
        }
    }
    assert!(caught >= Bug::ALL.len());
}

#[tokio::test]
async fn every_promise_holds_in_random_schedules_of_many_processes() {
    for world in WORLDS {
        let calls = shuffled(&world, 1..201).await;
        let calls = calls.unwrap_or_else(|v| panic!("{v}"));
        println!(
            "aftermath: {}: 200 random schedules, {calls} calls: all promises held",
            world.name()
        );
        assert!(calls > 5_000);
    }
}
