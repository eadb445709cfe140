//! What a retirement, a rollback, a clearing and a rehearsal promise when nothing cuts them: what they wait
//! for, what they refuse, and what they say.
#![allow(
    clippy::expect_used,
    reason = "what a test sets up for itself is right or the test is wrong"
)]

mod clear;
mod house;
mod rehearse;
mod retire;
mod roll_back;
