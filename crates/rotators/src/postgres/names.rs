use rekey_rotation::TargetError;

use crate::database::names;
pub(super) use crate::database::names::{base, clone_of};

/// PostgreSQL cuts longer names short.
pub(super) const MAX_NAME_BYTES: usize = 63;

/// The other of the two users.
pub(super) fn alternate(username: &str) -> Result<String, TargetError> {
    names::alternate(username, str::len, MAX_NAME_BYTES, "bytes")
}
