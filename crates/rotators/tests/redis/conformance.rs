//! The conformance suite on real servers: a superuser and an aclfile, the default user by itself, a cluster.

use rekey_rotation::testing::conformance::{self, Extent};

use crate::page;
use crate::world::SetUp;

/// Every set-up has its own servers.
#[test]
fn every_set_up_conforms() {
    page::every_one_conforms("redis", SetUp::ALL, async |set_up| {
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
        report
    });
}
