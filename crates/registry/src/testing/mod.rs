//! What the registry is tested with: a store in memory, and the suite that every store passes.

mod example;
mod memory;
pub mod store_suite;

pub use memory::MemoryStore;
