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
    run::shown(&mut cargo_test(&[
        "--test",
        "contract",
        "--test",
        "agreement",
    ]))?;
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
    all_tests_of(&["crates/rotation"])
}

pub fn registry(_: &mut Context) -> Result<()> {
    all_tests_of(&["crates/registry"])
}

pub fn audit(_: &mut Context) -> Result<()> {
    all_tests_of(&["crates/audit", "crates/cli"])
}

fn all_tests_of(packages: &[&str]) -> Result<()> {
    let mut tests = cargo_test(&[]);
    for package in packages {
        for name in tests_of(package)? {
            tests.args(["--test", &name]);
        }
    }
    run::shown(tests.args(["--", "--nocapture"]))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A test that no stage runs is one that nobody would miss.
    #[test]
    fn every_folder_of_tests_is_run_by_a_stage() -> Result<()> {
        let listed =
            run::quiet(run::cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let listed: serde_json::Value = serde_json::from_str(&listed)?;
        let mut found = Vec::new();
        for package in listed["packages"].as_array().into_iter().flatten() {
            for target in package["targets"].as_array().into_iter().flatten() {
                if target["kind"] == serde_json::json!(["test"]) {
                    found.extend(target["name"].as_str().map(str::to_owned));
                }
            }
        }
        // What the stages above name by folder, and what others name themselves.
        let mut run = vec![
            "adapters".to_owned(),
            "agreement".to_owned(),
            "contract".to_owned(),
            "promises".to_owned(),
        ];
        for package in [
            "crates/rotation",
            "crates/registry",
            "crates/audit",
            "crates/cli",
            "crates/rotators",
        ] {
            run.extend(tests_of(package)?);
        }
        found.sort();
        run.sort();
        assert_eq!(found, run);
        Ok(())
    }
}
