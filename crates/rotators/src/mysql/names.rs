use rekey_rotation::TargetError;

use super::secret::invalid;
use super::server::Engine;

const SUFFIX: &str = "_clone";

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

/// The first of the two users: the name without `_clone`.
pub(super) fn base(username: &str) -> &str {
    match username.strip_suffix(SUFFIX) {
        Some(base) if !base.is_empty() => base,
        _ => username,
    }
}

/// The second user's name.
pub(super) fn clone_of(base: &str) -> String {
    format!("{base}{SUFFIX}")
}

/// The other of the two users, as AWS's rotation functions name it.
pub(super) fn alternate(username: &str, engine: Engine) -> Result<String, TargetError> {
    let base = base(username);
    if base != username {
        return Ok(base.to_owned());
    }
    let alternate = clone_of(username);
    let longest = longest(engine);
    if alternate.chars().count() > longest {
        return Err(invalid(format!(
            "`username` is too long for a second user: with `_clone` it has over {longest} characters, the most that a name may have here; use a user with a name of at most {}",
            longest - SUFFIX.len()
        )));
    }
    Ok(alternate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_users_alternate() {
        let of = |username| alternate(username, Engine::MySql).unwrap();
        assert_eq!(of("app"), "app_clone");
        assert_eq!(of("app_clone"), "app");
        assert_eq!(base("app_clone"), "app");
        assert_eq!(base("app"), "app");
        assert_eq!(base("_clone"), "_clone");
    }

    #[test]
    fn a_second_users_name_fits_the_server() {
        for (engine, most) in [(Engine::MariaDb, 74), (Engine::MySql, 26)] {
            assert!(alternate(&"ü".repeat(most), engine).is_ok());
            assert!(alternate(&"u".repeat(most + 1), engine).is_err());
        }
    }
}
