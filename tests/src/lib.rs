#![doc = include_str!("../README.md")]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stage says what is wrong by stopping"
)]

pub mod alarms;
pub mod application;
pub mod cloud;
pub mod database;
pub mod door;
pub mod gate;
pub mod given;
pub mod halfway;
pub mod health;
pub mod mariadb;
pub mod person;
pub mod redis;
pub mod scene;
pub mod secrets;
pub mod sinks;
pub mod stack;
pub mod team;
