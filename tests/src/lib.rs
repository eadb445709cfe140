//! A stage for the promises that cross rooms: the local cloud, a deployed stack, a real database, an
//! application that uses a credential. Used by the tests and by the demo; never by production code.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stage says what is wrong by stopping"
)]

pub mod application;
pub mod cloud;
pub mod database;
pub mod given;
pub mod secrets;
pub mod sinks;
pub mod stack;
