//! The conformance suite: whole for two users on the newest major and one user on the oldest, and the steps for
//! the other two pairs. All of it on all four takes twice as long, and has found nothing more.

use rekey_rotation::Overlap;
use rekey_rotation::testing::conformance::{self, Extent};

use crate::page;
use crate::world::every_world;

#[test]
fn postgresql_conforms_with_one_user_and_with_two() {
    page::every_one_conforms("postgres", every_world(), async |world| {
        let newest = world.server.major > 15;
        if newest == (world.overlap == Overlap::AlternatingUsers) {
            return conformance::run(&world, &Extent::ON_A_SERVER).await;
        }
        let version = format!("PostgreSQL {}", world.server.major);
        let extent = Extent {
            bugs: &[],
            ..Extent::ON_A_SERVER
        };
        conformance::steps(&world, &version, &extent).await
    });
}
