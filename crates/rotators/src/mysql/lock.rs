use rekey_rotation::TargetError;
use sha1::{Digest as _, Sha1};

use super::bounds::Bounds;
use super::errors;
use super::names::base;
use super::quote::literal;
use super::session::Session;

/// The most that a lock's name may have.
const LONGEST: usize = 64;

/// What a session is told before it works: how names and texts are written, and how long anything may take.
/// It says no word of what its own settings were. In comments with a number, what only one server knows.
const SETTINGS: &str = "SET NAMES utf8mb4, SESSION sql_mode = IF(VERSION() LIKE '%MariaDB%' OR VERSION() LIKE '5.%', 'NO_AUTO_CREATE_USER', ''), SESSION sql_quote_show_create = 1, SESSION autocommit = 1";

/// Sets the session up, and takes the lock of the user's base name in it.
///
/// The lock belongs to the session and ends with it, and only with it: a session that still answers has the
/// lock, and one that the server has ended, because it said nothing for too long or was killed, gets nothing
/// done any more. So no statement asks for the lock again. It is one for the whole server, and no privilege
/// is needed for it.
pub(super) async fn take(
    session: &mut Session,
    username: &str,
    bounds: &Bounds,
) -> Result<(), TargetError> {
    if session.read_only {
        return Err(errors::read_replica(session.place()));
    }
    prepare(session, bounds).await?;
    let taken = format!(
        "SELECT GET_LOCK({}, {})",
        literal(&name(username)),
        bounds.lock.as_secs_f32()
    );
    match session.row(&taken).await?.first() {
        Some(Some(answer)) if answer == "1" => Ok(()),
        Some(Some(_)) => Err(TargetError::Busy(format!(
            "another rotation of the same user holds its lock at {} and did not give it back within {} s; nothing was changed, and this is repeated later",
            session.place(),
            bounds.lock.as_secs_f32()
        ))),
        _ => Err(TargetError::Busy(format!(
            "{} could not give the lock; nothing was changed, and this is repeated later",
            session.place()
        ))),
    }
}

/// Sets a session up for work.
pub(super) async fn prepare(session: &mut Session, bounds: &Bounds) -> Result<(), TargetError> {
    let longest = bounds.statement.max(bounds.lock).as_secs_f32() + 1.0;
    session
        .run(&format!(
            "{SETTINGS}, SESSION wait_timeout = {}, SESSION lock_wait_timeout = {} /*M!100100 , SESSION max_statement_time = {longest} */ /*!80017 , SESSION print_identified_with_as_hex = ON */",
            bounds.idle.as_secs().max(1),
            bounds.lock.as_secs().max(1),
        ))
        .await
}

/// The lock's name, the same for both users of a pair.
pub(super) fn name(username: &str) -> String {
    let base = base(username);
    let name = format!("rekey:{base}");
    if name.len() <= LONGEST {
        return name;
    }
    let digest: [u8; 20] = Sha1::digest(base.as_bytes()).into();
    format!("rekey:{}", base16ct::lower::encode_string(&digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_users_have_one_lock_and_its_name_is_short_enough() {
        assert_eq!(name("app"), "rekey:app");
        assert_eq!(name("app_clone"), "rekey:app");
        let long = "ü".repeat(40);
        assert_eq!(name(&long), name(&format!("{long}_clone")));
        assert!(name(&long).len() <= LONGEST);
        assert_ne!(name(&long), name(&"ö".repeat(40)));
    }
}
