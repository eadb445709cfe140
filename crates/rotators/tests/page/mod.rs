//! The page that the conformance suite writes.

use rekey_rotation::testing::conformance::{Page, Report};

/// Compares what was found with docs/conformance.md, or writes it there.
pub fn record(report: &Report) {
    let page = Page {
        path: concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/conformance.md").into(),
        bless: std::env::var_os("REKEY_BLESS").is_some(),
    };
    println!("{report}");
    page.record(report).unwrap_or_else(|text| panic!("{text}"));
}
