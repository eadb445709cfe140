//! Building what is run.

use std::path::PathBuf;

use anyhow::Result;

use crate::{place, run};

/// The functions, by package and binary.
pub const DEPLOYED: [&str; 5] = [
    "rekey-rotate",
    "rekey-request",
    "rekey-observe",
    "rekey-sweep",
    "rekey-retire",
];
/// The command line that speaks to them.
const COMMAND_LINE: &str = "rekey-cli";

/// Builds the functions and the command line as tests and the demo run them: the dev profile, only their
/// own features. Returns the folder that they are in.
pub fn programs() -> Result<PathBuf> {
    let mut build = run::cargo();
    build.args(["build", "--quiet", "--bins"]);
    for package in DEPLOYED.into_iter().chain([COMMAND_LINE]) {
        build.args(["--package", package]);
    }
    run::shown(&mut build)?;
    Ok(place::target().join("debug"))
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
