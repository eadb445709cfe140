//! The toy kind of `docs/write-a-rotator.md`: a file of users, from nothing to a passing conformance suite.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::use_debug,
    reason = "a test that cannot be prepared fails where it stands"
)]

mod case;
mod conformance;
mod htpasswd;
mod page;

mod careless;
