use std::collections::BTreeSet;
use std::time::Duration;

use rekey_rotation::TargetError;
use tokio::time::{Instant, sleep};

use super::errors;
use super::quote::identifier;
use super::session::Session;

/// The first wait for sessions to end; each next one is twice as long, up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// How long after the last session was seen it is looked again: a login that was on its way when the
/// password went shows only when it is through.
const SECOND_LOOK: Duration = Duration::from_millis(100);

/// What applications hold open. Workers of the server run as a role without its credential. Who is not a
/// member of the role is not told of what kind a process is.
const OF_ROLE: &str = "
    FROM pg_stat_activity
    WHERE usename = $1 AND pid <> pg_backend_pid()
      AND coalesce(backend_type, 'client backend') IN ('client backend', 'walsender')";

/// Whether the one who asks may end sessions of `$1` as it is.
const RIGHTS: &str = "
    SELECT m.rolname::text, m.rolinherit,
        m.rolsuper OR pg_has_role(m.oid, s.oid, 'USAGE')
            OR coalesce((SELECT pg_has_role(m.oid, r.oid, 'USAGE')
                         FROM pg_roles r WHERE r.rolname = $1), false)
    FROM pg_roles m, pg_roles s
    WHERE m.rolname = current_user AND s.rolname = 'pg_signal_backend'";

/// By what right sessions of a role are ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Right {
    /// It is there: a superuser's, a member's, or that of `pg_signal_backend`.
    Own,
    /// Whoever may administer the role makes itself a member for the moment, in a transaction that is
    /// never committed. The statement that does it.
    Borrowed(String),
}

/// How many sessions of `role` are open.
pub(super) async fn count(session: &Session, role: &str) -> Result<u32, TargetError> {
    let rows = look(session, &format!("SELECT pid {OF_ROLE}"), role).await?;
    u32::try_from(rows.len()).map_err(|_| errors::unexpected())
}

/// By what right the sessions of `role` can be ended here, if they can.
///
/// # Errors
/// `permission`, with the statement that grants it, when they cannot and some are open.
pub(super) async fn right_to_end(session: &Session, role: &str) -> Result<Right, TargetError> {
    let row = session.row(RIGHTS, &[role]).await?;
    let (name, inherits): (String, bool) = match (row.try_get(0), row.try_get(1)) {
        (Ok(name), Ok(inherits)) => (name, inherits),
        _ => return Err(errors::unexpected()),
    };
    if row.try_get(2).map_err(|_| errors::unexpected())? {
        return Ok(Right::Own);
    }
    let modern = session.major >= 16;
    let admin = identifier(&name);
    if !session.replica {
        let options = if modern {
            format!(" WITH INHERIT TRUE, SET FALSE GRANTED BY {admin}")
        } else {
            String::new()
        };
        let borrow = format!("GRANT {} TO {admin}{options}", identifier(role));
        if lends(session, &borrow, role).await? {
            return Ok(Right::Borrowed(borrow));
        }
    }
    let open = count(session, role).await?;
    if open == 0 {
        return Ok(Right::Own);
    }
    let mut statements = Vec::new();
    if !modern && !inherits {
        statements.push(format!("ALTER ROLE {admin} INHERIT;"));
    }
    let options = if modern { " WITH INHERIT TRUE" } else { "" };
    statements.push(format!("GRANT pg_signal_backend TO {admin}{options};"));
    Err(TargetError::Permission(format!(
        "{} has sessions open at {} ({open}), and the role of the superuser secret, {admin}, may not end them; nothing was changed; as a superuser: {}",
        identifier(role),
        session.place(),
        statements.join(" ")
    )))
}

/// Tries out whether a membership can be borrowed, and is enough.
async fn lends(session: &Session, borrow: &str, role: &str) -> Result<bool, TargetError> {
    let granted = session.run(&format!("SAVEPOINT borrowed; {borrow}")).await;
    let enough = match granted {
        Ok(()) => {
            let row = session.row(RIGHTS, &[role]).await?;
            row.try_get(2).map_err(|_| errors::unexpected())?
        }
        Err(TargetError::Permission(_) | TargetError::Internal(_)) => false,
        Err(other) => return Err(other),
    };
    session.run("ROLLBACK TO SAVEPOINT borrowed").await?;
    Ok(enough)
}

/// Ends the sessions of `role` and waits until they are gone, `bound` at most. Returns how many there were.
pub(super) async fn end(
    session: &Session,
    role: &str,
    right: &Right,
    bound: Duration,
) -> Result<u32, TargetError> {
    let Right::Borrowed(borrow) = right else {
        return end_by_own_right(session, role, bound).await;
    };
    session
        .run(&format!("SAVEPOINT borrowed; {borrow}"))
        .await?;
    let ended = end_by_own_right(session, role, bound).await;
    session.run("ROLLBACK TO SAVEPOINT borrowed").await?;
    ended
}

async fn end_by_own_right(
    session: &Session,
    role: &str,
    bound: Duration,
) -> Result<u32, TargetError> {
    let query = format!("SELECT pid, pg_terminate_backend(pid) {OF_ROLE}");
    let deadline = Instant::now() + bound;
    let mut ended: BTreeSet<i32> = BTreeSet::new();
    let mut wait = FIRST_WAIT;
    let mut none_seen = false;
    loop {
        let rows = look(session, &query, role).await?;
        for row in &rows {
            ended.insert(row.try_get(0).map_err(|_| errors::unexpected())?);
        }
        match (rows.is_empty(), none_seen) {
            (true, true) => return u32::try_from(ended.len()).map_err(|_| errors::unexpected()),
            (true, false) => sleep(SECOND_LOOK).await,
            (false, _) if Instant::now() >= deadline => {
                return Err(TargetError::Busy(format!(
                    "sessions of {} at {} were told to end and are still there after {} s ({}); they are told again when this is repeated",
                    identifier(role),
                    session.place(),
                    bound.as_secs_f32(),
                    rows.len(),
                )));
            }
            (false, _) => {
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
        none_seen = rows.is_empty();
    }
}

/// Asks who is there now: inside a transaction the server would go on saying who was there at first.
async fn look(
    session: &Session,
    query: &str,
    role: &str,
) -> Result<Vec<tokio_postgres::Row>, TargetError> {
    let role = [role];
    let (cleared, rows) = tokio::join!(
        session.run("SELECT pg_stat_clear_snapshot()"),
        session.rows(query, &role),
    );
    cleared?;
    rows
}
