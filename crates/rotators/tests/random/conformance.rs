//! The conformance suite, on every format of a key and two secrets of other values.

use rekey_rotation::testing::World as _;
use rekey_rotation::testing::conformance::{self, Extent};

use crate::case::Values;
use crate::page;

async fn conforms(world: usize) {
    let world = Values::all().remove(world);
    let report = conformance::run(&world, &Extent::EVERYTHING).await;
    let report = report.unwrap_or_else(|failed| panic!("{}: {failed}", world.name()));
    assert!(report.caught >= 12, "{}", report.caught);
    page::record(&report);
}

#[tokio::test]
async fn webhooks_by_standard_webhooks_conform() {
    conforms(0).await;
}

#[tokio::test]
async fn webhooks_in_hexadecimal_digits_conform() {
    conforms(1).await;
}

#[tokio::test]
async fn webhooks_in_base64_for_urls_conform() {
    conforms(2).await;
}

#[tokio::test]
async fn a_password_conforms() {
    conforms(3).await;
}

#[tokio::test]
async fn the_value_of_another_field_conforms() {
    conforms(4).await;
}
