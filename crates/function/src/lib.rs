#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod batch;
mod clock;
mod deadline;
mod serve;
#[cfg(feature = "testing")]
pub mod testing;
mod variables;

pub use clock::{now, seconds};
pub use deadline::{Unended, budget, is_late, within};
pub use serve::serve;
pub use variables::{VariableError, Variables};
