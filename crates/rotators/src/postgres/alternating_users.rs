use rekey_rotation::TargetError;

use super::names::{base, clone_of};
use super::quote::{identifier, literal};
use super::role_settings;
use super::roles::{Role, Roles};
use super::secret::invalid;
use super::session::Session;

/// Makes the base role of `pending` and its clone the two users of one credential, but for the password, in
/// the transaction that `session` has open. Says nothing to the server when they are that already.
pub(super) async fn prepare(session: &Session, pending: &str) -> Result<(), TargetError> {
    let base = base(pending);
    let clone = clone_of(base);
    let roles = Roles::read(session, base, &clone).await?;
    let pair = Pair {
        base,
        clone: &clone,
        pending,
        modern: session.major >= 16,
        roles: &roles,
    };
    pair.check()?;
    for (what, statements) in [
        ("making it the second user", pair.second_user()),
        ("giving it the first user's settings", pair.settings()),
        (
            "taking roles away that the first user does not have",
            pair.strays(),
        ),
        ("giving what it owns to the first user", pair.owned()),
    ] {
        if statements.is_empty() {
            continue;
        }
        let done = session.run(&statements.join(";\n")).await;
        done.map_err(|error| match error {
            TargetError::Permission(text) => {
                TargetError::Permission(format!("{}, {what}: {text}", identifier(&clone)))
            }
            other => other,
        })?;
    }
    Ok(())
}

/// The two users of one base role, and which of them gets the next password.
struct Pair<'a> {
    base: &'a str,
    clone: &'a str,
    pending: &'a str,
    /// PostgreSQL 16 and later, where CREATEROLE alone is no power over a role.
    modern: bool,
    roles: &'a Roles,
}

impl Pair<'_> {
    /// What must be so before anything is changed.
    fn check(&self) -> Result<(), TargetError> {
        let (base, clone) = (identifier(self.base), identifier(self.clone));
        let Some(first) = &self.roles.base else {
            return Err(TargetError::RoleMissing(format!(
                "there is no role {base}, whose second user {clone} would be; give the secret a role that exists and whose name does not end in `_clone`"
            )));
        };
        if first.expired {
            return Err(TargetError::Permission(format!(
                "the role {base} is past its VALID UNTIL and no password of it is taken; as an administrator: ALTER ROLE {base} VALID UNTIL 'infinity'"
            )));
        }
        let second = self.roles.clone.as_ref();
        if second.is_some_and(|second| second.superuser) && !first.superuser {
            return Err(TargetError::Permission(format!(
                "{clone} is a superuser and {base} is not, so it cannot be its second user; rename that role"
            )));
        }
        // Otherwise whoever has a role named like a clone could be given the base role's password.
        if self.pending == self.base && !self.roles.member {
            return Err(TargetError::Permission(format!(
                "{clone} is not a member of {base}, so it is not its second user; if it should be, as an administrator: GRANT {base} TO {clone}"
            )));
        }
        self.check_administrator(first, second)
    }

    /// Names the permission that is missing, as the statement that grants it.
    fn check_administrator(&self, first: &Role, second: Option<&Role>) -> Result<(), TargetError> {
        let admin = &self.roles.admin;
        if admin.superuser {
            return Ok(());
        }
        let name = identifier(&admin.name);
        let mut missing = Vec::new();
        if !admin.createrole {
            missing.push(format!("ALTER ROLE {name} CREATEROLE;"));
        }
        if self.modern {
            let first = (!first.administered).then_some(self.base);
            let second = second.and_then(|role| (!role.administered).then_some(self.clone));
            missing.extend(
                first
                    .into_iter()
                    .chain(second)
                    .map(|role| format!("GRANT {} TO {name} WITH ADMIN OPTION;", identifier(role))),
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

    fn second_user(&self) -> Vec<String> {
        let (base, clone) = (identifier(self.base), identifier(self.clone));
        let mut statements = Vec::new();
        let Some(first) = &self.roles.base else {
            return statements;
        };
        let new = Role {
            inherit: true,
            connection_limit: -1,
            ..Role::default()
        };
        let second = self.roles.clone.as_ref().unwrap_or(&new);
        if self.roles.clone.is_none() {
            statements.push(format!("CREATE ROLE {clone} LOGIN"));
        }
        if !second.inherit {
            statements.push(format!("ALTER ROLE {clone} INHERIT"));
        }
        if !self.roles.inherits {
            let options = if self.modern {
                " WITH INHERIT TRUE, SET TRUE"
            } else {
                ""
            };
            statements.push(format!("GRANT {base} TO {clone}{options}"));
        }
        if first.connection_limit != second.connection_limit {
            let limit = first.connection_limit;
            statements.push(format!("ALTER ROLE {clone} CONNECTION LIMIT {limit}"));
        }
        if first.valid_until != second.valid_until {
            let until = literal(first.valid_until.as_deref().unwrap_or("infinity"));
            statements.push(format!("ALTER ROLE {clone} VALID UNTIL {until}"));
        }
        statements
    }

    fn settings(&self) -> Vec<String> {
        role_settings::changes(
            self.base,
            self.clone,
            &self.roles.settings_of_base,
            &self.roles.settings_of_clone,
        )
    }

    fn strays(&self) -> Vec<String> {
        let clone = identifier(self.clone);
        let revoke = |stray: &super::roles::Stray| {
            let group = identifier(&stray.group);
            match &stray.grantor {
                Some(grantor) if self.modern => {
                    format!(
                        "REVOKE {group} FROM {clone} GRANTED BY {}",
                        identifier(grantor)
                    )
                }
                _ => format!("REVOKE {group} FROM {clone}"),
            }
        };
        self.roles.strays.iter().map(revoke).collect()
    }

    /// Gives to the base role what the clone owns, as the one that AWS's function left to itself did. An
    /// administrator that is not a superuser must be a member of both for that, and is for this moment.
    fn owned(&self) -> Vec<String> {
        if !self.roles.clone_owns {
            return Vec::new();
        }
        let (base, clone) = (identifier(self.base), identifier(self.clone));
        let admin = identifier(&self.roles.admin.name);
        let borrowed: Vec<&String> = [(&self.roles.base, &base), (&self.roles.clone, &clone)]
            .into_iter()
            .filter_map(|(role, name)| {
                let role = role.as_ref()?;
                (!role.usable && !role.granted).then_some(name)
            })
            .collect();
        let (with, by) = if self.modern {
            (
                " WITH INHERIT TRUE, SET TRUE",
                format!(" GRANTED BY {admin}"),
            )
        } else {
            ("", String::new())
        };
        let mut statements = Vec::new();
        for role in &borrowed {
            statements.push(format!("GRANT {role} TO {admin}{with}{by}"));
        }
        statements.push(format!("REASSIGN OWNED BY {clone} TO {base}"));
        for role in &borrowed {
            statements.push(format!("REVOKE {role} FROM {admin}{by}"));
        }
        statements
    }
}

/// Checks that the pending value names the other user of the current one's base role.
pub(super) fn check_users(current: &str, pending: &str) -> Result<(), TargetError> {
    if super::names::alternate(current)? == pending {
        return Ok(());
    }
    Err(invalid(
        "`username` under AWSPENDING is not the other user of the one under AWSCURRENT; cancel this rotation by removing AWSPENDING, and rotate again",
    ))
}
