#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

#[cfg(feature = "keyring")]
pub mod keyring;
// Every kind whose secret is JSON.
#[cfg(any(feature = "keyring", feature = "postgres"))]
mod object;
// Every kind that makes passwords or keys itself.
#[cfg(any(feature = "keyring", feature = "postgres"))]
mod password;
#[cfg(feature = "postgres")]
pub mod postgres;

#[cfg(any(feature = "keyring", feature = "postgres"))]
pub use password::{PasswordPolicy, PolicyError};
