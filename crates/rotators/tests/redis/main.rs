//! The Redis rotator against the real servers that `cargo xtask test` starts.

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
mod classes;
mod conformance;
mod documented_rights;
#[cfg(feature = "elasticache")]
mod elasticache;
mod fake;
mod followers;
mod left_out;
mod lock;
mod nodes;
mod own;
#[path = "../page/mod.rs"]
mod page;
mod persistence;
mod rules;
mod servers;
mod sessions;
mod tls;
mod topology;
mod world;
