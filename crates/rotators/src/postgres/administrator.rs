use rekey_rotation::TargetError;

use super::quote::identifier;
use super::roles::{Admin, Role};

/// Checks that `admin` may change the passwords of `users`, which are given with their names.
///
/// # Errors
/// `permission`, with the statements that grant what is missing.
pub(super) fn check(
    admin: &Admin,
    modern: bool,
    users: &[(&str, &Role)],
) -> Result<(), TargetError> {
    if admin.superuser {
        return Ok(());
    }
    let name = identifier(&admin.name);
    let mut missing = Vec::new();
    if !admin.createrole {
        missing.push(format!("ALTER ROLE {name} CREATEROLE;"));
    }
    if modern {
        let closed = users.iter().filter(|(_, role)| !role.administered);
        missing.extend(
            closed.map(|(user, _)| {
                format!("GRANT {} TO {name} WITH ADMIN OPTION;", identifier(user))
            }),
        );
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(TargetError::Permission(format!(
        "the role of the superuser secret, {name}, may not change these users (PostgreSQL 16 and later ask for the ADMIN option); as whoever made them, or as a superuser: {}",
        missing.join(" ")
    )))
}

/// Checks that REPLICATION does not keep `admin` from changing these users: before 16 it takes a superuser
/// to change anything of a role that has it.
pub(super) fn check_replication(
    admin: &Admin,
    modern: bool,
    users: &[(&str, &Role)],
) -> Result<(), TargetError> {
    if admin.superuser || modern || !users.iter().any(|(_, role)| role.replication) {
        return Ok(());
    }
    let names: Vec<String> = users.iter().map(|(user, _)| identifier(user)).collect();
    Err(TargetError::Permission(format!(
        "{} has REPLICATION, and before PostgreSQL 16 only a superuser may change such a role: put a superuser into the superuser secret, or as one: ALTER ROLE {} SUPERUSER;",
        names.join(" or "),
        identifier(&admin.name)
    )))
}
