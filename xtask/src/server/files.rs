//! Files that are a server's own.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::owner::Owner;

/// A new folder that only `owner` may look into.
pub fn make_closed(path: &Path, owner: Owner) -> Result<()> {
    fs::create_dir(path).with_context(|| format!("cannot make {}", path.display()))?;
    close(path, 0o700, owner)
}

/// A file that only `owner` may read.
pub fn write_closed(path: &Path, text: &str, owner: Owner) -> Result<()> {
    write_secret(path, text)?;
    owner.give(path)
}

/// A file that only we may read, from its first byte on.
pub fn write_secret(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    let _absent = fs::remove_file(path);
    fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Makes a file or folder the owner's, with these permissions.
pub fn close(path: &Path, mode: u32, owner: Owner) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("cannot close {}", path.display()))?;
    owner.give(path)
}

/// Adds lines to a file, which stays whose it is.
pub fn append(path: &Path, text: &str) -> Result<()> {
    let old =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    fs::write(path, old + text).with_context(|| format!("cannot write {}", path.display()))
}

/// Copies a folder with what is in it, for `owner`.
pub fn copy(from: &Path, to: &Path, owner: Owner) -> Result<()> {
    let say = || format!("cannot copy {}", from.display());
    let mode = fs::metadata(from).with_context(say)?.mode();
    fs::create_dir(to).with_context(say)?;
    close(to, mode, owner)?;
    for entry in fs::read_dir(from).with_context(say)? {
        let entry = entry.with_context(say)?;
        let target = to.join(entry.file_name());
        if entry.file_type().with_context(say)?.is_dir() {
            copy(&entry.path(), &target, owner)?;
        } else {
            fs::copy(entry.path(), &target).with_context(say)?;
            owner.give(&target)?;
        }
    }
    Ok(())
}
