//! Building what is run.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{place, run};

/// The programs that are deployed.
pub const DEPLOYED: [&str; 9] = [
    "rekey-rotate",
    "rekey-rotate-keys",
    "rekey-request",
    "rekey-observe",
    "rekey-sweep",
    "rekey-retire",
    "rekey-retire-keys",
    "rekey-audit-writer",
    "rekey-checkpoint",
];
/// The packages that they are built from; two have a program for each family of kinds.
const PACKAGES: [&str; 7] = [
    "rekey-rotate",
    "rekey-request",
    "rekey-observe",
    "rekey-sweep",
    "rekey-retire",
    "rekey-audit-writer",
    "rekey-checkpoint",
];
/// The command line that speaks to them.
const COMMAND_LINE: &str = "rekey-cli";

/// Builds the functions and the command line as tests and the demo run them: the dev profile, only their
/// own features. Returns the folder that they are in.
///
/// The functions are built by the command that `sam build` runs in its debug mode, which names the machine's
/// own target: what the tests deploy and what SAM deploys are then the same files, built once.
pub fn programs() -> Result<PathBuf> {
    let host = host()?;
    // One by one: together, the features of the command line would be those of the functions too.
    for packages in [PACKAGES.as_slice(), &[COMMAND_LINE]] {
        let mut build = run::cargo();
        build.args(["build", "--quiet", "--bins", "--target", &host]);
        for package in packages {
            build.args(["--package", package]);
        }
        run::shown(&mut build)?;
    }
    Ok(place::target().join(host).join("debug"))
}

/// The target that rustc builds for when it is told none.
fn host() -> Result<String> {
    let said = run::quiet(run::command("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say its host")?.to_owned())
}

/// Builds a program of the tests' stage, with the features that every test stage has.
pub fn stage(name: &str) -> Result<PathBuf> {
    run::shown(run::cargo().args(["build", "--quiet", "--workspace", "--bin", name]))?;
    Ok(place::target().join("debug").join(name))
}

/// Builds a test target with the features that every test stage has: its program, which can be run as often as one
/// likes and be ended, where cargo would leave it running.
pub fn tests(name: &str) -> Result<PathBuf> {
    let mut build = run::cargo();
    build.args(["test", "--quiet", "--workspace", "--test", name, "--no-run"]);
    let said = run::quiet(build.args(["--message-format", "json-render-diagnostics"]))?;
    let built = said
        .lines()
        .filter_map(|line| program_of(line, name))
        .next();
    built.with_context(|| format!("cargo does not say where it has built {name}"))
}

/// The program of a test target, if a message of cargo names it.
fn program_of(message: &str, name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let program = message["executable"].as_str()?;
    (message["target"]["name"] == name).then(|| program.into())
}

/// Builds the rotation function of each family as it is deployed, and beside them a function that does nothing.
pub fn released() -> Result<[PathBuf; 3]> {
    run::shown(run::cargo().args([
        "build",
        "--release",
        "--package",
        "rekey-rotate",
        "--bin",
        "rekey-rotate",
        "--bin",
        "rekey-rotate-keys",
        "--example",
        "bare",
    ]))?;
    let built = place::target().join("release");
    Ok([
        built.join("rekey-rotate"),
        built.join("rekey-rotate-keys"),
        built.join("examples/bare"),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_test_target_is_found_among_cargos_messages() {
        let built = r#"{"reason":"compiler-artifact","target":{"name":"promises"},"executable":"/t/promises-1"}"#;
        assert_eq!(program_of(built, "promises"), Some("/t/promises-1".into()));
        assert_eq!(program_of(built, "crash"), None);
        let library =
            r#"{"reason":"compiler-artifact","target":{"name":"promises"},"executable":null}"#;
        assert_eq!(program_of(library, "promises"), None);
        assert_eq!(program_of("running 3 tests", "promises"), None);
    }
}
