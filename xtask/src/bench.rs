//! `cargo xtask bench`: builds what is measured, then measures it (tests/src/bin/rekey-bench).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::services::{NEWEST, Need, Services};
use crate::{functions, place, run};

/// AWS's function for one PostgreSQL user, in AWS's repository of rotation functions.
const PYTHON_FUNCTION: &str = "SecretsManagerRDSPostgreSQLRotationSingleUser";

/// What Lambda's Python runtime brings, and the driver that AWS's function imports.
const PYTHON_PACKAGES: [&str; 3] = ["awslambdaric==4.2.2", "boto3==1.44.5", "PyGreSQL==6.2.3"];

/// What is deployed on the local cloud as every function: it fails, and so leaves each rotation open for
/// the bench to call the steps.
const FAILING: &str = "/bin/false";

/// Builds, starts the servers, measures.
pub fn bench(runs: u32, python: Option<&Path>, json: bool) -> Result<()> {
    let python = python.map(python_function).transpose()?;
    eprintln!("building for release (several minutes the first time)");
    let [hook, keys, bare] = functions::released()?;
    let mut services = Services::ready()?;
    services.start(&[Need::Postgres(&[NEWEST])])?;
    let mut measure = run::cargo();
    measure
        .args([
            "run",
            "--quiet",
            "--package",
            "rekey-tests",
            "--bin",
            "rekey-bench",
            "--",
        ])
        .arg("--hook")
        .arg(hook)
        .arg("--keys")
        .arg(keys)
        .arg("--bare")
        .arg(bare)
        .args(["--runs", &runs.to_string()]);
    if let Some([interpreter, code]) = python {
        measure.arg("--python").arg(interpreter);
        measure.arg("--python-code").arg(code);
    }
    if json {
        measure.arg("--json");
    }
    services.tell(&mut measure);
    measure.env("REKEY_TEST_PROGRAMS", failing()?);
    run::shown(&mut measure)
}

/// A folder with a failing program under the name of each function.
fn failing() -> Result<PathBuf> {
    let folder = place::target().join("bench-failing");
    fs::create_dir_all(&folder)?;
    for name in functions::DEPLOYED {
        fs::copy(FAILING, folder.join(name))?;
    }
    Ok(folder)
}

/// The interpreter that AWS's function runs on, with its packages, and the folder of the function.
fn python_function(checkout: &Path) -> Result<[PathBuf; 2]> {
    let code = checkout.join(PYTHON_FUNCTION);
    ensure!(
        code.join("lambda_function.py").exists(),
        "{} has no {PYTHON_FUNCTION}; give a checkout of aws-samples/aws-secrets-manager-rotation-lambdas",
        checkout.display()
    );
    let code = code.canonicalize()?;
    let venv = place::target().join("bench-venv");
    let interpreter = venv.join("bin/python");
    let stamp = venv.join("rekey-requirements");
    let wanted = PYTHON_PACKAGES.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok([interpreter, code]);
    }
    eprintln!(
        "installing what AWS's function needs into {}",
        venv.display()
    );
    run::quiet(run::command("python3").args(["-m", "venv"]).arg(&venv))?;
    run::quiet(
        run::command(&interpreter)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(PYTHON_PACKAGES),
    )
    .context("PyGreSQL is built here: it needs a C compiler and the headers of libpq")?;
    fs::write(&stamp, wanted)?;
    Ok([interpreter, code])
}
