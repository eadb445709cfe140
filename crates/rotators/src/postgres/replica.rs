use std::time::Duration;

use rekey_rotation::TargetError;

use super::errors;
use super::session::Session;
use crate::object::invalid;

/// The first wait for a read replica; each next one is twice as long, up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Names in full: the superuser asks in a database in which the user may have made functions of the same
/// names, and set a search path that finds those first.
const IDENTITY: &str = "SELECT pg_catalog.pg_is_in_recovery(),
    (SELECT system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system())";

/// How long to wait between one look at a replica and the next.
pub(super) fn waits() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(FIRST_WAIT), |wait| Some((*wait * 2).min(LONGEST_WAIT)))
}

/// Checks that `replica` follows `primary`: it is in recovery, the other is not, and both have the
/// identifier that a cluster is given when it is made.
///
/// Both servers are asked, so no permission at AWS's side is needed, and it is true of any replica.
pub(super) async fn check(replica: &Session, primary: &Session) -> Result<(), TargetError> {
    let (follows, one) = identity(replica).await?;
    let (also_follows, other) = identity(primary).await?;
    if also_follows {
        return Err(errors::read_replica(primary.place()));
    }
    if follows && one == other {
        return Ok(());
    }
    Err(invalid(format!(
        "{} is neither the server of the superuser secret ({}) nor a read replica of it; write `host` and `port` alike in both secrets, or let the user's name a replica of the superuser's",
        replica.place(),
        primary.place()
    )))
}

async fn identity(session: &Session) -> Result<(bool, String), TargetError> {
    let row = session.row(IDENTITY, &[]).await?;
    match (row.try_get(0), row.try_get(1)) {
        (Ok(in_recovery), Ok(identifier)) => Ok((in_recovery, identifier)),
        _ => Err(errors::unexpected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_asked_at_least_once_a_second() {
        let waits: Vec<u128> = waits().map(|wait| wait.as_millis()).take(7).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000, 1000]);
    }
}
