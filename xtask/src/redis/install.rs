use anyhow::{Context as _, Result, bail};

use crate::server::owner::Owner;
use crate::server::packages::Package;

const PACKAGE: &str = "redis-server";
const PROGRAM: &str = "usr/bin/redis-server";

/// The first whose cluster bus has a port of its own choice.
const OLDEST: u32 = 7;

/// Binaries that are new enough, and who runs them.
#[derive(Debug)]
pub struct Installation {
    pub package: Package,
    pub owner: Owner,
    /// As in `7.0.15`.
    pub version: String,
}

impl Installation {
    /// The machine's, or fetched. What fails here fails because this machine cannot have them.
    pub fn find() -> Result<Self> {
        let owner = Owner::of_servers()?;
        let package = Package::ready(PACKAGE, PROGRAM, owner)?;
        let said = package.asked(&["--version"])?;
        let version = version(&said).with_context(|| format!("no version in: {said}"))?;
        let major = version.split('.').next().map(str::parse::<u32>);
        if !major.is_some_and(|major| major.is_ok_and(|major| major >= OLDEST)) {
            bail!("Redis {version} is too old: the tests need 7.0 or newer");
        }
        Ok(Self {
            package,
            owner,
            version,
        })
    }
}

/// From a line such as `Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64`.
fn version(said: &str) -> Option<String> {
    let mut words = said.split_whitespace();
    words
        .find_map(|word| word.strip_prefix("v="))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read() {
        let said = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64";
        assert_eq!(version(said).as_deref(), Some("7.0.15"));
        assert_eq!(version("something else"), None);
    }
}
