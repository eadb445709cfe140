//! A server's door for a kind that is changed elsewhere: a login, and the connections that it can end.

use rekey_rotation::{Login as Answer, SecretValue, TargetError};

use super::bounds::Bounds;
use super::clients;
use super::secret::Node;
use super::session::{Login, Session};
use crate::trust::Trust;
use crate::whose::Whose;

/// Where somebody logs in, and as whom.
pub(crate) struct Door<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) username: &'a str,
    pub(crate) tls: bool,
    pub(crate) trust: &'a Trust,
    pub(crate) bounds: &'a Bounds,
}

impl Door<'_> {
    /// What the server answers to this password.
    pub(crate) async fn knock(&self, password: &SecretValue) -> Result<Answer, TargetError> {
        match Box::pin(self.open(password)).await {
            Ok(_) => Ok(Answer::Accepted),
            Err(unopened) if unopened.refused => Ok(Answer::Refused),
            Err(unopened) => Err(unopened.error),
        }
    }

    /// How many connections of the user there are that `counts` counts by their age in seconds. Refused as
    /// `permission` to a user that may not look at them, or may not end them.
    pub(crate) async fn count(
        &self,
        password: &SecretValue,
        counts: impl Fn(i64) -> bool,
    ) -> Result<u32, TargetError> {
        let session = Box::pin(self.open(password)).await.map_err(|it| it.error)?;
        let clients = clients::of_user(&session, self.username).await?;
        let own = clients::id(&session).await?;
        let _none: u32 = session.ask(&clients::end_but_own(own)).await?;
        let count = clients.iter().filter(|it| counts(it.age)).count();
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Ends every connection of the user but this one; returns how many there were.
    pub(crate) async fn end_all(&self, password: &SecretValue) -> Result<u32, TargetError> {
        let session = Box::pin(self.open(password)).await.map_err(|it| it.error)?;
        session.ask(&clients::end_of_user(self.username)).await
    }

    async fn open(&self, password: &SecretValue) -> Result<Session, super::session::Unopened> {
        let node = Node {
            host: self.host.to_owned(),
            port: self.port,
        };
        let login = Login {
            node: &node,
            username: self.username,
            password,
            tls: self.tls,
            whose: Whose::Version,
        };
        Session::open(&login, self.trust, self.bounds).await
    }
}
