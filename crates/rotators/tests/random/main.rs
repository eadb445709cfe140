//! Keys of webhooks and other random values, on an in-memory Secrets Manager.

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
mod comparing;
mod conformance;
mod documented;
mod ends;
mod generic;
mod hmac;
mod known_answers;
mod languages;
mod moved;
#[path = "../page/mod.rs"]
mod page;
mod pages;
mod refusals;
mod webhook;
