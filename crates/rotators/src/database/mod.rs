//! What the secrets of every database's users have in common: AWS's format, two users in turn or one, and how
//! two versions belong together.

pub(crate) mod names;
pub(crate) mod strategy;
pub(crate) mod user;
