//! The conformance suite on a target in memory: it passes, and sees every promise that a toy breaks.

use rekey_rotation::Overlap;
use rekey_rotation::testing::Promise;
use rekey_rotation::testing::conformance::{self, Extent, Failed, Page};
use rekey_rotation::testing::toy::{Fault, FaultyToyWorld, ToyWorld};

const OVERLAPS: [Overlap; 2] = [Overlap::AlternatingUsers, Overlap::SingleUser];

#[tokio::test]
async fn a_kind_that_keeps_its_promises_conforms() {
    for overlap in OVERLAPS {
        let report = conformance::run(&ToyWorld(overlap), &Extent::EVERYTHING).await;
        let report = report.unwrap_or_else(|failed| panic!("{failed}"));
        assert_eq!(report.after.len(), 3);
        assert_eq!(report.confirms, 2);
        assert_eq!(report.classes.len(), 2);
        assert!(report.caught >= 13, "{} bugs", report.caught);
    }
}

#[tokio::test]
async fn every_fault_is_seen_for_what_it_is() {
    for overlap in OVERLAPS {
        for fault in Fault::ALL {
            let expected = match fault {
                Fault::DropsFields => &[Promise::FieldsAreKept][..],
                Fault::AnyTarget => &[Promise::ConfirmedFirst],
                Fault::DryRunIsWet => &[Promise::DryRunIsDry],
                // The dry run tells the wrong check for it, before a step does.
                Fault::Misclassifies => &[Promise::FailuresAreClassified],
                Fault::LeaksInTexts | Fault::LeaksAtTheTarget => &[Promise::NothingLeaks],
            };
            let world = FaultyToyWorld(overlap, fault);
            match conformance::run(&world, &Extent::EVERYTHING).await {
                Err(Failed::Broken(violation)) => {
                    assert!(
                        expected.contains(&violation.promise),
                        "{fault:?}: {violation}"
                    );
                }
                Err(other) => panic!("{fault:?}: {other}"),
                Ok(_) => panic!("{fault:?} was not seen"),
            }
        }
    }
}

const EMPTY: &str = "\
# Conformance

## Promises

| world | a |
|---|---|

## Cut points

| world | a |
|---|---|
";

#[tokio::test]
async fn the_page_holds_what_was_found_and_nothing_else_passes() {
    let path = std::env::temp_dir().join(format!("rekey-page-{}.md", std::process::id()));
    std::fs::write(&path, EMPTY).expect("a page");
    let page = |bless| Page {
        path: path.clone(),
        bless,
    };
    let mut extent = Extent::EVERYTHING;
    extent.bugs = &[];
    let mut reports = Vec::new();
    for overlap in OVERLAPS {
        let report = conformance::steps(&ToyWorld(overlap), "in memory", &extent).await;
        reports.push(report.unwrap_or_else(|failed| panic!("{failed}")));
    }
    for report in &reports {
        let missing = page(false).record(report).expect_err("it is not there yet");
        assert!(missing.contains("REKEY_BLESS=1"), "{missing}");
        page(true).record(report).expect("written");
        page(false).record(report).expect("as it stands");
    }
    let text = std::fs::read_to_string(&path).expect("a page");
    let rows = text.lines().filter(|line| line.starts_with("| toy "));
    assert_eq!(rows.count(), 4);
    let mut other = reports[0].clone();
    other.caught += 1;
    assert!(page(false).record(&other).is_err());
    std::fs::remove_file(&path).expect("removed");
}
