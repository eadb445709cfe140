//! Stages that need no server.

use anyhow::Result;

use super::Context;
use crate::python::Venv;
use crate::{asyncapi, place, run, tools};

pub fn fmt(_: &mut Context) -> Result<()> {
    run::shown(run::cargo().args(["fmt", "--all", "--check"]))
}

pub fn clippy(_: &mut Context) -> Result<()> {
    run::shown(run::cargo().args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]))
}

/// The advisory database is a git repository, which a closed network does not reach: it is checked where
/// it can be had.
pub fn deny(_: &mut Context) -> Result<()> {
    let deny = tools::cargo_deny()?;
    run::shown(run::command(deny).args(["--workspace", "check", "bans", "licenses", "sources"]))
}

/// Tests of the whole workspace, never of one package: features are then the same in every stage, and
/// each dependency is built once.
pub fn cargo_test(arguments: &[&str]) -> std::process::Command {
    let mut tests = run::cargo();
    tests
        .args(["test", "--quiet", "--workspace"])
        .args(arguments);
    tests
}

pub fn unit(_: &mut Context) -> Result<()> {
    run::shown(&mut cargo_test(&["--lib", "--bins"]))
}

pub fn contract(_: &mut Context) -> Result<()> {
    run::shown(&mut cargo_test(&["--test", "contract"]))?;
    asyncapi::check()
}

pub fn tidy(_: &mut Context) -> Result<()> {
    run::shown(&mut cargo_test(&[
        "--test", "promises", "--", "tidy::", "infra::",
    ]))
}

pub fn infra(_: &mut Context) -> Result<()> {
    let venv = Venv::ready()?;
    let mut lint = run::command(venv.program("cfn-lint"));
    for entry in std::fs::read_dir(place::root().join("infra"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            lint.arg(path);
        }
    }
    run::shown(&mut lint)
}

pub fn protocol(_: &mut Context) -> Result<()> {
    let tests = [
        "--test",
        "aftermath",
        "--test",
        "after_the_switch",
        "--test",
        "crash",
        "--test",
        "label_rules",
        "--test",
        "steps",
    ];
    run::shown(cargo_test(&tests).args(["--", "--nocapture"]))
}

/// The names of a package's test targets, so that none is forgotten.
pub fn tests_of(package: &str) -> Result<Vec<String>> {
    let dir = place::root().join(package).join("tests");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let is_test =
            path.extension().is_some_and(|ending| ending == "rs") || path.join("main.rs").exists();
        let name = path.file_stem().and_then(|name| name.to_str());
        names.extend(name.filter(|_| is_test).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

pub fn registry(_: &mut Context) -> Result<()> {
    let mut tests = cargo_test(&[]);
    for name in tests_of("crates/registry")? {
        tests.args(["--test", &name]);
    }
    run::shown(tests.args(["--", "--nocapture"]))
}
