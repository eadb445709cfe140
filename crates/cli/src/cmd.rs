//! One file per command.

pub mod artifact;
pub mod audit;
pub mod completion;
pub mod doctor;
pub mod impact;
pub mod replay;
pub mod requesters;
pub mod requests;
pub mod retire;
pub mod rollback;
pub mod rotate;
pub mod rotation_log;
pub mod secrets;
