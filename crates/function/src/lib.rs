#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod batch;
mod clock;
mod counted_bus;
mod deadline;
mod seal_keys;
mod serve;
#[cfg(feature = "testing")]
pub mod testing;
mod variables;

pub use clock::{milliseconds, now, seconds};
pub use counted_bus::CountedBus;
pub use deadline::{Unended, budget, is_late, within};
pub use seal_keys::{KeysError, SealKeys};
pub use serve::serve;
pub use variables::{VariableError, Variables};
