//! Every node of a secret: they share no users, so what is done is done at each.

use redis::Cmd;
use rekey_rotation::{SecretValue, TargetError};
use tokio::time::Instant;

use super::bounds::Bounds;
use super::clients;
use super::lock;
use super::persistence::Persistence;
use super::rotator::Redis;
use super::secret::UserSecret;
use super::session::{Login, Session};
use super::topology::are_apart;
use super::user::{self, Hash, User};
use crate::object::invalid;
use crate::whose::Whose;

/// One node at which the lock is held.
pub(super) struct Locked {
    pub(super) session: Session,
    persistence: Persistence,
}

/// What is to become of a user's passwords at every node.
pub(super) enum Change<'a> {
    /// These, and no others.
    Exactly(&'a [Hash]),
    /// This one too.
    With(&'a Hash),
    /// Not this one any more, nor a connection that may have come with it.
    Without(&'a Hash),
}

pub(super) fn logins<'a>(
    at: &'a UserSecret,
    who: &'a UserSecret,
    whose: Whose,
) -> impl Iterator<Item = Login<'a>> {
    at.nodes.iter().map(move |node| Login {
        node,
        username: &who.username,
        password: &who.password,
        tls: at.tls,
        whose,
    })
}

impl Redis {
    /// Logs in at every node and goes again.
    pub(super) async fn prove(
        &self,
        at: &UserSecret,
        who: &UserSecret,
        whose: Whose,
    ) -> Result<(), TargetError> {
        for login in logins(at, who, whose) {
            self.open(&login).await?;
        }
        Ok(())
    }

    /// Logs in at every node as whoever makes the change there: the superuser.
    pub(super) async fn open_superuser(
        &self,
        current: &UserSecret,
        superuser: Option<&SecretValue>,
    ) -> Result<Vec<Session>, TargetError> {
        let superuser = superuser.ok_or_else(|| {
            TargetError::Internal("the superuser secret was not given".to_owned())
        })?;
        let superuser = UserSecret::parse_superuser(superuser)?;
        if let Some(strange) = current
            .nodes
            .iter()
            .find(|node| !superuser.nodes.contains(node))
        {
            return Err(invalid(format!(
                "the superuser secret does not name {}, so its password is not sent there; write every node of the user's secret into `host`, `port` and `nodes` of the superuser secret too",
                strange.place()
            )));
        }
        let mut sessions = Vec::new();
        for login in logins(current, &superuser, Whose::Superuser) {
            let login = Login {
                tls: superuser.tls,
                ..login
            };
            sessions.push(self.open(&login).await?);
        }
        Ok(sessions)
    }

    /// Takes the lock at every node, in one order, and asks how each keeps its users. Changes nothing.
    pub(super) async fn lock_all(
        &self,
        sessions: Vec<Session>,
        secret: &UserSecret,
    ) -> Result<Vec<Locked>, TargetError> {
        are_apart(&sessions).await?;
        let Bounds { lock, idle, .. } = self.config.bounds;
        let deadline = Instant::now() + lock;
        let mut locked = Vec::with_capacity(sessions.len());
        for session in sessions {
            lock::take(&session, &secret.username, idle, deadline).await?;
            let persistence = Persistence::of(&session, secret.persist).await?;
            locked.push(Locked {
                session,
                persistence,
            });
        }
        Ok(locked)
    }
}

/// Makes a change at every node, in their order, and has each keep it. Returns how many connections were
/// ended.
///
/// Every node is asked first, so that a lock that was lost, a right that is missing or a file that cannot be
/// written is found before anything has changed.
pub(super) async fn change_all(
    nodes: &[Locked],
    username: &str,
    change: &Change<'_>,
) -> Result<u32, TargetError> {
    let users = rehearse_all(nodes, username).await?;
    for node in nodes {
        node.persistence.keep(&node.session).await?;
    }
    let mut ended = 0_u32;
    for (node, user) in nodes.iter().zip(&users) {
        ended = ended.saturating_add(change_one(node, username, user, change).await?);
    }
    Ok(ended)
}

async fn change_one(
    Locked {
        session,
        persistence,
    }: &Locked,
    username: &str,
    user: &User,
    change: &Change<'_>,
) -> Result<u32, TargetError> {
    let command = match change {
        Change::Exactly(hashes) => user.exactly(username, hashes),
        Change::With(hash) => user.with(username, hash),
        Change::Without(hash) => user.without(username, hash),
    };
    let mut ended = 0;
    if matches!(change, Change::Without(_)) {
        // In one transaction: who comes after it comes with a password that stays.
        let both: Vec<Cmd> = command
            .into_iter()
            .chain([clients::end_of_user(username)])
            .collect();
        let answer = session.transaction(&both).await?.pop();
        ended = clients::count(answer)?;
    } else if let Some(command) = command {
        session.ask::<()>(&command).await?;
    }
    persistence.keep(session).await?;
    Ok(ended)
}

/// Has every node check that the change would be allowed there, and make none of it.
pub(super) async fn rehearse_all(
    nodes: &[Locked],
    username: &str,
) -> Result<Vec<User>, TargetError> {
    let mut users = Vec::with_capacity(nodes.len());
    for node in nodes {
        users.push(User::rotatable(&node.session, username).await?);
        let mut commands = vec![
            user::set_user(username, &[]),
            clients::end_of_user(username),
        ];
        commands.extend(node.persistence.command());
        node.session.rehearse(&commands).await?;
    }
    Ok(users)
}
