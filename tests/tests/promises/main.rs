//! Promises that cross rooms. A list of the tests is the list of the promises.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that stops here has failed; clippy's own exception does not reach what tests call"
)]

mod end_to_end;
mod infra;
mod sam;
mod tidy;
