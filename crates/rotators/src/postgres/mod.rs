//! PostgreSQL, RDS for PostgreSQL and Aurora PostgreSQL.

mod administrator;
mod alternating_users;
mod bounds;
mod catalogue;
mod check;
mod errors;
mod held_by_name;
mod idle_user;
mod lock;
mod logins;
mod names;
mod quote;
mod replica;
mod revoker;
mod role_settings;
mod roles;
mod rotator;
mod secret;
mod session;
mod sessions;
mod users;
mod verifier;

pub use crate::{Strategy, Trust, TrustError};
pub use bounds::Bounds;
pub use catalogue::ENTRY;
pub use revoker::Seized;
pub use rotator::{Config, Hold, Postgres};
