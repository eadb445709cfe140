//! The keys of the audit trail, rotated on an in-memory Secrets Manager.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::use_debug,
    reason = "a test that cannot be prepared fails where it stands"
)]

mod comparing;
mod conformance;
mod growth;
mod many_rotations;
#[path = "../page/mod.rs"]
mod page;
mod refusals;
mod trail;
