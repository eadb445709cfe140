//! The adapters against the local cloud, which `cargo xtask test` starts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::use_debug,
    reason = "a test that cannot be prepared fails where it stands"
)]

mod audit;
mod cloud;
mod given;
mod items;
mod queue;
mod registry;
mod requests;
mod requests_bus;
mod secrets_manager;
mod slots;
mod sweep_reads;
mod torn;
