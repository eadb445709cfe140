//! The conformance suite on a target in memory: it passes, and sees every promise that a toy breaks.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be prepared fails where it stands"
)]

use std::path::PathBuf;

use rekey_rotation::Overlap;
use rekey_rotation::testing::Promise;
use rekey_rotation::testing::conformance::{
    self, Confirmed, Extent, Failed, Fields, Page, Report, Table,
};
use rekey_rotation::testing::toy::{Fault, FaultyToyWorld, ToyWorld};

const OVERLAPS: [Overlap; 2] = [Overlap::AlternatingUsers, Overlap::SingleUser];

#[tokio::test]
async fn a_kind_that_keeps_its_promises_conforms() {
    for overlap in OVERLAPS {
        let report = conformance::run(&ToyWorld(overlap), &Extent::EVERYTHING).await;
        let report = report.unwrap_or_else(|failed| panic!("{failed}"));
        assert_eq!(report.after.len(), 3);
        let tried = report.tried.expect("the whole of it");
        assert_eq!(tried.confirmed, [Confirmed::Credential, Confirmed::Target]);
        assert_eq!(tried.fields, Fields::Kept);
        assert_eq!(tried.classes.len(), 2);
        assert_eq!(tried.checks.len(), 3);
        assert!(tried.searched);
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
                Fault::LeaksInTexts | Fault::LeaksAtTheTarget | Fault::LeaksAnotherField => {
                    &[Promise::NothingLeaks]
                }
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

/// A page of a test's own, gone with it.
struct Empty(PathBuf);

impl Empty {
    fn named(name: &str) -> Self {
        let file = format!("rekey-{name}-{}.md", std::process::id());
        let path = std::env::temp_dir().join(file);
        std::fs::write(&path, EMPTY).expect("a page");
        Self(path)
    }

    fn page(&self, bless: bool) -> Page {
        let path = self.0.clone();
        Page { path, bless }
    }

    /// The set-ups that have a row, in the order of the page.
    fn rows(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.0).expect("a page");
        let rows = text.lines().filter_map(|line| line.strip_prefix("| toy "));
        rows.map(|row| row.split(" |").next().expect("a cell").to_owned())
            .collect()
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).expect("removed");
    }
}

/// The steps of both toys.
async fn reports() -> Vec<Report> {
    let mut extent = Extent::EVERYTHING;
    extent.bugs = &[];
    let mut reports = Vec::new();
    for overlap in OVERLAPS {
        let report = conformance::steps(&ToyWorld(overlap), "in memory", &extent).await;
        reports.push(report.unwrap_or_else(|failed| panic!("{failed}")));
    }
    reports
}

#[tokio::test]
async fn the_page_holds_what_was_found_and_nothing_else_passes() {
    let empty = Empty::named("page");
    let reports = reports().await;
    for report in &reports {
        let missing = empty.page(false).record(report);
        let missing = missing.expect_err("it is not there yet");
        assert!(missing.contains("REKEY_BLESS=1"), "{missing}");
        empty.page(true).record(report).expect("written");
        empty.page(false).record(report).expect("as it stands");
    }
    assert_eq!(empty.rows().len(), 4);
    let mut other = reports[0].clone();
    other.caught += 1;
    assert!(empty.page(false).record(&other).is_err());
}

#[tokio::test]
async fn a_row_of_no_set_up_and_a_set_up_without_a_row_are_found_out() {
    let empty = Empty::named("rows");
    for report in reports().await {
        empty.page(true).record(&report).expect("written");
    }
    let both = ["toy alternating-users", "toy single-user"];
    let [first, second] = both;
    empty.page(false).has_rows_of(&both).expect("as it stands");

    let renamed = empty
        .page(false)
        .has_rows_of(&[first, "toy of another name"]);
    let renamed = renamed.expect_err("one too many, one too few");
    for table in Table::ALL {
        let below = table.heading();
        for wrong in [
            format!("`{second}` has a row below `{below}`"),
            format!("`toy of another name` has 0 rows below `{below}`"),
        ] {
            assert!(renamed.contains(&wrong), "{renamed}");
        }
    }
    assert!(!renamed.contains(first), "{renamed}");

    // Written, the page has no row of what is gone, and is as it was but for that.
    empty.page(true).has_rows_of(&[second]).expect("taken out");
    assert_eq!(empty.rows(), ["single-user", "single-user"]);
    empty
        .page(false)
        .has_rows_of(&[second])
        .expect("as it stands");
}
