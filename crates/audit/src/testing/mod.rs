//! The trail in memory, the suite that every store of a trail passes, and an attacker.

mod attacker;
mod memory;
mod record;
mod signer;
pub mod suite;
mod vault;

pub use attacker::Attacker;
pub use memory::MemoryTrail;
pub use record::{keyring, record};
pub use signer::LocalSigner;
pub use vault::MemoryVault;
