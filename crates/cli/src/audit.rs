//! The audit trail as somebody checks it: on AWS, or from an export.

mod chains;
mod checkpoints;
mod examine;
mod folder;
mod key;
mod live;
mod source;
mod unknown;

pub use chains::Chains;
pub use checkpoints::Which;
pub use examine::{Examined, examine};
pub use folder::{Folder, NewFolder};
pub use key::{keyring, public_key};
pub use live::Live;
pub use source::Source;
pub use unknown::UnknownKeys;
