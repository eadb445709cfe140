//! The crash suite on a target in memory: the protocol passes, and every planted bug is caught.

use rekey_rotation::Overlap;
use rekey_rotation::testing::toy::ToyWorld;
use rekey_rotation::testing::{Bug, World, crash};

const WORLDS: [ToyWorld; 2] = [
    ToyWorld(Overlap::AlternatingUsers),
    ToyWorld(Overlap::SingleUser),
];

#[tokio::test]
async fn every_promise_holds_whatever_cuts_a_rotation() {
    for world in WORLDS {
        let report = crash::run(&world).await.unwrap_or_else(|v| panic!("{v}"));
        println!("{report}");
        assert_eq!(report.cuts, 3 * report.calls.len());
    }
}

#[tokio::test]
async fn every_planted_bug_is_caught() {
    for world in WORLDS {
        for bug in Bug::ALL {
            let violation = crash::must_catch(bug, &world)
                .await
                .unwrap_or_else(|text| panic!("{text}"));
            println!("{bug:?}: {violation}");
        }
    }
}

#[tokio::test]
async fn every_promise_holds_in_random_schedules_of_many_processes() {
    for world in WORLDS {
        let calls = crash::shuffled(&world, 1..201).await;
        let calls = calls.unwrap_or_else(|v| panic!("{v}"));
        println!(
            "crash: {}: 200 random schedules, {calls} calls: all invariants held",
            world.name()
        );
        assert!(calls > 1_000);
    }
}
