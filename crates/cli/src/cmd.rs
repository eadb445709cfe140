//! One file per command.

pub mod completion;
pub mod doctor;
pub mod retire;
pub mod rollback;
pub mod secrets;
