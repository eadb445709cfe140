use std::collections::BTreeMap;
use std::time::Duration;

use rekey_rotation::TargetError;

use super::errors;
use super::server::Engine;
use super::session::Session;
use crate::object::invalid;

/// The first wait for a read replica; each next one is twice as long, up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// How long to wait between one look at a replica and the next.
pub(super) fn waits() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(FIRST_WAIT), |wait| Some((*wait * 2).min(LONGEST_WAIT)))
}

/// Checks that `replica` follows `primary`: it takes no changes, and the server that it says it follows is
/// the other one. Both are sessions of the superuser.
///
/// MySQL has an identifier for each server. MariaDB has a number that people give, so what the replica has
/// fetched must be what the other one has written, too.
pub(super) async fn check(replica: &mut Session, primary: &mut Session) -> Result<(), TargetError> {
    if primary.read_only {
        return Err(errors::read_replica(primary.place()));
    }
    let follows = replica.read_only
        && match primary.server.engine {
            Engine::MariaDb => follows_mariadb(replica, primary).await?,
            Engine::MySql => follows_mysql(replica, primary).await?,
        };
    if follows {
        return Ok(());
    }
    Err(invalid(format!(
        "{} is neither the server of the superuser secret ({}) nor a read replica that follows it; write `host` and `port` alike in both secrets, or let the user's name a replica of the superuser's",
        replica.place(),
        primary.place()
    )))
}

async fn follows_mariadb(
    replica: &mut Session,
    primary: &mut Session,
) -> Result<bool, TargetError> {
    let status = match replica.record("SHOW SLAVE STATUS").await {
        // RDS's master user may not, and has a procedure that may.
        Err(TargetError::Permission(text)) => replica
            .record("CALL mysql.rds_replica_status")
            .await
            .map_err(|_| TargetError::Permission(text))?,
        other => other?,
    };
    let follows = status.get("Master_Server_Id");
    let fetched = status.get("Gtid_IO_Pos").map_or("", String::as_str);
    let written = primary
        .row("SELECT @@GLOBAL.server_id, @@GLOBAL.gtid_current_pos")
        .await?;
    let [server, position] = written.as_slice() else {
        return Err(errors::unexpected());
    };
    Ok(follows.is_some()
        && follows == server.as_ref()
        && is_behind(fetched, position.as_deref().unwrap_or_default()))
}

async fn follows_mysql(replica: &mut Session, primary: &mut Session) -> Result<bool, TargetError> {
    let followed = replica
        .column("SELECT SOURCE_UUID FROM performance_schema.replication_connection_status")
        .await?;
    let server = primary.row("SELECT @@GLOBAL.server_uuid").await?;
    let uuid = server.first().and_then(Option::as_ref);
    Ok(uuid.is_some_and(|uuid| followed.contains(uuid)))
}

/// Whether each of the replica's positions (`0-1-42`) is one that the primary has passed.
fn is_behind(replica: &str, primary: &str) -> bool {
    let (replica, primary) = (positions(replica), positions(primary));
    replica
        .iter()
        .all(|(domain, at)| primary.get(domain).is_some_and(|passed| at <= passed))
}

/// How far each domain is.
fn positions(text: &str) -> BTreeMap<&str, u64> {
    let each = text.split(',').filter_map(|position| {
        let mut parts = position.trim().split('-');
        let (domain, number) = (parts.next()?, parts.nth(1)?);
        Some((domain, number.parse().ok()?))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_asked_at_least_once_a_second() {
        let waits: Vec<u128> = waits().map(|wait| wait.as_millis()).take(7).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000, 1000]);
    }

    #[test]
    fn a_replica_has_fetched_only_what_its_primary_has_written() {
        for (replica, primary, behind) in [
            ("0-1-42", "0-1-42", true),
            ("0-1-41", "0-2-42", true),
            ("0-1-43", "0-1-42", false),
            ("0-1-1,7-9-3", "0-1-5,7-9-3", true),
            ("0-1-1,7-9-3", "0-1-5", false),
            ("", "0-1-5", true),
        ] {
            assert_eq!(is_behind(replica, primary), behind, "{replica} {primary}");
        }
    }
}
