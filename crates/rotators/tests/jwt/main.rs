//! Signing keys of JSON Web Tokens: rotated on a key set in memory and on one in S3, and verified by others'
//! libraries.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::use_debug,
    reason = "a test that cannot be prepared fails where it stands"
)]

mod caches;
mod conformance;
mod documented;
mod first_value;
mod issuer;
mod jose;
mod key_set;
mod library;
mod made;
mod memory;
#[path = "../page/mod.rs"]
mod page;
mod rollback;
mod s3;
mod strangers;
mod times;
mod turns;
