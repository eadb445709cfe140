use rekey_rotation::TargetError;

use crate::object::invalid;

const SUFFIX: &str = "_clone";

/// The first of two users in turn: the name without `_clone`.
pub(crate) fn base(username: &str) -> &str {
    match username.strip_suffix(SUFFIX) {
        Some(base) if !base.is_empty() => base,
        _ => username,
    }
}

/// The second user's name, as AWS's rotation functions give it.
pub(crate) fn clone_of(base: &str) -> String {
    format!("{base}{SUFFIX}")
}

/// The other of the two users. `length` measures a name as the server does, in `units`, of which it takes `most`.
pub(crate) fn alternate(
    username: &str,
    length: fn(&str) -> usize,
    most: usize,
    units: &str,
) -> Result<String, TargetError> {
    let base = base(username);
    if base != username {
        return Ok(base.to_owned());
    }
    let alternate = clone_of(username);
    if length(&alternate) > most {
        return Err(invalid(format!(
            "`username` is too long for a second user: with `_clone` it has over {most} {units}, the most that a name may have here; use a user with a name of at most {}",
            most - SUFFIX.len()
        )));
    }
    Ok(alternate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_users_alternate() {
        let of = |username| alternate(username, str::len, 63, "bytes").unwrap();
        assert_eq!(of("app"), "app_clone");
        assert_eq!(of("app_clone"), "app");
        assert_eq!(base("app_clone"), "app");
        assert_eq!(base("app"), "app");
        assert_eq!(base("_clone"), "_clone");
    }

    #[test]
    fn a_second_users_name_fits_the_server() {
        let in_bytes = |name: &str| alternate(name, str::len, 63, "bytes");
        assert_eq!(in_bytes(&"u".repeat(57)).unwrap().len(), 63);
        assert!(in_bytes(&"u".repeat(58)).is_err());
        assert!(in_bytes(&"ü".repeat(29)).is_err());
        let in_characters = |name: &str| alternate(name, |it| it.chars().count(), 32, "characters");
        assert!(in_characters(&"ü".repeat(26)).is_ok());
        assert!(in_characters(&"u".repeat(27)).is_err());
    }
}
