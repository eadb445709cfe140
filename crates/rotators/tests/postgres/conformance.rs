//! The conformance suite: whole for two users on the newest major and one user on the oldest, and the steps for
//! the other two pairs. All of it on all four takes twice as long, and has found nothing more.

use rekey_rotation::Overlap;
use rekey_rotation::testing::conformance::{self, Extent};

use crate::page;
use crate::world::{every_world, on_worlds};

#[test]
fn postgresql_conforms_with_one_user_and_with_two() {
    on_worlds(every_world(), |world| async move {
        let newest = world.server.major > 15;
        let report = if newest == (world.overlap == Overlap::AlternatingUsers) {
            conformance::run(&world, &Extent::ON_A_SERVER).await
        } else {
            let version = format!("PostgreSQL {}", world.server.major);
            let extent = Extent {
                bugs: &[],
                ..Extent::ON_A_SERVER
            };
            conformance::steps(&world, &version, &extent).await
        };
        let report = report.unwrap_or_else(|failed| panic!("{failed}"));
        page::record(&report);
    });
}
