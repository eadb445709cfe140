//! Keys of webhooks and other random values, which are their own target: the secret holds the value before
//! beside the new one, and until when that one is accepted.

mod catalogue;
mod format;
mod held;
mod kind;
mod policy;
mod revoker;
mod rotator;
mod signing;

pub use catalogue::{GENERIC, HMAC};
pub use rotator::{Hold, RandomValue};
