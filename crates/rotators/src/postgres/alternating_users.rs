use rekey_rotation::TargetError;

use super::administrator;
use super::held_by_name;
use super::names::{base, clone_of};
use super::quote::{identifier, literal};
use super::role_settings;
use super::roles::{Role, Roles};
use super::session::Session;
use crate::object::invalid;

/// Makes the base role of `pending` and its clone the two users of one credential, but for the password, in
/// the transaction that `session` has open. Says nothing to the server when they are that already.
///
/// The clone is changed only in its own turn. In the base role's turn the clone is live, and all that
/// happens is that the base role is given what the clone owns: never something that a session of the
/// clone could miss.
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
    if pair.live_as_itself() {
        held_by_name::check(session, base, &clone).await?;
    }
    let mut changes = Vec::new();
    if !pair.clone_is_live() {
        changes.push(("making it the second user", pair.second_user()));
        changes.push(("giving it the first user's settings", pair.settings()));
        changes.push((
            "taking roles away that the first user does not have",
            pair.strays(),
        ));
    }
    changes.push(("giving what it owns to the first user", pair.owned()));
    for (what, statements) in changes {
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
    /// Whether the base role is the idle one of the two, and so the clone AWSCURRENT.
    fn clone_is_live(&self) -> bool {
        self.pending == self.base
    }

    /// Whether the live clone acts as itself, as one that AWS's function made does.
    fn live_as_itself(&self) -> bool {
        let (of_base, of_clone) = (&self.roles.settings_of_base, &self.roles.settings_of_clone);
        self.clone_is_live() && !role_settings::acts_as_base(self.base, of_base, of_clone)
    }

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
        if self.clone_is_live() && !self.roles.member {
            return Err(not_second_user(self.base, self.clone, self.modern));
        }
        // It would lose its own tables to the base role.
        if self.live_as_itself() && self.roles.clone_owns && !self.roles.uses {
            let remedy = if self.modern {
                format!("GRANT {base} TO {clone}{}", self.options())
            } else {
                format!("ALTER ROLE {clone} INHERIT")
            };
            return Err(TargetError::Permission(format!(
                "{clone} is live, owns objects that {base} must be given, and does not inherit from {base}; as an administrator: {remedy}"
            )));
        }
        let mut users = vec![(self.base, first)];
        users.extend(second.map(|second| (self.clone, second)));
        let admin = &self.roles.admin;
        administrator::check(admin, self.modern, &users)?;
        administrator::check_replication(admin, self.modern, &users)?;
        self.check_replication(first, second)
    }

    /// No membership brings REPLICATION, and only who has it may give it.
    fn check_replication(&self, first: &Role, second: Option<&Role>) -> Result<(), TargetError> {
        let admin = &self.roles.admin;
        if admin.superuser {
            return Ok(());
        }
        let (base, clone) = (identifier(self.base), identifier(self.clone));
        let has = second.is_some_and(|second| second.replication);
        let administrator = identifier(&admin.name);
        if self.clone_is_live() || !first.replication || has || admin.replication {
            return Ok(());
        }
        let remedy = match second {
            Some(_) => format!("ALTER ROLE {clone} REPLICATION;"),
            None => format!(
                "CREATE ROLE {clone} REPLICATION; GRANT {clone} TO {administrator} WITH ADMIN OPTION;"
            ),
        };
        Err(TargetError::Permission(format!(
            "{base} has REPLICATION, and the role of the superuser secret may not give it to {clone}; as a superuser: {remedy}"
        )))
    }

    fn options(&self) -> &'static str {
        options(self.modern)
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
            statements.push(format!("GRANT {base} TO {clone}{}", self.options()));
        }
        if first.replication && !second.replication {
            statements.push(format!("ALTER ROLE {clone} REPLICATION"));
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
            (self.options(), format!(" GRANTED BY {admin}"))
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

/// How a membership that brings everything is granted.
fn options(modern: bool) -> &'static str {
    if modern {
        " WITH INHERIT TRUE, SET TRUE"
    } else {
        ""
    }
}

/// A role that is only named like a clone.
pub(super) fn not_second_user(base: &str, clone: &str, modern: bool) -> TargetError {
    let (base, clone) = (identifier(base), identifier(clone));
    TargetError::Permission(format!(
        "{clone} is not a member of {base} that may act as it, so it is not its second user; if it should be, as an administrator: GRANT {base} TO {clone}{}",
        options(modern)
    ))
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
