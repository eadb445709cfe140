use rekey_rotation::TargetError;

use super::bounds::Bounds;
use super::errors;
use super::names::base;
use super::quote::literal;
use super::session::Session;

/// Opens the transaction that will hold the change and takes the lock of the user's base role in it.
///
/// The lock is an advisory one, so that the single user needs no permission for it. Such locks belong to
/// a database: everybody takes this one in the secret's `dbname`.
///
/// Names are looked up in the catalog only: the superuser works in a database in which the user may have
/// made functions of the same names. What the user's own settings would spoil is set for the transaction:
/// a read-only default, another role, a commit that does not wait for the disk.
pub(super) async fn take(
    session: &Session,
    username: &str,
    bounds: &Bounds,
    as_oneself: bool,
) -> Result<(), TargetError> {
    if session.replica {
        return Err(errors::read_replica(session.place()));
    }
    let key = literal(&format!("rekey:{}", base(username)));
    let oneself = if as_oneself {
        "SET LOCAL ROLE NONE;"
    } else {
        ""
    };
    let begin = format!(
        "BEGIN READ WRITE;
         SET LOCAL search_path = pg_catalog, pg_temp;
         {oneself}
         SET LOCAL synchronous_commit = on;
         SET LOCAL lock_timeout = {};
         SET LOCAL statement_timeout = {};
         SET LOCAL idle_in_transaction_session_timeout = {};
         SELECT pg_advisory_xact_lock(hashtextextended({key}, 0))",
        bounds.lock.as_millis(),
        bounds.statement.as_millis(),
        bounds.idle.as_millis(),
    );
    session.run(&begin).await
}
