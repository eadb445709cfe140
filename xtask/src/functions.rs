//! Building the functions.

use std::path::PathBuf;

use anyhow::Result;

use crate::{place, run};

/// Builds the rotation function as tests and the demo run it: the dev profile, only its own features.
pub fn rotate() -> Result<PathBuf> {
    run::shown(run::cargo().args(["build", "--quiet", "--package", "rekey-rotate"]))?;
    Ok(place::target().join("debug/rekey-rotate"))
}
