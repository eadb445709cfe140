use rekey_rotation::{
    Kinship, Login as Answer, Moment, Revocation, Revoker, SecretValue, TargetError,
};

use super::nodes::{Change, Locked, change_all, logins};
use super::rotator::Redis;
use super::secret::{Node, UserSecret};
use super::session::Session;
use super::topology::{all_are_named, is_among};
use super::user::Hash;
use super::{clients, errors, kinship};
use crate::object::invalid;
use crate::whose::Whose;

/// The lock of a user, at every node that one of the two versions names.
pub struct Seized {
    nodes: Vec<Locked>,
    /// One of them that AWSCURRENT leaves out.
    left_out: Option<Node>,
}

impl Seized {
    /// Nobody takes anything away at a server that AWSCURRENT does not name, and what stays there is not retired.
    fn all_are_current(&self) -> Result<&[Locked], TargetError> {
        match &self.left_out {
            Some(node) => Err(errors::left_out(&node.place())),
            None => Ok(&self.nodes),
        }
    }
}

/// The two values, taken apart.
struct Versions {
    old: UserSecret,
    current: UserSecret,
    kinship: Kinship,
}

fn versions(revocation: Revocation<'_>) -> Result<Versions, TargetError> {
    let old = UserSecret::parse(revocation.old)?;
    let current = UserSecret::parse(revocation.current)?;
    let kinship = kinship::of(&old, &current)?;
    Ok(Versions {
        old,
        current,
        kinship,
    })
}

impl Redis {
    /// Logs in as whoever makes the change at the nodes of `at`.
    async fn open_at(
        &self,
        at: &UserSecret,
        versions: &Versions,
        revocation: Revocation<'_>,
    ) -> Result<Vec<Session>, TargetError> {
        match at.masterarn {
            Some(_) => self.open_superuser(at, revocation.superuser).await,
            None => self.open_either(at, versions).await,
        }
    }

    /// Logs in as the user, with whichever of its two passwords is valid at a node.
    async fn open_either(
        &self,
        at: &UserSecret,
        versions: &Versions,
    ) -> Result<Vec<Session>, TargetError> {
        let Versions {
            old,
            current,
            kinship,
        } = versions;
        let mut sessions = Vec::with_capacity(at.nodes.len());
        let with_old = logins(at, old, Whose::Old);
        // A rollback gives the value that it goes back to as the current one, where that one is none of this user.
        let whose = match kinship {
            Kinship::Same => Whose::Old,
            Kinship::Separate | Kinship::Replaced => Whose::Current,
        };
        for (login, other) in logins(at, current, whose).zip(with_old) {
            let session = match self.try_open(&login).await {
                Err(refused) if refused.refused => match self.try_open(&other).await {
                    Err(also) if also.refused => return Err(refused.error),
                    other => other,
                },
                other => other,
            };
            sessions.push(session.map_err(|unopened| unopened.error)?);
        }
        Ok(sessions)
    }
}

impl Revoker for Redis {
    type Seized = Seized;

    fn kinship(&self, old: &SecretValue, other: &SecretValue) -> Result<Kinship, TargetError> {
        kinship::of(&UserSecret::parse(old)?, &UserSecret::parse(other)?)
    }

    /// Whether AWSCURRENT logs in is not asked here: that it does not is the best reason to roll back.
    async fn seize(&self, revocation: Revocation<'_>) -> Result<Seized, TargetError> {
        let versions = versions(revocation)?;
        let Versions { old, current, .. } = &versions;
        let mut sessions = self.open_at(current, &versions, revocation).await?;
        let mut left_out = None;
        // A rollback is made there too: there it is proved.
        for node in kinship::left_out(old, current) {
            let there = current.only_at(node);
            let opened = self.open_at(&there, &versions, revocation).await;
            let opened = opened.map_err(|error| match error {
                TargetError::Unreachable(_) | TargetError::InvalidSecret(_) => {
                    errors::left_out(&node.place())
                }
                error => error,
            })?;
            for session in opened {
                // It may have another name now.
                if !is_among(&session, &sessions).await? {
                    left_out = Some(node.clone());
                    sessions.push(session);
                }
            }
        }
        let nodes = self.lock_all(sessions, current).await?;
        Ok(Seized { nodes, left_out })
    }

    /// Connections that are older than the switch. Which of the two passwords one came with is not known; a
    /// younger one that came with the old password is not counted.
    async fn sessions(
        &self,
        seized: &mut Seized,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        let username = versions(revocation)?.current.username;
        let mut count = 0;
        for node in seized.all_are_current()? {
            let clients = clients::of_user(&node.session, &username).await?;
            count += clients.iter().filter(|it| is_older(it, revocation)).count();
        }
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    async fn revoke(
        &self,
        seized: &mut Seized,
        revocation: Revocation<'_>,
    ) -> Result<u32, TargetError> {
        let nodes = seized.all_are_current()?;
        let Versions {
            old,
            current,
            kinship,
        } = versions(revocation)?;
        if kinship == Kinship::Same {
            return Err(invalid(
                "the old version has the password of AWSCURRENT, which stays",
            ));
        }
        self.prove(&current, &current, Whose::Current).await?;
        all_are_named(nodes, &current).await?;
        let username = &current.username;
        for node in nodes {
            let clients = clients::of_user(&node.session, username).await?;
            // Its age says nothing: it may have come back since the switch, with the old password.
            if clients.iter().any(clients::Client::is_configured) {
                return Err(errors::followed_as(node.session.place(), username));
            }
        }
        let old = Hash::of(&old.password);
        change_all(nodes, username, &Change::Without(&old)).await
    }

    /// One login at every node that the value or the current version names. That a value is the current one, or
    /// is to be, is proved by all of them; that it is dead, by all of them too.
    async fn try_login(
        &self,
        value: &SecretValue,
        moment: Moment<'_>,
    ) -> Result<Answer, TargetError> {
        let secret = UserSecret::parse(value)?;
        let current = UserSecret::parse(moment.current);
        let kin = current.and_then(|current| {
            let kinship = kinship::of(&secret, &current)?;
            Ok(match kinship {
                Kinship::Same => (kinship, current),
                Kinship::Separate | Kinship::Replaced => (kinship, current.also_at(&secret)),
            })
        });
        // Without a current version of the same credential, the value's own nodes are all there are.
        let (kinship, at) = match &kin {
            Ok((kinship, at)) => (*kinship, at),
            Err(_) => (Kinship::Same, &secret),
        };
        let (mut accepted, mut refused) = (false, false);
        for login in logins(at, &secret, Whose::Version) {
            match self.try_open(&login).await {
                Ok(_) => accepted = true,
                Err(unopened) if unopened.refused => refused = true,
                Err(unopened) => return Err(unopened.error),
            }
        }
        Ok(match (accepted, refused, kinship) {
            (true, false, _) | (true, true, Kinship::Separate | Kinship::Replaced) => {
                Answer::Accepted
            }
            _ => Answer::Refused,
        })
    }

    async fn restore(
        &self,
        Seized { nodes, .. }: &mut Seized,
        revocation: Revocation<'_>,
    ) -> Result<(), TargetError> {
        let Versions { old, current, .. } = versions(revocation)?;
        let hash = Hash::of(&old.password);
        change_all(nodes, &current.username, &Change::With(&hash)).await?;
        Ok(())
    }
}

/// Whether a connection was there before the last rotation was over.
fn is_older(client: &clients::Client, revocation: Revocation<'_>) -> bool {
    let since = |switched_at| revocation.now.saturating_sub(switched_at);
    revocation
        .switched_at
        .map(since)
        .is_none_or(|since| client.age > since)
}
