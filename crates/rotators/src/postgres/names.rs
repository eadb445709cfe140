use rekey_rotation::TargetError;

use super::secret::invalid;

/// PostgreSQL cuts longer names short.
pub(super) const MAX_NAME_BYTES: usize = 63;

const SUFFIX: &str = "_clone";

/// The role that owns everything: the name without `_clone`.
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

/// The other of the two users, as AWS's rotation function names it.
pub(super) fn alternate(username: &str) -> Result<String, TargetError> {
    let base = base(username);
    if base != username {
        return Ok(base.to_owned());
    }
    let alternate = clone_of(username);
    if alternate.len() > MAX_NAME_BYTES {
        return Err(invalid(
            "`username` is too long for a second user: with `_clone` it has over 63 bytes, which PostgreSQL would cut short; use a role with a name of at most 57 bytes",
        ));
    }
    Ok(alternate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_users_alternate() {
        assert_eq!(alternate("app").unwrap(), "app_clone");
        assert_eq!(alternate("app_clone").unwrap(), "app");
        assert_eq!(base("app_clone"), "app");
        assert_eq!(base("app"), "app");
        assert_eq!(base("_clone"), "_clone");
    }

    #[test]
    fn a_second_users_name_has_at_most_63_bytes() {
        assert_eq!(alternate(&"u".repeat(57)).unwrap().len(), 63);
        assert!(alternate(&"u".repeat(58)).is_err());
        assert!(alternate(&"ü".repeat(29)).is_err());
    }
}
