//! The keys that seal the audit trail.

mod ring;
mod rotator;

pub use rotator::{AuditKeys, Hold};
