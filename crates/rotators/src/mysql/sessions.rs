use std::collections::BTreeSet;
use std::time::Duration;

use rekey_rotation::TargetError;
use tokio::time::{Instant, sleep};

use super::administrator::{self, Administrator};
use super::bounds::Bounds;
use super::errors;
use super::errors::code;
use super::quote::{identifier, literal};
use super::session::Session;

/// The first wait for sessions to end; each next one is twice as long, up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// How many sessions of `user` are open.
pub(super) async fn count(session: &mut Session, user: &str) -> Result<u32, TargetError> {
    let admin = Administrator::read(session).await?;
    if !admin.sees_sessions() {
        return Err(administrator::blind(&admin, user));
    }
    let open = ids(session, user).await?.len();
    u32::try_from(open).map_err(|_| errors::unexpected())
}

/// Checks that the sessions of `user` can be ended here; gives who may.
///
/// # Errors
/// `permission`, with the statement that grants it, when they cannot and some are open.
pub(super) async fn right_to_end(
    session: &mut Session,
    user: &str,
) -> Result<Administrator, TargetError> {
    let admin = Administrator::read(session).await?;
    if !admin.sees_sessions() {
        return Err(administrator::blind(&admin, user));
    }
    if admin.ends_sessions() {
        return Ok(admin);
    }
    let open = ids(session, user).await?.len();
    if open == 0 {
        return Ok(admin);
    }
    Err(TargetError::Permission(format!(
        "{} has sessions open at {} ({open}), and the account of the superuser secret may not end them; nothing was changed; as an administrator: {}",
        identifier(user),
        session.place(),
        admin.to_end_sessions()
    )))
}

/// Ends the sessions of `user` and waits until they are gone, within its bound. Returns how many there were.
pub(super) async fn end(
    session: &mut Session,
    user: &str,
    admin: &Administrator,
    bounds: &Bounds,
) -> Result<u32, TargetError> {
    let deadline = Instant::now() + bounds.ending;
    let mut ended: BTreeSet<String> = BTreeSet::new();
    let mut wait = FIRST_WAIT;
    let mut none_seen = false;
    loop {
        let open = ids(session, user).await?;
        for id in &open {
            if !ended.contains(id) {
                kill(session, id, admin).await?;
                ended.insert(id.clone());
            }
        }
        match (open.is_empty(), none_seen) {
            (true, true) => return u32::try_from(ended.len()).map_err(|_| errors::unexpected()),
            (true, false) => sleep(bounds.second_look).await,
            (false, _) if Instant::now() >= deadline => {
                return Err(TargetError::Busy(format!(
                    "sessions of {} at {} were told to end and are still there after {} s ({}); they are told again when this is repeated",
                    identifier(user),
                    session.place(),
                    bounds.ending.as_secs_f32(),
                    open.len(),
                )));
            }
            (false, _) => {
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
        none_seen = open.is_empty();
    }
}

async fn kill(session: &mut Session, id: &str, admin: &Administrator) -> Result<(), TargetError> {
    let killed = session.try_run(&format!("KILL CONNECTION {id}")).await;
    let killed = match killed {
        Err(failed) if failed.code == Some(code::KILL_DENIED) && admin.rds_kill => {
            session.try_run(&format!("CALL mysql.rds_kill({id})")).await
        }
        other => other,
    };
    match killed {
        // It ended by itself.
        Err(failed) if failed.code == Some(code::NO_THREAD) => Ok(()),
        other => other.map_err(|failed| failed.error),
    }
}

/// Numbers of sessions. The view compares names without regard to case, and names are told apart by it.
async fn ids(session: &mut Session, user: &str) -> Result<Vec<String>, TargetError> {
    let query = format!(
        "SELECT ID FROM information_schema.PROCESSLIST WHERE BINARY USER = {} AND ID <> CONNECTION_ID()",
        literal(user)
    );
    session.column(&query).await
}
