//! The page that the conformance suite writes, and how the suite is run for it.

mod set_ups;

use std::collections::BTreeSet;

use rekey_rotation::testing::conformance::{Failed, Page, Report};

use set_ups::SET_UPS;

/// Runs `suite` on the set-ups of one run side by side, as most of the time is waiting, and compares what was found
/// with docs/conformance.md or writes it there. Each has a thread with a stack for the suite's futures, which are
/// large without optimisation.
pub fn every_one_conforms<S: Send>(
    run: &str,
    set_ups: impl IntoIterator<Item = S>,
    suite: impl AsyncFn(S) -> Result<Report, Failed> + Sync,
) {
    let tried: BTreeSet<String> = std::thread::scope(|scope| {
        let suite = &suite;
        let begin = |set_up| {
            let thread = std::thread::Builder::new().stack_size(64 << 20);
            let conforms = move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                let report = runtime.block_on(suite(set_up));
                record(&report.unwrap_or_else(|failed| panic!("{failed}")))
            };
            thread.spawn_scoped(scope, conforms).unwrap()
        };
        let threads: Vec<_> = set_ups.into_iter().map(begin).collect();
        threads
            .into_iter()
            .map(|each| each.join().unwrap())
            .collect()
    });
    let (_, listed) = SET_UPS.iter().find(|(of, _)| *of == run).unwrap();
    let listed: BTreeSet<String> = listed.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(tried, listed, "tests/page/set_ups.rs lists others");
}

/// Returns which set-up it was.
fn record(report: &Report) -> String {
    let page = Page {
        path: concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/conformance.md").into(),
        bless: std::env::var_os("REKEY_BLESS").is_some(),
    };
    println!("{report}");
    page.record(report).unwrap_or_else(|text| panic!("{text}"));
    report.world.clone()
}
