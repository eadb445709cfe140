#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

// Every kind that makes passwords itself.
#[cfg(feature = "postgres")]
mod password;
#[cfg(feature = "postgres")]
pub mod postgres;

#[cfg(feature = "postgres")]
pub use password::{PasswordPolicy, PolicyError};
