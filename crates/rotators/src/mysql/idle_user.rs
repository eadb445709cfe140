use rekey_rotation::{SecretValue, TargetError};

use super::accounts::{self, User};
use super::administrator;
use super::quote::{account, identifier};
use super::session::Session;
use crate::object::invalid;

/// Reads the user that is not AWSCURRENT, and checks that it can be taken out of use. None: it has no
/// account, and nobody logs in with it.
pub(super) async fn revocable(
    session: &mut Session,
    user: &str,
    password: &SecretValue,
) -> Result<Option<User>, TargetError> {
    let idle = User::read(session, user).await?;
    if idle.accounts.is_empty() {
        return Ok(None);
    }
    check_one_credential(&idle, password)?;
    administrator::check_is_not(session, user)?;
    let name = identifier(user);
    let mut accounts = idle.accounts.values();
    if accounts.any(|held| held.grants.everywhere("SUPER")) {
        return Err(TargetError::Permission(format!(
            "{name} has SUPER, and people and the server's own tools may need it; it is not taken out of use here: as an administrator, if it should be: ALTER USER {name}@... ACCOUNT LOCK"
        )));
    }
    Ok(Some(idle))
}

/// Reads the user that is to be brought back.
pub(super) async fn restorable(
    session: &mut Session,
    user: &str,
    password: &SecretValue,
) -> Result<User, TargetError> {
    let idle = User::read(session, user).await?;
    if idle.accounts.is_empty() {
        return Err(TargetError::RoleMissing(format!(
            "there is no account of {} any more, so its credential cannot be brought back; rotate instead",
            identifier(user)
        )));
    }
    check_one_credential(&idle, password)?;
    Ok(idle)
}

/// Refuses when some accounts of the name take the version's password, or none, and others take another: those
/// are somebody else's. One that was changed by hand as a whole is not.
fn check_one_credential(idle: &User, password: &SecretValue) -> Result<(), TargetError> {
    let mut others = Vec::new();
    for (host, held) in &idle.accounts {
        let name = account(&idle.name, host);
        let plugin = accounts::plugin(&name, &held.account)?;
        let kept = held.account.ways.first().and_then(|way| way.hash.as_ref());
        let is = |hash: Option<String>| match (hash, kept) {
            (Some(hash), Some(kept)) => kept.eq_ignore_ascii_case(&hash),
            (Some(_), None) => false,
            // Salted: it is not known which password that is.
            (None, _) => true,
        };
        if !is(plugin.hash(password)) && !is(Some(plugin.nobodys_hash())) {
            others.push(name);
        }
    }
    if others.is_empty() || others.len() == idle.accounts.len() {
        return Ok(());
    }
    let example = others.join(" and ");
    Err(invalid(format!(
        "{example} has another password than the version that is retired or rolled back to, which other accounts of that name take: they are not one credential, and nothing was changed; rename that account, or give it the version's password"
    )))
}
