//! What is uploaded.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
use rekey_tests::given;

const MIB: f64 = 1024.0 * 1024.0;

/// Zips a program under the name that Lambda wants, or a function's folder with the packages that the
/// runtime does not bring; prints the size.
const ZIP: &str = "\
import io, pathlib, sys, zipfile
kept = io.BytesIO()
with zipfile.ZipFile(kept, 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for given in sys.argv[1:]:
        path = pathlib.Path(given)
        if path.is_file():
            archive.write(path, path.name if path.suffix else 'bootstrap')
        for file in path.rglob('*') if path.is_dir() else ():
            if file.is_file() and file.suffix != '.pyc':
                archive.write(file, file.relative_to(path.parent))
print(kept.tell())
";

/// The packages that AWS's function brings with it; boto3 is part of Lambda's Python runtime.
const PACKAGES: &str = "\
import pathlib, pg, pgdb
print(pathlib.Path(pg.__file__).parent)
print(pathlib.Path(pgdb.__file__).parent)
";

/// A program's size, in MiB.
pub fn program(path: &Path) -> Result<f64> {
    Ok(mib(std::fs::metadata(path)?.len()))
}

/// The size of a program's zip, in MiB.
pub fn zip(path: &Path) -> Result<f64> {
    zipped(&[path.to_str().unwrap_or_default()])
}

/// The size of the Python function's zip, in MiB. libpq is not in it.
pub fn python_zip(interpreter: &Path, code: &Path) -> Result<f64> {
    let packages = print(Command::new(interpreter).args(["-c", PACKAGES]))?;
    let mut files = vec![code.to_str().unwrap_or_default()];
    files.extend(packages.lines());
    zipped(&files)
}

fn zipped(files: &[&str]) -> Result<f64> {
    let size = print(Command::new(given::python()?).args(["-c", ZIP]).args(files))?;
    Ok(mib(size.trim().parse()?))
}

fn print(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[expect(clippy::cast_precision_loss, reason = "a file is not that large")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB
}
