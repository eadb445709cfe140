#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod batch;
mod clock;
mod deadline;
mod serve;
mod variables;

pub use clock::{now, seconds};
pub use deadline::{Unended, budget, within};
pub use serve::serve;
pub use variables::{VariableError, Variables};
