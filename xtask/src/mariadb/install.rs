use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::server::owner::Owner;
use crate::server::packages::Package;

/// The server alone: no service, no user, no client.
const PACKAGE: &str = "mariadb-server-core";
const PROGRAM: &str = "usr/sbin/mariadbd";
const SCRIPTS: &str = "usr/share/mysql";

/// The first that listens on a list of addresses.
const OLDEST: (u32, u32) = (10, 11);

/// The scripts that make the system tables, in their order (mariadb-install-db runs the same).
const SYSTEM_TABLES: [&str; 5] = [
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
    "maria_add_gis_sp_bootstrap.sql",
    "mysql_sys_schema.sql",
];

/// Binaries that are new enough, and who runs them.
#[derive(Debug)]
pub struct Installation {
    pub package: Package,
    pub owner: Owner,
    /// As in `10.11.19`.
    pub version: String,
}

impl Installation {
    /// The machine's, or fetched. What fails here fails because this machine cannot have them.
    pub fn find() -> Result<Self> {
        let owner = Owner::of_servers()?;
        let package = Package::ready(PACKAGE, PROGRAM, owner)?;
        let said = package.asked(&["--no-defaults", "--version"])?;
        let version = version(&said).with_context(|| format!("no version in: {said}"))?;
        let mut numbers = version.split('.').map(str::parse::<u32>);
        let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
            bail!("no version in: {said}");
        };
        if (major, minor) < OLDEST {
            bail!("MariaDB {version} is too old: the tests need 10.11 or newer");
        }
        Ok(Self {
            package,
            owner,
            version,
        })
    }

    /// What the server's own paths are below.
    pub fn base(&self) -> PathBuf {
        self.package.root.join("usr")
    }

    /// The scripts that make the system tables.
    pub fn system_tables(&self) -> impl Iterator<Item = PathBuf> {
        let folder = self.package.root.join(SCRIPTS);
        SYSTEM_TABLES.iter().map(move |name| folder.join(name))
    }
}

/// From a line such as `mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64`.
fn version(said: &str) -> Option<String> {
    let after = said.split("Ver ").nth(1)?;
    let (version, rest) = after.split_once('-')?;
    rest.starts_with("MariaDB").then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_and_mysql_is_not_taken_for_mariadb() {
        let mariadb = "/usr/sbin/mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu";
        assert_eq!(version(mariadb).as_deref(), Some("10.11.19"));
        let mysql = "/usr/sbin/mysqld  Ver 8.0.42-0ubuntu0 for Linux on x86_64 ((Ubuntu))";
        assert_eq!(version(mysql), None);
    }
}
