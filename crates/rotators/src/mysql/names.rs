use rekey_rotation::TargetError;

use super::server::Engine;
use crate::database::names;
pub(super) use crate::database::names::base;

/// How many characters a user's name may have.
///
/// Source: [MariaDB, Identifier Names](https://mariadb.com/kb/en/identifier-names/),
/// [MySQL, Account User Names](https://dev.mysql.com/doc/refman/8.4/en/user-names.html).
pub(super) const fn longest(engine: Engine) -> usize {
    match engine {
        Engine::MariaDb => 80,
        Engine::MySql => 32,
    }
}

/// The other of the two users.
pub(super) fn alternate(username: &str, engine: Engine) -> Result<String, TargetError> {
    let length = |name: &str| name.chars().count();
    names::alternate(username, length, longest(engine), "characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_users_name_fits_the_server() {
        for (engine, most) in [(Engine::MariaDb, 74), (Engine::MySql, 26)] {
            assert!(alternate(&"ü".repeat(most), engine).is_ok());
            assert!(alternate(&"u".repeat(most + 1), engine).is_err());
        }
    }
}
