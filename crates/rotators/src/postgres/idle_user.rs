use rekey_rotation::TargetError;

use super::names::{base, clone_of};
use super::quote::identifier;
use super::roles::Roles;
use super::session::Session;
use super::{administrator, alternating_users};

/// Checks that `user`, which is not AWSCURRENT, can be taken out of use by the one who asks. `false`: the
/// role does not exist, and nobody logs in with it.
pub(super) async fn check_revocable(session: &Session, user: &str) -> Result<bool, TargetError> {
    let pair = Pair::read(session, user).await?;
    let name = identifier(user);
    let Some(role) = pair.of_user() else {
        return Ok(false);
    };
    if role.superuser {
        return Err(TargetError::Permission(format!(
            "{name} is a superuser, whom people and the server's own tools may need; it is not taken out of use here: as a superuser, if it should be: ALTER ROLE {name} PASSWORD NULL"
        )));
    }
    if pair.roles.admin.name == user {
        return Err(TargetError::Permission(format!(
            "{name} is the role of the superuser secret too, which would end with it; put another role into the superuser secret"
        )));
    }
    pair.check()?;
    Ok(true)
}

/// Checks that `user` can be given a password by the one who asks, and that it would be taken.
pub(super) async fn check_restorable(session: &Session, user: &str) -> Result<(), TargetError> {
    let pair = Pair::read(session, user).await?;
    let name = identifier(user);
    let Some(role) = pair.of_user() else {
        return Err(TargetError::RoleMissing(format!(
            "there is no role {name} any more, so its credential cannot be brought back; rotate instead"
        )));
    };
    if role.expired {
        return Err(TargetError::Permission(format!(
            "the role {name} is past its VALID UNTIL and no password of it is taken; as an administrator: ALTER ROLE {name} VALID UNTIL 'infinity'"
        )));
    }
    pair.check()
}

/// The one of the two users that is not AWSCURRENT, and what the server says of both.
struct Pair<'a> {
    user: &'a str,
    base: &'a str,
    clone: String,
    modern: bool,
    roles: Roles,
}

impl<'a> Pair<'a> {
    async fn read(session: &Session, user: &'a str) -> Result<Self, TargetError> {
        let base = base(user);
        let clone = clone_of(base);
        Ok(Self {
            user,
            base,
            modern: session.major >= 16,
            roles: Roles::read(session, base, &clone).await?,
            clone,
        })
    }

    fn of_user(&self) -> Option<&super::roles::Role> {
        if self.user == self.base {
            self.roles.base.as_ref()
        } else {
            self.roles.clone.as_ref()
        }
    }

    /// That the two are a pair, so that nobody by the name of a role gets at another one, and that the one
    /// who asks may change the user.
    fn check(&self) -> Result<(), TargetError> {
        let missing = match (&self.roles.base, &self.roles.clone) {
            (None, _) => Some(self.base),
            (_, None) => Some(self.clone.as_str()),
            _ => None,
        };
        if let Some(missing) = missing {
            return Err(TargetError::RoleMissing(format!(
                "there is no role {}, so {} is not one of two users; put a value that logs in as AWSCURRENT, and rotate",
                identifier(missing),
                identifier(self.user)
            )));
        }
        if !self.roles.member {
            return Err(alternating_users::not_second_user(
                self.base,
                &self.clone,
                self.modern,
            ));
        }
        let Some(role) = self.of_user() else {
            return Ok(());
        };
        let users = [(self.user, role)];
        administrator::check(&self.roles.admin, self.modern, &users)?;
        administrator::check_replication(&self.roles.admin, self.modern, &users)
    }
}
