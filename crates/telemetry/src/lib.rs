#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod log;
mod metric;

pub use log::{Level, start};
pub use metric::{BatchMetric, CheckpointMetric, EndMetric, OrderMetric, RoundMetric, StepMetric};
