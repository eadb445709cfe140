//! The conformance suite, on every format of a key and two secrets of other values.

use rekey_rotation::testing::conformance::{self, Extent};

use crate::case::Values;
use crate::page;

#[test]
fn every_kind_of_value_conforms() {
    page::every_one_conforms("random values", Values::all(), async |values| {
        let report = conformance::run(&values, &Extent::EVERYTHING).await?;
        assert!(report.caught >= 12, "{}", report.caught);
        Ok(report)
    });
}
