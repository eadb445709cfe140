#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod chain;
mod checkpoint;
mod digest;
mod finding;
mod head;
mod heard;
mod index;
mod inspect;
mod keyring;
mod link;
mod list;
mod trail;
mod verify;
mod write;

#[cfg(feature = "testing")]
pub mod testing;

pub use chain::{Chain, NoChain};
pub use checkpoint::{
    ALGORITHM, Checkpoint, End, NoPublicKey, PublicKey, SignError, Signed, Signer, Vault,
    VaultError, name_of, newest,
};
pub use digest::Unwritable;
pub use finding::Finding;
pub use head::Head;
pub use heard::{Heard, Unreadable, heard};
pub use index::{By, Indexed, Partition, SHARDS, day_of};
pub use inspect::{CheckpointError, Made, checkpoint};
pub use keyring::{KeyId, Keyring, NoKeyring};
pub use link::{BEGINNING, Link, NoLink, Unsealable};
pub use list::{Entry, Listed, Wanted, list};
pub use trail::{
    Append, AppendError, MOST_AT_ONCE, Onward, OnwardError, Page, Place, Stored, Trail, TrailError,
};
pub use verify::{Ends, Inspection, Seen, Signatures, Verdict};
pub use write::{Wait, WriteError, Written, write};
