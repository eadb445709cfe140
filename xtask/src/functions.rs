//! Building what is run.

use std::path::PathBuf;

use anyhow::Result;

use crate::{place, run};

/// Builds the rotation function as tests and the demo run it: the dev profile, only its own features.
pub fn rotate() -> Result<PathBuf> {
    run::shown(run::cargo().args(["build", "--quiet", "--package", "rekey-rotate"]))?;
    Ok(place::target().join("debug/rekey-rotate"))
}

/// Builds a program of the tests' stage, with the features that every test stage has.
pub fn stage(name: &str) -> Result<PathBuf> {
    run::shown(run::cargo().args(["build", "--quiet", "--workspace", "--bin", name]))?;
    Ok(place::target().join("debug").join(name))
}

/// Builds the rotation function as it is deployed, and beside it a function that does nothing.
pub fn released() -> Result<[PathBuf; 2]> {
    run::shown(run::cargo().args([
        "build",
        "--release",
        "--package",
        "rekey-rotate",
        "--bin",
        "rekey-rotate",
        "--example",
        "bare",
    ]))?;
    let built = place::target().join("release");
    Ok([built.join("rekey-rotate"), built.join("examples/bare")])
}
