//! What servers tell of each other: whether two names are one server, and whether there are more of them than the
//! secret names. Servers know each other by other names than the secret may have, so they are counted.

use rekey_rotation::TargetError;

use super::errors;
use super::nodes::Locked;
use super::secret::UserSecret;
use super::session::Session;

/// What a server tells of itself and of those that follow it.
///
/// Source: [Redis, INFO](https://redis.io/docs/latest/commands/info/).
#[derive(Debug, Eq, PartialEq)]
struct About {
    /// Another one at each start, and at each server.
    run_id: String,
    replica: bool,
    /// How many replicas are connected to it.
    followers: usize,
    clustered: bool,
}

impl About {
    async fn of(session: &Session) -> Result<Self, TargetError> {
        let answer: String = session.ask(&redis::cmd("INFO")).await?;
        Self::read(&answer).ok_or_else(errors::unexpected)
    }

    fn read(answer: &str) -> Option<Self> {
        Some(Self {
            run_id: field(answer, "run_id")?.to_owned(),
            replica: field(answer, "role")? == "slave",
            followers: field(answer, "connected_slaves")?.parse().ok()?,
            clustered: field(answer, "cluster_enabled")? == "1",
        })
    }
}

fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = answer.lines().filter_map(|line| line.split_once(':'));
    fields
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.trim_end())
}

/// Checks that no two of these sessions are at one server: it would wait there for its own lock.
pub(super) async fn are_apart(sessions: &[Session]) -> Result<(), TargetError> {
    if sessions.len() < 2 {
        return Ok(());
    }
    let mut seen: Vec<(String, &str)> = Vec::with_capacity(sessions.len());
    for session in sessions {
        let run_id = About::of(session).await?.run_id;
        if let Some((_, other)) = seen.iter().find(|(other, _)| *other == run_id) {
            return Err(errors::one_server(other, session.place()));
        }
        seen.push((run_id, session.place()));
    }
    Ok(())
}

/// Whether one of `sessions` is at the server of this one.
pub(super) async fn is_among(session: &Session, sessions: &[Session]) -> Result<bool, TargetError> {
    let run_id = About::of(session).await?.run_id;
    for other in sessions {
        if About::of(other).await?.run_id == run_id {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Checks that the servers know of no more of them than the secret names, unless it says that there are more.
pub(super) async fn all_are_named(
    nodes: &[Locked],
    secret: &UserSecret,
) -> Result<(), TargetError> {
    if !secret.all_nodes {
        return Ok(());
    }
    let (mut replicas, mut followers) = (0_usize, 0_usize);
    for Locked { session, .. } in nodes {
        let about = About::of(session).await?;
        replicas = replicas.saturating_add(usize::from(about.replica));
        followers = followers.saturating_add(about.followers);
        if about.clustered {
            let known = known_nodes(session).await?;
            if known > nodes.len() {
                return Err(errors::nodes_unnamed(session.place(), known, nodes.len()));
            }
        }
    }
    if followers > replicas {
        return Err(errors::replicas_unnamed(followers, replicas));
    }
    match nodes.first() {
        Some(first) if replicas == nodes.len() => {
            Err(errors::primary_unnamed(first.session.place()))
        }
        _ => Ok(()),
    }
}

/// How many nodes the server's cluster has, itself and those that are down among them.
///
/// Source: [Redis, CLUSTER INFO](https://redis.io/docs/latest/commands/cluster-info/).
async fn known_nodes(session: &Session) -> Result<usize, TargetError> {
    let mut command = redis::cmd("CLUSTER");
    command.arg("INFO");
    let answer: String = session.ask(&command).await?;
    let known = field(&answer, "cluster_known_nodes").and_then(|known| known.parse().ok());
    known.ok_or_else(errors::unexpected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_tells_of_itself_is_read() {
        let answer = "# Server\r\nrun_id:5dff\r\n\r\n# Replication\r\nrole:slave\r\nmaster_host:::1\r\n\
                      connected_slaves:2\r\n# Cluster\r\ncluster_enabled:1\r\n";
        let expected = About {
            run_id: "5dff".to_owned(),
            replica: true,
            followers: 2,
            clustered: true,
        };
        assert_eq!(About::read(answer), Some(expected));
        let alone = answer
            .replace("slave\r", "master\r")
            .replace(":1\r", ":0\r");
        let alone = About::read(&alone).unwrap();
        assert!(!alone.replica && !alone.clustered);
        for field in ["run_id", "role", "connected_slaves", "cluster_enabled"] {
            assert_eq!(About::read(&answer.replace(field, "x")), None, "{field}");
        }
    }
}
