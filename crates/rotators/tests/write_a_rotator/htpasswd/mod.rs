//! A file of users and the hashes of their passwords, one line for each: `app:2c26b46b68ffc68f...`.

mod catalogue;
mod people;
mod revoker;
mod rotator;
mod secret;

pub use catalogue::ENTRY;
pub use people::BY_HAND;
pub use rotator::Htpasswd;
