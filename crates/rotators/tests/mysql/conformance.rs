//! The conformance suite on a real server: two users in turn, and one user.

use rekey_rotation::testing::conformance::{self, Extent};

use crate::page;
use crate::world::Real;

#[test]
fn every_set_up_conforms() {
    page::every_one_conforms("mariadb", Real::all(), async |world| {
        conformance::run(&world, &Extent::ON_A_SERVER).await
    });
}
