//! The PostgreSQL rotator against real servers: every major that `cargo xtask test` starts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::use_debug,
    reason = "a test that cannot be prepared fails where it stands"
)]

mod administrators;
mod alternating_users;
mod aws_made_clone;
mod case;
mod conformance;
mod documented_grants;
mod errors;
mod lock;
#[path = "../page/mod.rs"]
mod page;
mod privacy;
mod proof;
mod rehearse;
mod replica;
mod replica_retired;
mod retire;
mod retire_refused;
mod revoking;
mod rollback;
mod servers;
mod single_user;
mod tls;
mod world;
