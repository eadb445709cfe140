#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod catalogue;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod database;
#[cfg(feature = "elasticache")]
pub mod elasticache;
#[cfg(any(feature = "database", feature = "keys"))]
mod families;
#[cfg(any(feature = "database", feature = "keys"))]
mod family;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "redis"))]
mod fields;
#[cfg(feature = "jwt")]
pub mod jwt;
#[cfg(feature = "keyring")]
pub mod keyring;
#[cfg(feature = "mysql")]
pub mod mysql;
mod object;
mod password;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "random")]
pub mod random;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod reach;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "redis"))]
mod trust;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "redis"))]
mod whose;

pub use catalogue::{CATALOGUE, Entry, Family, entry};
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub use database::strategy::{Strategy, UnknownStrategy};
#[cfg(feature = "database")]
pub use families::{DatabaseHeld, DatabaseKind, DatabaseKinds};
#[cfg(feature = "keys")]
pub use families::{KeyHeld, KeyKind, KeyKinds};
pub use password::{PasswordPolicy, PolicyError};
#[cfg(any(feature = "mysql", feature = "postgres", feature = "redis"))]
pub use trust::{Trust, TrustError};
