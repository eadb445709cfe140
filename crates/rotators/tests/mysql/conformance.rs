//! The conformance suite on a real server: two users in turn, and one user.

use rekey_rotation::testing::World as _;
use rekey_rotation::testing::conformance::{self, Extent};

use crate::page;
use crate::world::Real;

/// Side by side: most of the time is waiting. Each has a thread with a stack for the suite's futures, which
/// are large without optimisation.
#[test]
fn every_set_up_conforms() {
    std::thread::scope(|scope| {
        for world in Real::all() {
            std::thread::Builder::new()
                .name(world.name())
                .stack_size(64 << 20)
                .spawn_scoped(scope, move || {
                    tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .unwrap()
                        .block_on(conforms(world));
                })
                .unwrap();
        }
    });
}

async fn conforms(world: Real) {
    let report = conformance::run(&world, &Extent::ON_A_SERVER)
        .await
        .unwrap_or_else(|failed| panic!("{failed}"));
    page::record(&report);
}
