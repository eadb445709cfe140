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
pub(super) async fn take(
    session: &Session,
    username: &str,
    bounds: &Bounds,
    as_oneself: bool,
) -> Result<(), TargetError> {
    if session.replica {
        return Err(errors::read_replica(session.place()));
    }
    session.run(&opening(username, bounds, as_oneself)).await
}

/// Makes the changes and commits them, and goes on in a new transaction that holds the same lock.
///
/// The session has the lock for itself while it is between the two, so that nobody else gets it there. It
/// gets there and away in one message: a process that stops has the lock in a transaction, from which the
/// server takes it back.
pub(super) async fn commit_and_keep(
    session: &Session,
    changes: &str,
    username: &str,
    bounds: &Bounds,
    as_oneself: bool,
) -> Result<(), TargetError> {
    let key = key(username);
    let opening = opening(username, bounds, as_oneself);
    let statements = format!(
        "{changes};
         SELECT pg_advisory_lock({key});
         COMMIT;
         {opening};
         SELECT pg_advisory_unlock({key})"
    );
    session.run(&statements).await
}

/// Names are looked up in the catalog only: the superuser works in a database in which the user may have
/// made functions of the same names. What the user's own settings would spoil is set for the transaction:
/// a read-only default, another role, a commit that does not wait for the disk.
fn opening(username: &str, bounds: &Bounds, as_oneself: bool) -> String {
    let oneself = if as_oneself {
        "SET LOCAL ROLE NONE;"
    } else {
        ""
    };
    format!(
        "BEGIN READ WRITE;
         SET LOCAL search_path = pg_catalog, pg_temp;
         {oneself}
         SET LOCAL synchronous_commit = on;
         SET LOCAL lock_timeout = {};
         SET LOCAL statement_timeout = {};
         SET LOCAL idle_in_transaction_session_timeout = {};
         SELECT pg_advisory_xact_lock({})",
        bounds.lock.as_millis(),
        bounds.statement.as_millis(),
        bounds.idle.as_millis(),
        key(username),
    )
}

fn key(username: &str) -> String {
    let name = literal(&format!("rekey:{}", base(username)));
    format!("hashtextextended({name}, 0)")
}
