//! The keys that seal the audit trail.

mod catalogue;
mod revoker;
mod ring;
mod rotator;

pub use catalogue::ENTRY;
pub use rotator::{AuditKeys, Hold};
