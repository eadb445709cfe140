//! Signing keys of JSON Web Tokens, published as a key set that holds the key before, the one in use and the
//! next.

mod algorithm;
mod catalogue;
mod jwks;
mod key_set;
mod lineage;
mod place;
mod private_key;
mod public_key;
mod revoker;
mod rotator;
mod s3;
mod secret;
mod turn;
mod wire;

pub use catalogue::ENTRY;
pub use jwks::{Document, Jwks, Over, Published, Version, Written};
pub use place::Place;
pub use rotator::{Config, Hold, Jwt};
pub use s3::Bucket;
pub use turn::Seized;
