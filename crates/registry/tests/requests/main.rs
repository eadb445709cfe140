//! Rotations that somebody asks for: each rule by name, each forgery, and what a process that dies leaves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod approval;
mod at_once;
mod cut_off;
mod forgery;
mod office;
mod outcome;
mod rate;
mod rehearsal;
mod repeated;
mod rules;
mod scheduled;
#[path = "../world/mod.rs"]
mod world;
