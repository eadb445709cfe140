//! Keys in files of the machine that checks: one that anybody may have, and one that almost nobody may.

use std::path::Path;

use rekey_audit::{Keyring, PublicKey};
use zeroize::Zeroizing;

use crate::error::Error;

/// The public key that checkpoints are checked with.
///
/// # Errors
/// [`Error::Usage`] names the option; what stands in the file is not repeated.
pub fn public_key(path: &Path) -> Result<PublicKey, Error> {
    let text = read("--public-key", path)?;
    PublicKey::from_pem(&text).map_err(|why| Error::Usage(format!("--public-key: {why}")))
}

/// The keys that records are sealed with, as their secret holds them.
///
/// # Errors
/// [`Error::Usage`] names the option; what stands in the file is not repeated.
pub fn keyring(path: &Path) -> Result<Keyring, Error> {
    let text = Zeroizing::new(read("--mac-keys", path)?);
    Keyring::parse(&text).map_err(|why| Error::Usage(format!("--mac-keys: {why}")))
}

fn read(option: &str, path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| {
        let (path, kind) = (path.display(), error.kind());
        Error::Usage(format!("{option}: {path} cannot be read: {kind}"))
    })
}
