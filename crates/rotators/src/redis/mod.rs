//! Redis and Valkey, by two passwords of one ACL user.

mod bounds;
mod catalogue;
mod clients;
#[cfg(feature = "elasticache")]
mod door;
mod errors;
mod kinship;
mod lock;
mod nodes;
mod persistence;
mod revoker;
mod rotator;
mod secret;
mod session;
mod topology;
mod user;

pub use crate::trust::{Trust, TrustError};
pub use bounds::Bounds;
pub use catalogue::{REDIS, VALKEY};
#[cfg(feature = "elasticache")]
pub(crate) use door::Door;
pub use revoker::Seized;
pub use rotator::{Config, Hold, Redis};
