//! The conformance suite on real servers: a superuser and an aclfile, the default user by itself, a cluster.

use rekey_rotation::testing::World as _;
use rekey_rotation::testing::conformance::{self, Extent};

use crate::page;
use crate::world::SetUp;

/// Every world has its own servers, and a thread with a stack for the suite's futures, which are large
/// without optimisation.
#[test]
fn every_set_up_conforms() {
    std::thread::scope(|scope| {
        for set_up in SetUp::ALL {
            std::thread::Builder::new()
                .name(set_up.name())
                .stack_size(64 << 20)
                .spawn_scoped(scope, move || {
                    tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .unwrap()
                        .block_on(conforms(set_up));
                })
                .unwrap();
        }
    });
}

async fn conforms(set_up: SetUp) {
    let extent = match set_up {
        SetUp::Superuser | SetUp::DefaultUser => Extent::ON_A_SERVER,
        // That the suite sees bugs shows at one node; here it would take three times as long.
        SetUp::Cluster => Extent {
            bugs: &[],
            bugs_after: &[],
            ..Extent::ON_A_SERVER
        },
    };
    let report = conformance::run(&set_up, &extent).await;
    set_up.mend().await;
    let report = report.unwrap_or_else(|failed| panic!("{failed}"));
    page::record(&report);
}
