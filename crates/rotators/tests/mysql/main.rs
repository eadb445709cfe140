//! The MariaDB rotator against the real servers that `cargo xtask test` starts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::use_debug,
    reason = "a test that cannot be prepared fails where it stands"
)]

mod alternating_users;
mod aws_made_clone;
mod case;
mod conformance;
mod documented_grants;
mod errors;
mod hosts;
mod lock;
#[path = "../page/mod.rs"]
mod page;
mod played;
mod plugins;
mod probe;
mod replica;
mod retire;
mod servers;
mod single_user;
mod tls;
mod two_passwords;
mod world;
