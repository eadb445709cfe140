use rekey_rotation::TargetError;

use super::errors;
use super::secret::invalid;
use super::session::Session;

const IDENTITY: &str =
    "SELECT pg_is_in_recovery(), (SELECT system_identifier::text FROM pg_control_system())";

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
