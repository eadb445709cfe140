mod checkpoint_bucket;
mod kms;
mod siem;
mod table;

pub use checkpoint_bucket::CheckpointBucket;
pub use kms::Kms;
pub use siem::{NoStream, SiemStream};
pub use table::AuditTable;
