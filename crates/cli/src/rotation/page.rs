//! Pages that are written again when there is something new.

use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::error::Error;

/// The page as it is kept now; none when there is none.
///
/// # Errors
/// [`Error::Unavailable`] names the file.
pub fn kept(path: &Path) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, "read", &error)),
    }
}

/// Keeps a page: the whole of it or, when that fails, the one before.
///
/// # Errors
/// [`Error::Unavailable`] names the file.
pub fn keep(path: &Path, text: &str) -> Result<(), Error> {
    let written = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let beside = path.with_extension("md.new");
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    written().map_err(|error| failed(path, "written", &error))
}

fn failed(path: &Path, what: &str, error: &std::io::Error) -> Error {
    let (path, kind) = (path.display(), error.kind());
    Error::Unavailable(format!("{path} cannot be {what}: {kind}"))
}
