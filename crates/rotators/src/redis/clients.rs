//! Connections that are open at a server.

use redis::{Cmd, Value};
use rekey_rotation::TargetError;

use super::errors;
use super::session::Session;

/// One connection, as `CLIENT LIST` tells.
///
/// Source: [Redis, CLIENT LIST](https://redis.io/docs/latest/commands/client-list/).
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Client {
    pub(super) id: u64,
    pub(super) name: String,
    /// How long it is open, in seconds.
    pub(super) age: i64,
    /// For how long it has sent nothing, in seconds.
    pub(super) idle: u64,
    /// Whether it is a replica that follows this server.
    pub(super) replica: bool,
    /// Whose it is. A connection that has not logged in counts as the default user's.
    pub(super) user: String,
}

impl Client {
    /// Whether it is one that comes back by itself, with the password that it was configured with: a replica, or
    /// a Sentinel, which gives its connections this name.
    ///
    /// Source: [Redis, Sentinel](https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/).
    pub(super) fn is_configured(&self) -> bool {
        self.replica || self.name.starts_with("sentinel-")
    }

    fn read(line: &str) -> Option<Self> {
        let field = |name: &str| {
            let mut fields = line.split(' ').filter_map(|field| field.split_once('='));
            fields.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        Some(Self {
            id: field("id")?.parse().ok()?,
            name: field("name")?.to_owned(),
            age: field("age")?.parse().ok()?,
            idle: field("idle")?.parse().ok()?,
            replica: field("flags")?.contains('S'),
            user: field("user")?.to_owned(),
        })
    }
}

/// The command that lists every connection.
pub(super) fn list() -> Cmd {
    let mut command = redis::cmd("CLIENT");
    command.arg("LIST");
    command
}

/// What [`list`] was answered within a transaction.
pub(super) fn read_last(mut answers: Vec<Value>) -> Result<Vec<Client>, TargetError> {
    let answer: Option<String> = answers
        .pop()
        .and_then(|it| redis::from_redis_value(it).ok());
    read(&answer.ok_or_else(errors::unexpected)?)
}

/// How many connections were ended, as [`end_of_user`] was answered.
pub(super) fn count(answer: Option<Value>) -> Result<u32, TargetError> {
    match answer {
        Some(Value::Int(count)) => u32::try_from(count).map_err(|_| errors::unexpected()),
        _ => Err(errors::unexpected()),
    }
}

/// What [`list`] was answered.
pub(super) fn read(answer: &str) -> Result<Vec<Client>, TargetError> {
    let lines = answer.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| Client::read(line).ok_or_else(errors::unexpected))
        .collect()
}

/// The connections of `username` but for this one.
pub(super) async fn of_user(session: &Session, username: &str) -> Result<Vec<Client>, TargetError> {
    let own = id(session).await?;
    let answer: String = session.ask(&list()).await?;
    let mut clients = read(&answer)?;
    clients.retain(|client| client.user == username && client.id != own);
    Ok(clients)
}

/// The number of this connection.
pub(super) async fn id(session: &Session) -> Result<u64, TargetError> {
    let mut command = redis::cmd("CLIENT");
    command.arg("ID");
    session.ask(&command).await
}

/// The command that ends every connection of `username` but for the one that sends it.
pub(super) fn end_of_user(username: &str) -> Cmd {
    let mut command = redis::cmd("CLIENT");
    command.arg("KILL").arg("USER").arg(username);
    command.arg("SKIPME").arg("yes");
    command
}

/// The command that ends one connection.
pub(super) fn end(id: u64) -> Cmd {
    let mut command = redis::cmd("CLIENT");
    command.arg("KILL").arg("ID").arg(id);
    command
}

/// The command that ends the connection that sends it, but for itself: none, if its user may end any.
#[cfg(feature = "elasticache")]
pub(super) fn end_but_own(id: u64) -> Cmd {
    let mut command = end(id);
    command.arg("SKIPME").arg("yes");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_servers_list_is_read() {
        let line = "id=3 addr=127.0.0.1:35978 laddr=127.0.0.1:17001 fd=8 name=rekey:x age=7 idle=2 flags=x \
                    db=0 sub=0 psub=0 multi=2 qbuf=14 events=r cmd=exec user=default redir=-1 resp=2\n";
        let expected = Client {
            id: 3,
            name: "rekey:x".to_owned(),
            age: 7,
            idle: 2,
            replica: false,
            user: "default".to_owned(),
        };
        assert_eq!(read(&format!("{line}\n")).unwrap(), [expected]);
        let replica = line.replace("flags=x", "flags=S");
        let sentinel = line.replace("name=rekey:x", "name=sentinel-69791a28-cmd");
        for (line, is) in [(line, false), (&replica, true), (&sentinel, true)] {
            assert!(
                read(line)
                    .unwrap()
                    .iter()
                    .all(|client| client.is_configured() == is)
            );
        }
        assert!(read("id=x").is_err());
        assert!(read("").unwrap().is_empty());
    }
}
