//! ElastiCache for Redis OSS and Valkey: users of user groups, and AUTH tokens. What is changed is changed by
//! AWS's API; what is proved is proved by a login at the cache.

mod api;
mod bounds;
mod catalogue;
mod errors;
mod newest;
mod revoker;
mod rotator;
mod secret;
mod target;

pub use bounds::Bounds;
pub use catalogue::{AUTH, USER};
pub use revoker::Seized;
pub use rotator::{Config, ElastiCache, Hold};
