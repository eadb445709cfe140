//! PostgreSQL, RDS for PostgreSQL and Aurora PostgreSQL.

mod alternating_users;
mod bounds;
mod check;
mod errors;
mod held_by_name;
mod lock;
mod names;
mod quote;
mod replica;
mod role_settings;
mod roles;
mod rotator;
mod secret;
mod session;
mod strategy;
mod trust;
mod verifier;

pub use bounds::Bounds;
pub use rotator::{Config, Hold, Postgres};
pub use strategy::{Strategy, UnknownStrategy};
pub use trust::{Trust, TrustError};
